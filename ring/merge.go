package ring

// merging is the representative's watch for strangers. A ring leaves
// Operational for them only when the token has shown that every member hears
// them and is heard by them, and only if the same holds for all of the
// stranger's own ring (protocol rule 3): otherwise the ring would break up for
// a union that cannot be formed, again and again.
type merging struct {
	ready set  // strangers that could join as whole rings
	since Time // when ready last changed
	first Time // when it became non-empty
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

// strangerReady tells whether it is time to look for a larger ring: some
// strangers have been ready, and the same ones, for the settle time.
func (r *Ring) strangerReady(now Time, in *instance) bool {
	if !in.representative() || r.left {
		return false
	}
	reach := r.around(now).minus(in.daemons)
	if !in.alone() {
		reach = reach.and(in.reach)
	}
	var ready set
	for i := reach.lowest(); i >= 0; i = reach.next(i + 1) {
		if r.peers[i].beacon.members.minus(in.daemons).within(reach) {
			ready.add(i)
		}
	}
	m := &r.merging
	if ready != m.ready {
		if m.ready.empty() {
			m.first = now
		}
		m.ready, m.since = ready, now
	}
	return !ready.empty() && now >= m.due(r.t)
}

// due is when the strangers that are ready now have waited long enough.
func (m *merging) due(t timing) Time {
	if m.ready.empty() {
		return NoDeadline
	}
	return min(m.since+t.settle, m.first+t.gatherWait)
}
