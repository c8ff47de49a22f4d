package check

import "mpspread/internal/trace"

// route judges MPX-5 by where packets go: whatever the policy, what a process
// sends to another does not go only where it must know, by then, that nothing
// arrives (MPX-8). The ring would live on tokens and messages sent again.
func (c *Checker) route(p *process, e *trace.Event) {
	if e.Counter == 0 || !c.calmFor(c.opt.Aftermath+c.own(c.opt.PathReport)) {
		return
	}
	pair := pairOf{p.id, e.From}
	for network := uint8(0); e.Counter>>network != 0; network++ {
		if e.Counter>>network&1 != 0 && !c.longDead(pair, network) {
			c.count[MPX5]++
			return
		}
	}
	c.count[MPX5]++
	c.fail(MPX5, both(p.id, e.From), "%v sends what is for %v only over networks that do not reach it, though it must have noticed, and others do", p.id, e.From)
}

// longDead tells whether a path is cut, and the report of that is due.
func (c *Checker) longDead(pair pairOf, network uint8) bool {
	for _, x := range c.links.expected {
		if x.pair == pair && x.network == network {
			return x.silent && x.due
		}
	}
	return false
}
