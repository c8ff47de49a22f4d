package check

import (
	"slices"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// primary is one primary component (2.6). No daemon marks one yet: there is no
// quorum flag. A trace that carries such marks is judged.
type primary struct {
	id       ring.RingID
	members  []ring.Process
	operator bool // made by an operator's command
	holders  []*process
	first    uint64 // events between which it was in force somewhere
	last     uint64
	next     []*primary // which some holder, or a member of both, went on to
}

// primary notes the mark, which follows the installation it is about.
func (c *Checker) primary(p *process, e *trace.Event) {
	if p.conf == nil || p.in.New != e.Ring || p.in.Kind != ring.Regular {
		return
	}
	i := slices.IndexFunc(c.primaries, func(k *primary) bool { return k.id == e.Ring })
	if i < 0 {
		i = len(c.primaries)
		c.primaries = append(c.primaries, &primary{id: e.Ring, members: p.conf.Members, first: e.Index})
	}
	k := c.primaries[i]
	k.operator = k.operator || e.First
	k.holders = append(k.holders, p)
	if before := p.primary; before != nil && !slices.Contains(before.next, k) {
		before.next = append(before.next, k)
	}
	p.primary, p.inPrimary = k, true
}

// leavePrimary is called when p's configuration ends, or p does.
func (c *Checker) leavePrimary(p *process) {
	if p.inPrimary {
		p.primary.last = c.event.Index
		p.inPrimary = false
	}
}

// onePrimary judges PRI-1 to PRI-3 at the end. In the order of their epochs
// each leads to the next: some process installed both, or was a member of both
// and died on its way from one to the other.
func (c *Checker) onePrimary() {
	for _, k := range c.primaries {
		for _, p := range k.holders {
			if p.inPrimary && p.primary == k {
				k.last = c.event.Index
			}
		}
	}
	slices.SortFunc(c.primaries, func(a, b *primary) int { return a.id.Compare(b.id) })
	for i, k := range c.primaries {
		for _, later := range k.next {
			if !c.holds(PRI1, k.id.Compare(later.id) < 0) {
				c.fail(PRI1, subject{more: k.members}.at(k.id, 0), "a process went from primary %v to %v, which is older", k.id, later.id)
			}
		}
		if i > 0 {
			c.succeeds(c.primaries[i-1], k)
		}
	}
}

// succeeds judges two primaries that follow one another.
func (c *Checker) succeeds(a, b *primary) {
	about := subject{more: slices.Concat(a.members, b.members)}.at(b.id, 0)
	ordered := slices.Contains(a.next, b)
	shared := false
	for _, id := range a.members {
		if !slices.Contains(b.members, id) {
			continue
		}
		shared = true
		p := c.process(id)
		ordered = ordered || !p.alive && p.primary == a
	}
	if !c.holds(PRI3, ordered || a.last <= b.first) {
		c.fail(PRI3, about, "%v and %v were primary at once: nobody has gone from one to the other", a.id, b.id)
	}
	if !c.holds(PRI2, shared || b.operator) {
		c.fail(PRI2, about, "primary %v follows %v and shares no member with it", b.id, a.id)
	}
	if !c.holds(PRI1, ordered || b.operator) {
		c.fail(PRI1, about, "nobody has gone from primary %v to %v", a.id, b.id)
	}
}
