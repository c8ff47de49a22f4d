package check

import "mpspread/internal/trace"

// visit judges RNG-8 when a member passes the token on: a rotation carries what
// the window allows and less than a packet more, if this member put anything
// into it; and what is kept stays within what may be kept.
func (c *Checker) visit(p *process, e *trace.Event) {
	s := e.Sizes
	about := of(p.id).at(e.Ring, e.Seq)
	if !c.holds(RNG8, s.Own == 0 || s.Used <= s.Window+s.Packet) {
		c.fail(RNG8, about, "%v passes token %d of %v on with %d bytes in its last rotation, %d of its own; the window is %d", p.id, e.TSeq, e.Ring, s.Used, s.Own, s.Window)
	}
	if !c.holds(RNG8, s.Gap <= s.Room) {
		c.fail(RNG8, about, "%v passes token %d of %v on with %d positions between the stable mark and the highest; %d are the most", p.id, e.TSeq, e.Ring, s.Gap, s.Room)
	}
	if !c.holds(RNG8, s.Held <= s.Room && s.Begun <= s.Budget) {
		c.fail(RNG8, about, "%v keeps %d packets of %d and %d bytes of begun messages of %d", p.id, s.Held, s.Room, s.Begun, s.Budget)
	}
}
