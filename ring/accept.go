package ring

// receiveToken applies strict acceptance (RNG-3, S3 to S7), which the
// representative obeys like everybody else. Every token that is not exactly
// the expected one changes nothing but a counter, unless it is the last one
// tried again: then mine may have been lost, and goes out again.
func (r *Ring) receiveToken(now Time, from Process, payload []byte) {
	t := &r.token
	if !t.parse(payload) {
		r.n.Malformed++
		r.traceToken(now, TraceTokenIn, from, TokenMalformed)
		return
	}
	in := r.turning()
	if in == nil || t.ring != in.id || from != in.predecessor().process {
		r.n.TokensForeign++
		r.traceToken(now, TraceTokenIn, from, TokenForeign)
		return
	}
	switch t.relate(in.lastTSeq, in.lastRetrans) {
	case tokenNext:
		if r.overslept(now, in) {
			r.n.TokensStale++
			r.traceToken(now, TraceTokenIn, from, TokenStale)
			return
		}
		if !in.plausible(t) {
			r.n.Malformed++
			r.traceToken(now, TraceTokenIn, from, TokenMalformed)
			return
		}
		r.n.TokensAccepted++
		r.traceToken(now, TraceTokenIn, from, TokenAccepted)
		r.acceptToken(now, in, t)
	case tokenAgain:
		in.lastRetrans = t.retrans
		r.traceToken(now, TraceTokenIn, from, TokenResend)
		if in.holding == nil && in.sent != nil && in.mayBeLost(now) {
			r.repeatToken(now, in)
		}
	case tokenRepeated:
		r.n.TokensDuplicate++
		r.traceToken(now, TraceTokenIn, from, TokenDuplicate)
	case tokenUnrelated:
		r.n.TokensStale++
		r.traceToken(now, TraceTokenIn, from, TokenStale)
	}
}

// plausible checks a token that is next for what a member that follows the
// protocol cannot have sent: positions below what is known, or beyond every
// window.
func (in *instance) plausible(t *token) bool {
	if t.seq < in.stable || t.seq < in.store.aru || t.seq-in.store.aru > 2*maxSlots || t.aru < in.stable {
		return false
	}
	if t.setter != nobody && int(t.setter) >= len(in.members) {
		return false
	}
	for i := range t.requests {
		q := &t.requests[i]
		if int(q.asker) >= len(in.members) || q.of != ofThisRing && int(q.of) >= len(in.members) {
			return false
		}
	}
	return true
}

// acceptToken takes the token. It is evidence that the ring lives.
func (r *Ring) acceptToken(now Time, in *instance, t *token) {
	if in.acceptedAt >= 0 {
		in.turned(now, now-in.acceptedAt)
	}
	in.acceptedAt = now
	in.lastTSeq, in.lastRetrans = t.tseq, t.retrans
	in.rest = holdOf(t)
	in.hurryAt = NoDeadline
	in.lossAt = now + r.t.loss
	in.resendAt = NoDeadline
	if r.state == Recovery {
		r.recoverVisit(now, in, t)
		return
	}
	if r.mayHold(in, t) {
		r.holdToken(now, in, t)
		return
	}
	r.visit(now, in, t)
}

// evidence restarts the timers of the token: a packet newly received shows
// that it got at least to a member after me, or into a later round. Nothing
// else restarts them, or a network that is late by seconds would hide a crash
// for as long (protocol rule 4).
func (r *Ring) evidence(now Time, in *instance, h *header) {
	if r.overslept(now, in) {
		return
	}
	if h.round > in.sentRound || h.round == in.sentRound && h.origin > in.self {
		in.lossAt = now + r.t.loss
		in.resendAt = NoDeadline
	}
}

// overslept tells that there was no evidence for twice the time after which the
// ring is lost: this member has stood still and now reads what has waited in
// its sockets. The token cannot have gone round without it, so the others have
// given the ring up. What it put in order now would reach nobody; it waits for
// the next ring instead (SCN-15). The loss timer is due, and fires next.
func (r *Ring) overslept(now Time, in *instance) bool { return now-in.lossAt >= r.t.loss }
