package check

import "mpspread/internal/trace"

// drain judges LIV-6: in quiet nothing is kept for what is not finished.
func (c *Checker) drain(p *process, e *trace.Event) {
	if len(c.quiet) == 0 || c.quiet[0].text != "" {
		return
	}
	s := e.Sizes
	for _, kept := range []struct {
		what string
		n    int
	}{
		{"packets", s.Held}, {"bytes of begun messages", s.Begun}, {"missing positions", s.Missing},
		{"bytes that wait", s.Waiting}, {"begun payloads", s.Parts}, {"timers beyond those of an idle token", s.Timers},
	} {
		if !c.holds(LIV6, kept.n == 0) {
			c.fail(LIV6, of(p.id), "%v still keeps %d %s, %v after the last fault", p.id, kept.n, kept.what, e.Time-c.quiet[0].since)
		}
	}
}
