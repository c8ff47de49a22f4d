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
	steady   []uint8
	dropped  set // who fell silent in this Gather: not considered any more
	only     set // if not empty: at first only these are considered
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
	if r.state != Gather {
		r.noteHop(now)
	}
	switch r.state {
	case Operational:
		r.n.TokensLost += lost(now, r.cur)
		r.spend(r.cur, firstN(len(r.cur.members)))
		if r.merging.wanted && now >= r.merging.due(r.t) {
			r.admitting = r.merging.ready
		}
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
	r.coalition.with = set{}
	r.hears, r.proposal, r.only, r.dropped = set{}, set{}, set{}, set{}
	r.steady = r.steadiness(now)
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
	r.judgeHop(now)
	if r.agreementStands(now) {
		return
	}
	g, heard := r.hearingGraph(now)
	r.dropped = r.dropped.or(r.hears.minus(heard))
	r.dropped.remove(r.self)
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

// agreementStands tells whether all of the proposal still want it: then the
// commit token is on its way, or the representative tells that it has thought
// better of it. Whoever turns up meanwhile must not make this member refuse the
// token, nor does it matter that those who have it send no joins.
func (r *Ring) agreementStands(now Time) bool {
	if r.agreedAt == NoDeadline || r.proposal.lowest() == r.self {
		return false
	}
	around := r.around(now)
	around.add(r.self)
	return r.proposal.within(around) && r.unanimous()
}

// unanimous tells whether all of the proposal propose it.
func (r *Ring) unanimous() bool {
	for i := r.proposal.lowest(); i >= 0; i = r.proposal.next(i + 1) {
		if i == r.self {
			continue
		}
		if j := r.joins[i]; j == nil || j.proposal != r.proposal {
			return false
		}
	}
	return true
}

// hearingGraph builds the graph of mutual hearing from fresh joins. heard is
// whom I could ring with, joined or not.
func (r *Ring) hearingGraph(now Time) (g *graph, heard set) {
	g = &r.graph
	*g = graph{}
	heard = r.around(now).minus(r.dropped)
	g.vertices.add(r.self)
	g.old[r.self], g.steady[r.self] = r.cur.id, r.steady
	for i, j := range r.joins {
		switch {
		case j == nil:
			continue
		case now-j.at > r.t.loss/2:
			r.joins[i] = nil
			if j.at >= r.started {
				r.dropped.add(i)
				heard.remove(i)
			}
			continue
		case r.dropped.has(i):
			continue
		case heard.has(i) && now-j.excluded > r.t.gatherWait:
			continue // it knows of me and wants another ring
		case r.choosy(now) && !r.only.has(i):
			continue // it stays behind
		}
		g.vertices.add(i)
		g.old[i], g.steady[i] = j.old, j.steady
		g.edges[i] = j.hears
		g.edges[i].remove(i)
	}
	g.edges[r.self] = heard
	g.keepMutual()
	return g, heard
}

// choosy tells whether only those are considered whom this member left its ring
// for. They leave theirs when they see what it has seen, and hellos take time.
func (r *Ring) choosy(now Time) bool { return !r.only.empty() && now < r.started+r.t.loss }

// agree looks whether all members of the proposal propose it, and lets the
// representative form the ring when that is settled.
func (r *Ring) agree(now Time, heard set) {
	switch {
	case !r.unanimous():
		r.agreedAt = NoDeadline
		return
	case r.agreedAt == NoDeadline:
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
	switch {
	case heard.minus(r.proposal).empty() || r.proposal == r.only:
		return r.agreedAt
	case !r.only.empty():
		return max(r.changed+r.t.settle, r.started+r.t.loss)
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
		r.enterGather(now) // the representative does not form the ring
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
		d = earliest(d, r.formAt(r.hears))
	}
	return d
}
