package check

import "mpspread/ring"

// Overload is the Text of a Quiet event from which on, for ever, more is
// offered than one of its members can take (LIV-7).
const Overload = "overload"

// progress judges LIV-7 when p takes the token of its ring: it has something to
// deliver, or to send, only for so long without delivering anything or changing
// the ring.
func (c *Checker) progress(p *process, r *ringState) {
	if len(c.quiet) == 0 || c.quiet[0].text != Overload || p.regular != r {
		return
	}
	now := c.event.Time
	if c.upToDate(p) && p.delivered[0] >= p.accepted[0] && p.delivered[1] >= p.accepted[1] {
		p.moved = now
	}
	idle := now - max(p.moved, c.quiet[0].since)
	if !c.holds(LIV7, idle <= c.quiet[0].bound) {
		c.fail(LIV7, of(p.id).at(r.id, ring.Seq(0)), "%v has taken the token of %v for %v and delivered nothing, with messages waiting", p.id, r.id, idle)
	}
}
