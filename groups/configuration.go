package groups

import (
	"slices"

	"mpspread/ring"
)

// transition takes the transitional configuration that ends conf.
func (g *Groups) transition(c *ring.Configuration) {
	g.ex.closed = true
	if g.agreed {
		g.applyTransition(c)
		return
	}
	g.held = append(g.held, held{conf: c})
}

// applyTransition signals the groups that have members at daemons which do not
// come along. They stay members, out of reach, until the regular configuration
// (spread-semantics B12).
func (g *Groups) applyTransition(c *ring.Configuration) {
	g.transitional = true
	g.restamp(transitionalStamp(c.Old, c.New))
	g.setPresent(c.Members)
	outOfReach := func(m *member) bool { return !g.present[m.process] }
	affected := func(gr *group) bool { return slices.ContainsFunc(gr.members, outOfReach) }
	for _, gr := range sortedGroups(g.table.groups, affected) {
		gr.lost = true
		g.signal(gr)
	}
}

// enterConfiguration takes a regular configuration: members that did not come
// along go, and the state exchange begins. What was held of an interrupted one
// is kept for its replay.
func (g *Groups) enterConfiguration(c *ring.Configuration) {
	if g.agreed || g.conf == nil {
		g.chain.links, g.chain.segments = nil, nil
	} else {
		g.counters.Interrupted++
		g.chain.segments = append(g.chain.segments, g.held)
	}
	g.chain.links = append(g.chain.links, c.New)
	g.held, g.heldBytes = nil, 0
	g.conf, g.agreed, g.transitional = c, false, false
	companions := g.companions(c)
	g.dropOthers(companions)
	g.beginExchange(companions)
}

// companions are the members of a configuration that were in the same one
// before as this process.
func (g *Groups) companions(c *ring.Configuration) []ring.Process {
	came := ring.RingID{}
	for i, p := range c.Members {
		if p == g.self {
			came = c.Came[i]
		}
	}
	var list []ring.Process
	for i, p := range c.Members {
		if c.Came[i] == came {
			list = append(list, p)
		}
	}
	return list
}

// dropOthers takes the members of all processes but these out of the table. It
// says nothing to anyone, so the order of the groups does not matter.
func (g *Groups) dropOthers(kept []ring.Process) {
	g.setPresent(kept)
	for _, gr := range g.table.groups {
		for i := len(gr.members) - 1; i >= 0; i-- {
			if m := gr.members[i]; !g.present[m.process] {
				g.table.remove(m, gr)
				gr.lost = true
			}
		}
		if len(gr.members) == 0 {
			delete(g.table.groups, gr.name)
		}
	}
}

func (g *Groups) setPresent(processes []ring.Process) {
	clear(g.present)
	for _, p := range processes {
		g.present[p] = true
	}
}

// release applies what was held, in order.
func (g *Groups) release(list []held) {
	for i := range list {
		if list[i].conf != nil {
			g.applyTransition(list[i].conf)
		} else {
			g.apply(&list[i].delivery)
		}
	}
}
