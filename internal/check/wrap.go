package check

import (
	"mpspread/internal/trace"
	"mpspread/ring"
)

// RNG-11: a run whose numbers begin near a limit of some width is judged like
// every other; besides, no number is ever below the one it began with. Such a
// run is counted when it is over and a number has passed its limit.

// grown judges the numbers of an event.
func (c *Checker) grown(e *trace.Event) {
	o := &c.opt
	switch {
	case e.Kind == trace.Recv && e.First:
		c.beyond(e, "position", uint64(e.Seq), uint64(o.StartSeq))
	case e.Kind == trace.TokenIn && e.Verdict == ring.TokenAccepted:
		c.beyond(e, "token", e.TSeq, o.StartTSeq)
	case e.Kind == trace.Packet && e.First:
		c.beyond(e, "packet", e.Counter, o.StartCounter)
	}
}

func (c *Checker) beyond(e *trace.Event, what string, n, start uint64) {
	if n <= start && start > 0 {
		c.fail(RNG11, both(e.Process, e.From).at(e.Ring, e.Seq), "%v took %s %d, but the first is %d", e.Process, what, n, start+1)
	}
	if start > 0 && n^start > start { // n has more digits
		c.passed = true
	}
}

// wrapSafe counts a run that passed a limit.
func (c *Checker) wrapSafe() {
	if c.passed {
		c.count[RNG11]++
	}
}
