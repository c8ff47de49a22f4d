package check

import (
	"slices"

	"mpspread/ring"
)

// pause notes that p stands still.
func (c *Checker) pause(p *process) {
	p.paused, p.hasPaused = true, true
	c.forget(func(x *expectation) bool { return x.pair.from == p.id || x.pair.to == p.id })
	c.reconsider()
}

// resume notes that p goes on.
func (c *Checker) resume(p *process) {
	p.paused = false
	c.expectAgain(p)
	c.reconsider()
}

// rejoined judges LIV-8 when the bound of LIV-1 has passed: if those that never
// stood still are together, so are those that did.
func (c *Checker) rejoined(q *component) {
	var common *process
	for _, id := range q.members {
		if p := c.process(id); !p.hasPaused {
			if common != nil && common.in != p.in {
				return // LIV-1
			}
			common = p
		}
	}
	if common == nil || common.conf == nil || common.in.Kind != ring.Regular {
		return
	}
	for _, id := range q.members {
		p := c.process(id)
		if !p.hasPaused {
			continue
		}
		if !c.holds(LIV8, p.in == common.in && slices.Contains(common.conf.Members, id)) {
			c.fail(LIV8, both(id, common.id), "%v stood still, goes on, and is not back %v after the last fault: in %v, others in %v", id, c.event.Time-q.since, p.in, common.in)
		}
	}
}
