package ring

// merging is the representative's watch for strangers. A ring leaves
// Operational for them only when the token has shown that every member hears
// them and is heard by them, only if the same holds for all of the stranger's
// own ring (protocol rule 3), and only when the other side wants it too:
// otherwise the ring would break up for a union that cannot be formed, again
// and again.
type merging struct {
	ready  set  // strangers that could join as whole rings: the beacon says so
	wanted bool // one of them wants all of this ring
	others bool // there are strangers that are not ready, or not yet
	since  Time // when any of that last changed
	first  Time // when wanted became true
}

// mark puts this member's part on the token: whom it hears besides the ring,
// its free receive buffer, its packet size. The representative swaps the
// finished collections for new ones (protocol rule 7).
func (r *Ring) mark(now Time, in *instance, t *token) {
	around := r.around(now).minus(in.daemons)
	if in.representative() {
		in.reach = t.heard
		t.heard = around
		t.budgetLast, t.budgetNow = t.budgetNow, uint32(r.budget)
		t.sizeLast, t.sizeNow = t.sizeNow, uint32(r.payload)
		return
	}
	t.heard = t.heard.and(around)
	t.budgetNow = min(t.budgetNow, uint32(r.budget))
	t.sizeNow = min(t.sizeNow, uint32(r.payload))
}

// strangerReady tells whether it is time to look for a larger ring: strangers
// are ready, want it, and it has been so for the settle time.
func (r *Ring) strangerReady(now Time, in *instance) bool {
	if !in.representative() || r.left {
		return false
	}
	reach := r.around(now).minus(in.daemons)
	if !in.alone() {
		reach = reach.and(in.reach)
	}
	var ready set
	wanted := false
	for i := reach.lowest(); i >= 0; i = reach.next(i + 1) {
		if members, wants := r.standing(i); members.minus(in.daemons).within(reach) {
			ready.add(i)
			wanted = wanted || in.daemons.within(wants)
		}
	}
	others := r.around(now).minus(in.daemons) != ready
	m := &r.merging
	if ready != m.ready || wanted != m.wanted || others != m.others {
		if wanted && !m.wanted {
			m.first = now
		}
		m.ready, m.wanted, m.others, m.since = ready, wanted, others, now
	}
	return now >= m.due(r.t)
}

// due is when what is wanted now has been so for long enough. While there are
// others that may yet become ready it waits longer: one change of the ring for
// all of them is better than one for each.
func (m *merging) due(t timing) Time {
	switch {
	case !m.wanted:
		return NoDeadline
	case m.others:
		return m.first + t.gatherWait
	}
	return min(m.since+t.settle, m.first+t.gatherWait)
}
