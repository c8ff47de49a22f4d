package ring

import "time"

// An idle ring rests its token at the representative, which announces on one
// rotation that it means to hold the token on the next (protocol rule 4). Who
// gets something to send meanwhile says "hurry" until the token comes.
//
// A hurry packet: ring id 20, tseq 8 (the last token accepted).
const hurrySize = 28

// idleRotations is how many rotations nothing must have happened in.
const idleRotations = 2

// announceHold is the representative's: it decides whether the next token may
// rest, and says so on this one.
func (r *Ring) announceHold(in *instance, t *token, idle bool) {
	if !in.representative() {
		return
	}
	t.hold = 0
	if !idle {
		in.idleRounds = 0
		return
	}
	if in.idleRounds++; in.idleRounds > idleRotations {
		t.hold = uint32(r.t.hold / time.Microsecond)
	}
}

// mayHold tells whether the token just accepted rests here: it was announced,
// and still nobody has anything to do.
func (r *Ring) mayHold(in *instance, t *token) bool {
	return in.representative() && in.rest > 0 && r.idle(in, t) && !in.hurried
}

func (r *Ring) idle(in *instance, t *token) bool {
	return t.seq == t.aru && t.backlog == 0 && len(t.requests) == 0 &&
		r.lanes.empty() && in.store.aru == t.seq && in.stable == t.seq && in.delivered == t.seq
}

func (r *Ring) holdToken(now Time, in *instance, t *token) {
	held := *t
	held.requests = nil
	in.holding = &held
	in.holdUntil = now + r.t.hold
}

// release lets a held token go on its way.
func (r *Ring) release(now Time, in *instance) {
	t := in.holding
	in.holding = nil
	in.holdUntil = NoDeadline
	r.visit(now, in, t)
}

// wantToken is called when there is something to send: a token that rests is
// asked for, at once and then again until it comes.
func (r *Ring) wantToken(now Time) {
	in := r.cur
	switch {
	case r.state != Operational:
	case in.alone():
		in.holdUntil = now // the next Advance takes all that is submitted until then
	case in.holding != nil:
		in.holdUntil = now
	case in.rest > 0 && in.hurryAt == NoDeadline:
		in.hurryAt = now
	}
}

// sendHurry asks the representative for the token.
func (r *Ring) sendHurry(now Time, in *instance) {
	b := putU64(putRingID(r.room(hurrySize), in.id), in.lastTSeq)
	r.send(KindHurry, 0, true, b)
	in.hurryAt = now + clamp(2*in.smoothed, r.t.minResend, r.t.maxResend)
}

// receiveHurry lets the token go, or keeps it from resting next time.
func (r *Ring) receiveHurry(now Time, payload []byte) {
	rd := reader{b: payload}
	id, tseq := rd.ringID(), rd.u64()
	in := r.cur
	switch {
	case !rd.done():
		r.n.Malformed++
	case r.state != Operational || id != in.id || !in.representative() || tseq+1 < in.lastTSeq:
		// Another ring's, not mine to answer, or long past.
	case in.holding != nil:
		r.release(now, in)
	default:
		in.hurried = true
	}
}

// turned measures the rotation that ends with the token accepted now.
func (in *instance) turned(now Time, took time.Duration) {
	switch {
	case in.rest == 0:
		in.rotated(now, took)
	case took >= in.rest: // less: somebody wanted the token
		in.rested(took - in.rest)
	}
}

// holdOf is the hold a token announces.
func holdOf(t *token) time.Duration { return time.Duration(t.hold) * time.Microsecond }
