package scenario

import (
	"fmt"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// Twin is a run whose trace must be that of the case's run, but for the events
// that make the difference.
type Twin struct {
	// Change, if not nil, alters a copy of the case's plan.
	Change func(p *sim.Plan)
	Meddle func(p *sim.Plan) func(*sim.Passage)
	// But tells the events of either run that do not count; nil: none. What
	// the harness says of faults and links never does.
	But func(e *trace.Event) bool
	// Counters, if not nil, clears those of the rings' counters that may
	// differ; all others must be the same.
	Counters func(c *ring.Counters)
}

// digesting also takes down the digest of every event that counts.
func (t *Twin) digesting(list *[]uint64, each func(e *trace.Event)) func(e *trace.Event) {
	return func(e *trace.Event) {
		if t.counts(e) {
			var d trace.Digest
			d.Add(e)
			*list = append(*list, d.Sum())
		}
		each(e)
	}
}

// compare runs the twin of a plan whose events had these digests, and tells the
// first event that differs.
func (c *Case) compare(p *sim.Plan, counters ring.Counters, mine []uint64) string {
	twin := &Case{Meddle: c.Twin.Meddle}
	other := copyOf(p)
	if c.Twin.Change != nil {
		c.Twin.Change(other)
	}
	var its []uint64
	o := twin.options(other, nil)
	o.Each = c.Twin.digesting(&its, o.Each)
	r := sim.Run(other, o)
	at := 0
	for at < len(mine) && at < len(its) && mine[at] == its[at] {
		at++
	}
	if at == len(mine) && at == len(its) {
		return c.Twin.compareCounters(p, counters, r.Counters)
	}
	return fmt.Sprintf("seed %d: not the run of its twin. Here:\n%s\nthere:\n%s", p.Seed, c.line(p, c.Twin, at), twin.line(other, c.Twin, at))
}

func (t *Twin) compareCounters(p *sim.Plan, mine, its ring.Counters) string {
	if t.Counters == nil {
		return ""
	}
	t.Counters(&mine)
	t.Counters(&its)
	if mine == its {
		return ""
	}
	return fmt.Sprintf("seed %d: counters %+v, %+v in its twin", p.Seed, mine, its)
}

// line runs a plan again for one of its events.
func (c *Case) line(p *sim.Plan, t *Twin, at int) string {
	text := "nothing more"
	o := c.options(p, nil)
	o.Each = func(e *trace.Event) {
		if t.counts(e) {
			if at == 0 {
				text = sim.Line(e)
			}
			at--
		}
	}
	sim.Run(p, o)
	return text
}

func (t *Twin) counts(e *trace.Event) bool {
	return e.Kind != trace.Fault && e.Kind != trace.Link && (t.But == nil || !t.But(e))
}
