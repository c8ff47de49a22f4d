package ring

// Advance does what has become due. Call it at Deadline, or at any other time.
func (r *Ring) Advance(now Time) {
	if !r.begin(now) {
		return
	}
	r.recheck(now)
	switch r.state {
	case Operational:
		r.advanceOperational(now)
	case Gather:
		r.advanceGather(now)
	case Commit:
		r.advanceFormation(now)
	case Recovery:
		r.advanceFormation(now)
		if r.state == Recovery {
			r.advanceToken(now, r.next)
		}
	}
}

// advanceOperational is Advance in Operational.
func (r *Ring) advanceOperational(now Time) {
	in := r.cur
	if in.alone() {
		if in.holdUntil <= now {
			r.visitAlone(now)
		}
	} else {
		r.advanceToken(now, in)
	}
	switch {
	case r.state != Operational:
	case r.strangerReady(now, r.cur):
		r.enterGather(now)
	case now >= r.coalition.due(r.t):
		r.coalesce(now)
	}
}

// advanceToken runs the timers of a turning ring.
func (r *Ring) advanceToken(now Time, in *instance) {
	switch {
	case in.lossAt <= now:
		r.enterGather(now)
	case in.holdUntil <= now && in.holding != nil:
		r.release(now, in)
	case in.resendAt <= now:
		r.resendToken(now, in)
	case in.hurryAt <= now:
		r.sendHurry(now, in)
	}
}

// recheck ends isolation that has lasted long enough, and looks anew at links
// that have proved themselves.
func (r *Ring) recheck(now Time) {
	due := r.recheckAt <= now
	if r.isolated && r.isolatedUntil <= now {
		r.isolated, due = false, true
	}
	if !due {
		return
	}
	r.recheckAt = NoDeadline
	for i := range r.peers {
		if p := &r.peers[i]; p.mutual && p.provenAt(r.t) > now {
			r.recheckAt = min(r.recheckAt, p.provenAt(r.t))
		}
	}
	r.hearingChanged(now)
}

// Deadline is when Advance is next needed; NoDeadline if never.
func (r *Ring) Deadline() Time {
	if r.cur == nil {
		return 0
	}
	if r.left {
		return NoDeadline
	}
	d := r.recheckAt
	if r.isolated {
		d = min(d, r.isolatedUntil)
	}
	switch r.state {
	case Operational:
		d = min(d, r.cur.deadline(), r.merging.due(r.t), r.coalition.due(r.t))
	case Gather:
		d = min(d, r.gatherDeadline())
	case Commit:
		d = min(d, r.formation.againAt, r.formation.failAt)
	case Recovery:
		d = min(d, r.formation.againAt, r.formation.failAt, r.next.deadline())
	}
	return d
}
