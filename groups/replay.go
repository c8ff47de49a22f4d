package groups

import (
	"slices"

	"mpspread/ring"
)

// completeStep swaps to what the step has made, and goes on to the next.
func (g *Groups) completeStep() {
	if g.ex.final {
		g.finish(g.ex.scope)
		return
	}
	if slices.Contains(g.ex.scope, g.ex.mine) {
		g.replay(g.ex.scope)
	}
	g.ex.step++
	g.announce()
}

// completeAlone does all steps that are left when all daemons have the same
// state: nothing needs to be told to anyone.
func (g *Groups) completeAlone(processes []ring.Process) {
	all := []*syncedSet{{processes: processes}}
	for len(g.chain.segments) > 0 {
		g.replay(all)
		g.ex.step++
	}
	g.finish(all)
}

// replay merges the tables of those who share the first segment, and applies
// it. Its transitional configuration asks for no signal: whoever it lost is not
// here, and not in the merged table either.
func (g *Groups) replay(scope []*syncedSet) {
	c := &g.chain
	g.agreements = append(g.agreements, Agreement{Of: c.links[0], In: g.conf.New})
	g.restamp(replayStamp(c.links[0], c.links[1], g.conf.New, g.ex.step))
	g.merge(scope)
	segment := c.segments[0]
	c.head = stateID{conf: g.conf.New, step: g.ex.step}
	c.links, c.segments = c.links[1:], c.segments[1:]
	for i := range segment {
		if segment[i].conf == nil {
			g.apply(&segment[i].delivery)
		}
	}
}

// finish makes the state of the configuration, and applies what was held.
func (g *Groups) finish(scope []*syncedSet) {
	g.counters.Exchanges++
	g.agreements = append(g.agreements, Agreement{Of: g.conf.New, In: g.conf.New})
	g.restamp(regularStamp(g.conf.New))
	g.merge(scope)
	g.chain = chain{head: stateID{conf: g.conf.New, step: g.ex.step}}
	g.ex = exchange{}
	g.agreed = true
	list := g.held
	g.held = nil
	g.release(list)
}
