package ring

// gathering is what a member keeps while it looks for a ring [T95 section 5].
type gathering struct {
	gatherNo uint64 // of this or the last Gather of this life; grows for ever
	hears    set    // who could ring with me, and I
	proposal set    // the clique I want
	started  Time
	changed  Time // when my join last said something new
	joinAt   Time // the next join is sent
	agreedAt Time // all of the proposal want it; NoDeadline: not yet
	barren   int  // Gathers in a row without agreement
	only     set  // if not empty: at first only these are considered
}

// giveUp is how many Gathers in a row may end without agreement before a
// member stops trying to agree and goes on alone, from where it can merge.
const giveUp = 3

// enterGather gives up the ring, or the formation, and looks for a new one.
// What the old ring has delivered, and what it holds, stays.
func (r *Ring) enterGather(now Time) {
	if r.left {
		return
	}
	switch r.state {
	case Operational:
		r.n.TokensLost += lost(now, r.cur)
		r.spend(r.cur, firstN(len(r.cur.members)))
	case Commit, Recovery:
		r.spend(r.formation.ring, r.formation.filled())
	}
	r.enter(now, Gather)
	r.n.Gathers++
	r.cur.stop()
	r.next, r.recovery, r.formation, r.resent = nil, nil, nil, 0
	r.gatherNo++
	r.started, r.changed, r.agreedAt = now, now, NoDeadline
	r.merging = merging{}
	r.hears, r.proposal, r.only = set{}, set{}, set{}
	for i, j := range r.joins {
		switch {
		case j == nil:
		case now-j.at > r.t.loss/2 || r.over(i, r.peers[i].process, j.gather):
			r.joins[i] = nil
		case j.excluded != NoDeadline:
			j.excluded = now // two that left each other out must not do so for ever
		}
	}
	r.consider(now)
}

// lost counts a ring that ended because its token did not come.
func lost(now Time, in *instance) uint64 {
	if in.lossAt <= now {
		return 1
	}
	return 0
}

// spend remembers the Gathers of some members that led to a ring: joins from
// before are stale.
func (r *Ring) spend(in *instance, members set) {
	for i := members.lowest(); i >= 0; i = members.next(i + 1) {
		m := &in.members[i]
		r.spent[m.index] = spent{m.process, m.gather}
	}
}

// spent is a Gather that is over.
type spent struct {
	process Process
	gather  uint64
}

// consider works out the proposal from the joins at hand, says it, and forms
// the ring when all who are in it want it.
func (r *Ring) consider(now Time) {
	g, heard := r.hearingGraph(now)
	hears := heard
	hears.add(r.self)
	proposal := g.partition(r.self)
	if r.barren >= giveUp {
		proposal = set{}
		proposal.add(r.self)
	}
	if hears != r.hears || proposal != r.proposal {
		r.hears, r.proposal = hears, proposal
		r.changed, r.agreedAt = now, NoDeadline
		r.joinAt = now // said at the next Advance, which is now
	}
	r.agree(now, heard)
}

// hearingGraph builds the graph of mutual hearing from fresh joins. heard is
// whom I could ring with, joined or not.
func (r *Ring) hearingGraph(now Time) (g *graph, heard set) {
	g = &r.graph
	*g = graph{}
	heard = r.around(now)
	g.vertices.add(r.self)
	g.old[r.self] = r.cur.id
	for i, j := range r.joins {
		switch {
		case j == nil:
			continue
		case now-j.at > r.t.loss/2:
			r.joins[i] = nil
			continue
		case heard.has(i) && now-j.excluded > r.t.gatherWait:
			continue // it knows of me and wants another ring
		case !r.only.empty() && !r.only.has(i) && now < r.started+2*r.t.gatherWait:
			continue // it stays behind
		}
		g.vertices.add(i)
		g.old[i] = j.old
		g.edges[i] = j.hears
		g.edges[i].remove(i)
	}
	g.edges[r.self] = heard
	for v := g.vertices.lowest(); v >= 0; v = g.vertices.next(v + 1) {
		for w := g.edges[v].lowest(); w >= 0; w = g.edges[v].next(w + 1) {
			if !g.vertices.has(w) || !g.edges[w].has(v) {
				g.edges[v].remove(w)
			}
		}
	}
	return g, heard
}

// agree looks whether all members of the proposal propose it, and lets the
// representative form the ring when that is settled.
func (r *Ring) agree(now Time, heard set) {
	for i := r.proposal.lowest(); i >= 0; i = r.proposal.next(i + 1) {
		if i == r.self {
			continue
		}
		if j := r.joins[i]; j == nil || j.proposal != r.proposal {
			r.agreedAt = NoDeadline
			return
		}
	}
	if r.agreedAt == NoDeadline {
		r.agreedAt = now
	}
	switch {
	case r.proposal.lowest() != r.self || now < r.formAt(heard):
	case r.proposal.count() == 1 && r.cur.alone():
		r.resumeAlone(now)
	default:
		r.form(now)
	}
}

// formAt is when an agreed proposal may be formed: at once if everybody heard
// is in it, else when those who have not joined have had their time.
func (r *Ring) formAt(heard set) Time {
	if heard.minus(r.proposal).empty() {
		return r.agreedAt
	}
	return max(r.changed+r.t.settle, r.started+r.t.gatherWait)
}

// advanceGather is Advance in Gather.
func (r *Ring) advanceGather(now Time) {
	if r.joinAt <= now {
		r.consider(now)
		if r.state != Gather {
			return
		}
		r.sendJoin(now)
	}
	switch {
	case r.agreedAt != NoDeadline && now >= r.agreedAt+r.t.commit:
		// Agreed, but the representative does not form the ring.
		r.suspect(now, r.proposal.lowest())
		r.enterGather(now)
	case r.agreedAt == NoDeadline && now >= r.started+2*r.t.loss:
		r.barren++
		r.enterGather(now)
	case r.agreedAt != NoDeadline && r.proposal.lowest() == r.self:
		r.consider(now)
	}
}

// gatherDeadline is when Gather needs to be looked at again.
func (r *Ring) gatherDeadline() Time {
	if r.agreedAt == NoDeadline {
		return earliest(r.joinAt, r.started+2*r.t.loss)
	}
	d := earliest(r.joinAt, r.agreedAt+r.t.commit)
	if r.proposal.lowest() == r.self {
		d = earliest(d, max(r.changed+r.t.settle, r.started+r.t.gatherWait))
	}
	return d
}

// suspect counts a failed formation against a member. After some of them it
// is left out for a while; then each further one leaves it out for longer, so
// that it cannot keep the others from their ring (LIV-5).
func (r *Ring) suspect(now Time, i int) {
	if i == r.self || i < 0 {
		return
	}
	p := &r.peers[i]
	if p.failures++; p.failures >= giveUp {
		p.distrust = now + r.t.distrust<<min(p.lapses, mostLapses)
		p.lapses++
		r.recheckAt = min(r.recheckAt, p.distrust)
	}
}

// mostLapses bounds how often the time that a member is left out is doubled.
const mostLapses = 3
