package ring

import "time"

// coalition is a member's watch for a ring that it should be in instead of its
// own. Rings merge whole; where not all members of two rings hear each other,
// those who do would be kept apart for ever by the rings they happen to be in
// (protocol rule 3, LIV-5).
//
// Beacons tell who hears whom, so a daemon sees each clique of mutual hearing
// that it is in, and all that are in a clique see the same. The members of one
// that is larger than what each of them has in its ring leave for it together.
// What a member has is its ring's worth: the largest clique in it that it is
// in, for a ring may turn for ever although two in it do not hear each other.
//
// There is an end to it: those who go have then a ring of that worth, and the
// worth of nobody who had as much was made up of any of them. So the number
// of daemons whose ring is worth at least that much grows, and nobody's that
// was worth more shrinks.
type coalition struct {
	with  set  // the clique, this daemon among them; empty: there is none
	since Time // when that last changed
	tries int  // in a row that have led nowhere
	worth int  // of the own ring
	// passing: some of those around do not hear each other only because their
	// links are proving themselves. Merging will do when they have.
	passing bool
}

// mostTries bounds how often the wait before leaving is doubled.
const mostTries = 3

// wait is how long such a clique must have been there: merging comes first.
func (c *coalition) wait(t timing) time.Duration { return 2 * t.loss << min(c.tries, mostTries) }

// due is when this member leaves, if nothing changes.
func (c *coalition) due(t timing) Time {
	if c.with.empty() {
		return NoDeadline
	}
	if c.passing {
		return c.since + c.wait(t) + t.patience
	}
	return c.since + c.wait(t)
}

// coalesces works out anew what this member could have, and tells whether it
// is time to leave the ring for it. Call it when hearing or a beacon changed.
func (r *Ring) coalesces(now Time) bool {
	r.hears = r.around(now)
	r.hears.add(r.self)
	c := &r.coalition
	c.worth = r.worthOfOwn()
	if with := r.better(); with != c.with {
		c.with, c.since = with, now
	}
	c.passing = r.passing()
	return now >= c.due(r.t)
}

// passing tells whether some of those around will soon hear each other that do
// not now.
func (r *Ring) passing() bool {
	among := r.hears.or(r.proving)
	found := !r.proving.empty()
	for i := among.lowest(); i >= 0 && !found; i = among.next(i + 1) {
		found = i != r.self && !r.peers[i].beacon.proving.and(among).empty()
	}
	return found
}

// coalesce leaves the ring for the better one. At first nobody else is
// considered, or the old ring would form again at once.
func (r *Ring) coalesce(now Time) {
	with := r.coalition.with
	r.coalition.tries++
	r.enterGather(now)
	r.only = with
}

// better is the largest clique that this daemon is in and that is larger than
// the worth of the ring of each of its members.
func (r *Ring) better() set {
	if r.left || r.hears.within(r.cur.daemons) {
		return set{}
	}
	g := r.beaconGraph(r.hears)
	among := g.vertices
	for {
		clique := g.cliqueWith(r.self, among)
		n := clique.count()
		if n <= r.coalition.worth {
			return set{}
		}
		// Whose ring is worth as much is in no better clique of that size.
		among = r.poorer(among, n)
		if clique.within(among) {
			return clique
		}
	}
}

// poorer are those whose ring is worth less than n.
func (r *Ring) poorer(among set, n int) set {
	for i := among.lowest(); i >= 0; i = among.next(i + 1) {
		if i == r.self {
			continue
		}
		if _, worth := r.hearing(i); worth >= n {
			among.remove(i)
		}
	}
	return among
}

// worthOfOwn is the size of the largest clique that this daemon is in with
// members of its ring.
func (r *Ring) worthOfOwn() int {
	among := r.cur.daemons.and(r.hears)
	if r.whole(among) {
		return among.count()
	}
	return r.beaconGraph(among).cliqueWith(r.self, among).count()
}

// whole tells whether some daemons all hear each other: the usual case needs no
// search.
func (r *Ring) whole(among set) bool {
	for i := among.lowest(); i >= 0; i = among.next(i + 1) {
		if i == r.self {
			continue
		}
		if hears, _ := r.hearing(i); !among.within(hears) {
			return false
		}
	}
	return true
}

// beaconGraph is who hears whom among some daemons, as their beacons tell.
func (r *Ring) beaconGraph(among set) *graph {
	g := &r.graph
	*g = graph{vertices: among}
	for i := among.lowest(); i >= 0; i = among.next(i + 1) {
		if i == r.self {
			g.edges[i] = r.hears
		} else {
			g.edges[i], _ = r.hearing(i)
		}
		g.edges[i].remove(i)
	}
	g.keepMutual()
	return g
}

// hearing is whom the daemon at position i hears, and what its ring is worth,
// as far as is known. A join newer than its beacon shows that it has none.
func (r *Ring) hearing(i int) (hears set, worth int) {
	p := &r.peers[i]
	if r.gathers(i) {
		return p.hears, 1
	}
	return p.beacon.hears, int(p.beacon.worth)
}
