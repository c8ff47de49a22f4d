package check

import (
	"mpspread/groups"
	"mpspread/ring"
)

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
// configuration (GRP-9): by itself if it is alone, or if all members come from
// one configuration in which they can have agreed; else not before it has
// delivered what each member has announced.
func (c *Checker) exchanged(t *part) bool {
	if t.atOnce || len(t.ring.conf.Members) == 1 || t.ring.members.within(t.announced) {
		return true
	}
	if t.ring.members.within(t.companions()) {
		before := c.rings[t.before].index[t.process.id]
		t.atOnce = c.exchanged(before) && before.merged()
	}
	return t.atOnce
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

// afterExchange judges GRP-9 when s receives a message: in the configuration
// in which it was originated its state must be agreed, with all members of it;
// in a later one, which replays what was held of an exchange that was
// interrupted, with those that are left. For a message below agreed that is a
// part of LOW-1, too.
func (c *Checker) afterExchange(s *session, op *operation, t *part) {
	ok := false
	for at := t; at != nil && !ok; at = at.following(c) {
		ok = c.exchanged(at) && (at != t || at.merged())
	}
	if t == s.process.part && !t.agreed { // so it was agreed here
		t.agreed = true
		c.learned++
	}
	if op.service < ring.Agreed {
		c.count[LOW1]++
	}
	if !c.holds(GRP9, ok) {
		c.fail(GRP9, both(s.process.id, op.session.process.id).at(op.ring.id, op.place.seq),
			"%v received message %d of %v, originated in %v, before the state of the groups is agreed there", s.private, op.number, op.session.private, op.ring.id)
	}
}

// sure tells whether t is known to have agreed on the state in its own
// configuration. Where all came with a state that they had agreed on, what they
// must tell each other is known. What is not sure is looked at again only when
// something has been learned: histories are long and have many branches.
func (c *Checker) sure(t *part) bool {
	// Where somebody says it came from may be a ring it was never in.
	if t == nil || !t.installed {
		return false
	}
	if t.agreed || t.unsure == c.learned {
		return t.agreed
	}
	t.unsure = c.learned
	if !c.exchanged(t) || !t.merged() {
		return false
	}
	t.agreed = true
	for i, id := range t.ring.conf.Members {
		if before := c.rings[t.ring.came(i)]; before != nil && !c.sure(before.index[id]) {
			t.agreed = false
		}
	}
	return t.agreed
}

// following is the same process in its next ring; nil if it has none yet.
func (t *part) following(c *Checker) *part {
	if t.nextRing.IsZero() {
		return nil
	}
	return c.rings[t.nextRing].index[t.process.id]
}
