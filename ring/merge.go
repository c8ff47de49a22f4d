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
	// waiting for strangers whose links are proving themselves; from is when it
	// began.
	waiting bool
	from    Time
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
	around := r.around(now).minus(in.daemons)
	reach := around
	if !in.alone() {
		reach = reach.and(in.reach)
	}
	var ready set
	wanted, called := false, false
	for i := reach.lowest(); i >= 0; i = reach.next(i + 1) {
		members, wants := r.standing(i)
		if !members.minus(in.daemons).within(reach) || !r.heardByAll(in, members) {
			continue
		}
		ready.add(i)
		if in.daemons.within(wants) {
			wanted = true
			called = called || r.gathers(i)
		}
	}
	m := &r.merging
	if ready.empty() {
		m.from = now
	}
	m.waiting = !ready.empty() && !called && now < m.from+r.t.patience &&
		(r.provingAmong(ready) || !r.coming(in, ready).empty())
	if m.waiting {
		ready, wanted = set{}, false
	}
	others := around != ready
	if ready != m.ready || wanted != m.wanted || others != m.others {
		if wanted && !m.wanted {
			m.first = now
		}
		m.ready, m.wanted, m.others, m.since = ready, wanted, others, now
	}
	return m.wanted && now >= m.due(r.t)
}

// heardByAll tells whether all of some strangers hear all of the ring. That they
// hear this member is known without their beacons.
func (r *Ring) heardByAll(in *instance, strangers set) bool {
	rest := in.daemons
	rest.remove(r.self)
	for i := strangers.lowest(); i >= 0; i = strangers.next(i + 1) {
		if hears, _ := r.hearing(i); !in.daemons.has(i) && !rest.within(hears) {
			return false
		}
	}
	return true
}

// coming are the strangers that will be ready as soon as all links between them
// and the ring have proved themselves, as far as beacons tell.
func (r *Ring) coming(in *instance, ready set) (those set) {
	some := r.hears.or(r.proving).minus(in.daemons).minus(ready)
	for i := range in.members {
		if m := in.members[i].index; m != r.self {
			some = some.and(r.mayHear(m))
		}
	}
	for i := some.lowest(); i >= 0; i = some.next(i + 1) {
		if in.daemons.within(r.mayHear(i)) {
			those.add(i)
		}
	}
	return those
}

// provingAmong tells whether strangers have links to each other that are proving
// themselves: no ring could take all of them yet.
func (r *Ring) provingAmong(strangers set) bool {
	for i := strangers.lowest(); i >= 0; i = strangers.next(i + 1) {
		if !r.peers[i].beacon.proving.and(strangers).empty() {
			return true
		}
	}
	return false
}

// mayHear is whom the daemon at position i hears, or will when their links have
// proved themselves.
func (r *Ring) mayHear(i int) set {
	hears, _ := r.hearing(i)
	return hears.or(r.peers[i].beacon.proving)
}

// due is when what is wanted now has been so for long enough. While there are
// others that may yet become ready it waits longer: one change of the ring for
// all of them is better than one for each.
func (m *merging) due(t timing) Time {
	switch {
	case m.waiting:
		return m.from + t.patience
	case !m.wanted:
		return NoDeadline
	case m.others:
		return m.first + t.gatherWait
	}
	return min(m.since+t.settle, m.first+t.gatherWait)
}
