package check

import (
	"maps"
	"slices"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// What daemons deliver in a configuration they apply when the state of the
// groups is agreed there, or in a later one if its exchange is interrupted
// (GRP-9). Which one it is decides what clients must see, and follows from
// tables and steps that are none of the checker's business: it takes the
// daemon's word for it (trace.Agree) and judges whether it can be true. It must
// have delivered what the members say of their states, in order, and those who
// have delivered the same must agree in the same configuration.

// noteExchange notes what p has delivered of the state exchange of its
// configuration.
func (t *part) noteExchange(act groups.Act, sender *part) {
	switch act {
	case groups.ActAnnounce:
		t.announced.add(sender.place)
	case groups.ActLastPiece:
		t.told.add(sender.place)
	}
}

// came is the regular configuration in which the member at position i of r was
// before; zero for one that began in r.
func (r *ringState) came(i int) ring.RingID {
	if i < len(r.conf.Came) {
		return r.conf.Came[i]
	}
	return ring.RingID{}
}

// companions are the members of t's ring that were in the same configuration
// before as t.
func (t *part) companions() bits {
	var b bits
	for i, p := range t.ring.conf.Members {
		if t.ring.came(i) == t.before {
			b.add(t.ring.index[p].place)
		}
	}
	return b
}

// exchanged tells whether t can have agreed on the state of the groups in its
// configuration: by itself if it is alone, or if all members come from one
// configuration in which they have agreed; else not before it has delivered
// what each member has announced.
func (c *Checker) exchanged(t *part) bool {
	if len(t.ring.conf.Members) == 1 || t.ring.members.within(t.announced) {
		return true
	}
	before := c.preceding(t)
	return t.ring.members.within(t.companions()) && before != nil && before.agreed == before
}

// merged tells whether t has delivered, besides, the whole state of somebody
// from each of the configurations that its members come from.
func (t *part) merged() bool {
	if t.ring.members.within(t.companions()) {
		return true
	}
	members := t.ring.conf.Members
	for i := range members {
		whole := false
		for j, q := range members {
			whole = whole || t.ring.came(j) == t.ring.came(i) && t.told.has(t.ring.index[q].place)
		}
		if !whole {
			return false
		}
	}
	return true
}

// agree judges the word of p that it has agreed on the state of the groups, and
// notes with whom it shares what it applies from here on.
func (c *Checker) agree(p *process, e *trace.Event) {
	t, in := c.partIn(e.Ring, p), c.partIn(e.In.New, p)
	about := of(p.id).at(e.Ring, 0)
	if !c.holds(GRP9, t != nil && in != nil && t.agreed == nil && c.leads(t, in)) {
		c.fail(GRP9, about, "%v says that it agrees in %v on the groups of %v, and has not come there from it, or has agreed already", p.id, e.In.New, e.Ring)
		return
	}
	before := c.preceding(t)
	if !c.holds(GRP9, before == nil || before.agreed != nil) {
		c.fail(GRP9, about, "%v agrees on the groups of %v before those of %v, where it was before", p.id, e.Ring, t.before)
	}
	if !c.holds(GRP9, c.exchanged(in) && (t != in || in.merged())) {
		c.fail(GRP9, about, "%v agrees in %v on the groups of %v, and has not delivered what all members say of theirs", p.id, e.In.New, e.Ring)
	}
	c.judgedAlike(t, in)
	t.agreed, t.scope = in, t.sharers(in)
	t.origins = c.origins(t)
	for _, name := range slices.Sorted(maps.Keys(p.unclaimed)) {
		p.unclaimed[name] = slices.DeleteFunc(p.unclaimed[name], func(e entry) bool { return e.part == t })
	}
}

// judgedAlike judges that t agrees in the same configuration as those that went
// on with it, if they have delivered the same there.
func (c *Checker) judgedAlike(t, in *part) {
	for _, q := range t.ring.parts {
		if !t.wentOnWith(q) || q.agreed == nil || q.agreed.ring == in.ring {
			continue
		}
		there := q.agreed.ring.index[t.process.id]
		if !c.holds(GRP9, there == nil || !there.wentOnWith(q.agreed)) {
			c.fail(GRP9, both(t.process.id, q.process.id).at(t.ring.id, 0), "%v agrees in %v on the groups of %v; %v, which delivered the same, agreed in %v", t.process.id, in.ring.id, t.ring.id, q.process.id, q.agreed.ring.id)
		}
	}
}

// wentOnWith tells whether two have gone from one ring to the same next one. A
// member of the transitional configuration may have gone elsewhere.
func (t *part) wentOnWith(q *part) bool {
	return t.left && q.left && t.nextRing == q.nextRing
}

// sharers are those with whom t applies what it delivered in its ring: all
// members if it has agreed there; else those that went on from it together, are
// members of the ring in which t has agreed, and have not agreed elsewhere.
func (t *part) sharers(in *part) bits {
	if t == in {
		return t.ring.members
	}
	var b bits
	for i, q := range t.ring.parts {
		other := in.ring.index[q.process.id]
		if t.wentOnWith(q) && other != nil && in.ring.members.has(other.place) && (q.agreed == nil || q.agreed.ring.id.Epoch >= in.ring.id.Epoch) {
			b.add(i)
		}
	}
	return b
}

// origins numbers the ways by which the members of t's ring have come to where
// t has agreed, by their places: those who were together in the ring before,
// and all the way, have one number (GRP-6).
func (c *Checker) origins(t *part) []int {
	var ways []string
	numbers := make([]int, len(t.ring.parts))
	for i, id := range t.ring.conf.Members {
		q := t.ring.index[id]
		way := trace.RingString(t.ring.came(i))
		for at := q; at != nil && at.ring != t.agreed.ring; at = c.following(at) {
			way += " " + trace.RingString(at.nextRing)
		}
		number := slices.Index(ways, way)
		if number < 0 {
			number = len(ways)
			ways = append(ways, way)
		}
		numbers[q.place] = number
	}
	return numbers
}

// cameAlong tells whether a session's daemon has come with t to where t has
// agreed, and shares what t applies.
func (t *part) cameAlong(s *session) bool {
	at := t.placeOf(s)
	return t.scope.has(at) && t.origins[at] == t.origins[t.place]
}

// partIn is a process in a ring that it has installed; nil if it has not.
func (c *Checker) partIn(id ring.RingID, p *process) *part {
	r := c.rings[id]
	if r == nil || r.index[p.id] == nil || !r.index[p.id].installed {
		return nil
	}
	return r.index[p.id]
}

// leads tells whether a process went from one ring to another.
func (c *Checker) leads(from, to *part) bool {
	for from != to && from != nil {
		from = c.following(from)
	}
	return from == to
}

// following is the same process in its next ring; nil if it has none yet.
func (c *Checker) following(t *part) *part { return c.partIn(t.nextRing, t.process) }

// preceding is the same process in the ring before; nil if it had none.
func (c *Checker) preceding(t *part) *part { return c.partIn(t.before, t.process) }
