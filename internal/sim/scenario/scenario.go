// Package scenario is the catalogue of named scenarios SCN-01 to SCN-35
// (correctness reference, section 6): plans for internal/sim, and for each what
// its runs must show besides that no property is violated. Every scenario also
// shows that the situation it is about has really happened; one that misses
// its situation fails.
//
// Scenarios that concern the shell around the core are tested with it; the
// catalogue names the place. Nothing here has state; a Case may be run by
// several goroutines at once.
package scenario

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"mpspread/internal/engine"
	"mpspread/internal/sim"
	"mpspread/internal/trace"
)

// Scenario is one entry of the catalogue.
type Scenario struct {
	ID    string // SCN-01
	Title string
	Cases []Case
	// Elsewhere names tests of parts of it that the simulator cannot show.
	Elsewhere []string
}

// Case is one variant of a scenario.
type Case struct {
	Name  string
	Plans []*sim.Plan
	// Seeds is how many seeds each plan runs with; 0: with its own only.
	Seeds int
	// Watch makes what looks at one run of a plan.
	Watch func(p *sim.Plan) []Watch
	// Meddle, if not nil, makes what has its hands in the packets of one run.
	Meddle func(p *sim.Plan) func(*sim.Passage)
	// Twin, if not nil, is a run that must not differ.
	Twin *Twin
}

// Outcome is what became of a case.
type Outcome struct {
	Runs                int
	Deliveries, Changes uint64
	Simulated           time.Duration
	// Failures tell what went wrong, a report each; none: all as expected.
	Failures []string
}

// Run runs a case: all plans, each with so many seeds; 0: as many as the case
// says.
func (c *Case) Run(seeds int) *Outcome {
	if seeds == 0 {
		seeds = max(c.Seeds, 1)
	}
	o := &Outcome{}
	var sometimes []*Watch
	for _, plan := range c.Plans {
		for seed := range seeds {
			p := copyOf(plan)
			p.Seed += uint64(seed)
			list, failure := c.runOne(p, o)
			if failure != "" {
				o.Failures = append(o.Failures, failure)
				return o // the rest would say the same
			}
			sometimes = merge(sometimes, list)
		}
	}
	for _, w := range sometimes {
		if missed := w.Missed(); missed != "" {
			o.Failures = append(o.Failures, fmt.Sprintf("in none of %d runs: %s", o.Runs, missed))
		}
	}
	return o
}

// merge keeps, of what needs to be seen in one run only, a run's that saw it.
func merge(kept, run []*Watch) []*Watch {
	var list []*Watch
	for i, w := range run {
		if i < len(kept) && kept[i].Missed() == "" {
			w = kept[i]
		}
		list = append(list, w)
	}
	return list
}

// runOne runs one plan and returns the watches that need not be met by every
// run, or what failed.
func (c *Case) runOne(p *sim.Plan, o *Outcome) (sometimes []*Watch, failure string) {
	watches := c.watches(p)
	var digests []uint64
	opt := c.options(p, watches)
	if c.Twin != nil {
		opt.Each = c.Twin.digesting(&digests, opt.Each)
	}
	r := sim.Run(p, opt)
	o.Runs++
	o.Deliveries += r.Deliveries
	o.Changes += r.Changes
	o.Simulated += r.Virtual
	if r.Violation != nil {
		return nil, c.report(r)
	}
	for i := range watches {
		w := &watches[i]
		if w.End != nil {
			w.End(r)
		}
		if w.Sometimes {
			sometimes = append(sometimes, w)
		} else if missed := w.Missed(); missed != "" {
			return nil, fmt.Sprintf("seed %d: %s", p.Seed, missed)
		}
	}
	if c.Twin != nil {
		return sometimes, c.compare(p, r.Counters, digests)
	}
	return sometimes, ""
}

func (c *Case) watches(p *sim.Plan) []Watch {
	if c.Watch == nil {
		return nil
	}
	return c.Watch(p)
}

// options lets watches and meddler see a run. The watches see packets as they
// are after the meddler's work.
func (c *Case) options(p *sim.Plan, watches []Watch) sim.Options {
	var meddle func(*sim.Passage)
	if c.Meddle != nil {
		meddle = c.Meddle(p)
	}
	return sim.Options{
		Each: func(e *trace.Event) {
			for i := range watches {
				if see := watches[i].See; see != nil {
					see(e)
				}
			}
		},
		Status: func(daemon int, st *engine.Status) {
			for i := range watches {
				if status := watches[i].Status; status != nil {
					status(daemon, st)
				}
			}
		},
		Packet: func(g *sim.Passage) {
			if meddle != nil && !g.Lost {
				meddle(g)
			}
			for i := range watches {
				if packet := watches[i].Packet; packet != nil {
					packet(g)
				}
			}
		},
	}
}

// report tells of a violation. Where the packets were meddled with only the
// sentence can be told: sim.Report would run the plan without that.
func (c *Case) report(r *sim.Result) string {
	if c.Meddle != nil {
		return fmt.Sprintf("seed %d: %v", r.Plan.Seed, r.Violation)
	}
	var b bytes.Buffer
	sim.Report(&b, r)
	return b.String()
}

// Timeline runs the first plan of the case and writes what happens for people;
// with all, every event.
func (c *Case) Timeline(w io.Writer, all bool) {
	p := copyOf(c.Plans[0])
	o := c.options(p, nil)
	o.Each = sim.Teller(w, p, all)
	sim.Run(p, o)
}

// copyOf is a copy that may be altered.
func copyOf(p *sim.Plan) *sim.Plan {
	var b bytes.Buffer
	if err := sim.WritePlan(&b, p); err != nil {
		panic(err) // plans are plain data
	}
	again, err := sim.ReadPlan(b.Bytes())
	if err != nil {
		panic(fmt.Sprintf("scenario: a plan of the catalogue: %v", err))
	}
	return again
}
