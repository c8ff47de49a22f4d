package ring

// A ring of one has no token to pass: it is made when there is something to
// send, visited once, and forgotten.

// wantAlone lets the next Advance order what is waiting.
func (r *Ring) wantAlone(now Time) {
	if !r.lanes.empty() {
		r.cur.holdUntil = now
	}
}

// visitAlone orders what is waiting, at most a window of it.
func (r *Ring) visitAlone(now Time) {
	in := r.cur
	in.holdUntil = NoDeadline
	r.token = token{
		ring: in.id, tseq: in.lastTSeq, seq: in.store.high, aru: in.store.high, setter: nobody,
		fcc: in.fccMine, backlog: in.backlogMine, sizeLast: uint32(r.payload), sizeNow: uint32(r.payload),
		requests: r.token.requests[:0],
	}
	r.visit(now, in, &r.token)
	if r.state == Operational && r.cur == in {
		r.wantAlone(now)
	}
}

// resumeAlone ends a Gather that found nobody for a ring of one: nobody else
// was in it, so it is still whole and goes on.
func (r *Ring) resumeAlone(now Time) {
	r.barren, r.hop.open = 0, false
	r.notAdmitted(now, r.cur)
	r.merging, r.recheckAt = merging{from: now}, now+r.t.settle
	r.enter(now, Operational)
	r.wantAlone(now)
}
