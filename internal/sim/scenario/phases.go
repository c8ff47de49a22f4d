package scenario

import (
	"fmt"
	"slices"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// phase is a stage of a change of membership, as a scenario means it.
type phase struct {
	name string
	// on is the protocol event (sim.Fault.On) with which the first daemon comes
	// into it.
	on string
}

var phases = []phase{
	{"gather", "gather"},
	{"form", "commit-token-sent"},
	{"recovery before the exchange", "recovery"},
	{"recovery after the exchange", "recovered-all"},
	{between, "transitional"},
}

// A daemon hands up the transitional configuration, what belongs into it and the
// regular one in one step, so nothing can happen between them at one daemon. In
// between means: some have done that step, others not yet.
const between = "between transitional and regular"

// The first change of SCN-08: h3 is cut off at this time. Noticed half a second
// later, and then over within a few milliseconds.
const firstChange = 2 * time.Second

// oneMoreChange is SCN-08: while the others form a ring without h3, something
// else happens, in each phase.
func oneMoreChange() Scenario {
	s := Scenario{ID: "SCN-08", Title: "one more change in each phase: crash, token loss, merge, joiner"}
	times := phaseTimes()
	for _, ph := range phases {
		for _, kind := range []struct {
			name  string
			plans func(ph phase, at time.Duration) []*sim.Plan
		}{{"crash", crashesIn}, {"token loss", lossesIn}, {"merge", mergesIn}, {"joiner", joinersIn}} {
			plans := kind.plans(ph, times[ph.name])
			s.Cases = append(s.Cases, Case{Name: kind.name + " in " + ph.name, Plans: plans, Watch: func(p *sim.Plan) []Watch {
				return []Watch{fewMore(2), sometimes(struckIn(ph, kind.name))}
			}})
		}
	}
	return s
}

// changing is a cluster of five with messages of all, in which h3 is cut off;
// h4 starts when it is told to.
func changing() *sim.Plan {
	p := sim.NewPlan(sim.RingMode, 5, 2)
	p.RunFor = 6 * time.Second
	p.Boots[4] = p.RunFor
	for i := range 500 {
		p.Load = append(p.Load, sim.Load{At: formed + time.Duration(i)*2*time.Millisecond, Daemon: i % 3, Service: ring.Agreed + ring.Service(i%2), Size: 400, Count: 1})
	}
	p.Faults = []sim.Fault{
		partition(firstChange, 3*time.Second, 0, 0, 0, 1, 0),
		// So that there is something to recover.
		{Kind: sim.Loss, At: firstChange - 30*time.Millisecond, For: 30 * time.Millisecond, Network: everyone, From: everyone, To: everyone, Rate: 500},
	}
	return p
}

// phaseTimes are when the change without another one comes into its phases. A
// run up to that time is the same whatever happens then.
func phaseTimes() map[string]time.Duration {
	times := map[string]time.Duration{}
	sim.Run(changing(), sim.Options{Each: func(e *trace.Event) {
		if e.Time <= firstChange || position(e.Process) > 2 {
			return
		}
		for _, ph := range phases {
			if _, known := times[ph.name]; !known && slices.Contains(namesOf(e), ph.on) {
				times[ph.name] = e.Time
			}
		}
		if e.Kind == trace.State && e.State == ring.Commit {
			times["form"] = min(times["form"], e.Time)
		}
	}})
	return times
}

// namesOf are the protocol events that an event of the trace is, as far as
// phases begin with them.
func namesOf(e *trace.Event) []string {
	switch {
	case e.Kind == trace.State && e.State == ring.Commit:
		return []string{"commit", "commit-token-sent"} // the first one sends it at once
	case e.Kind == trace.State:
		return []string{e.State.String()}
	case e.Kind == trace.Commit:
		return []string{"recovered-all"}
	case e.Kind == trace.Conf && e.Conf.Kind == ring.Transitional:
		return []string{"transitional"}
	}
	return nil
}

// crashesIn kills each of the three at each daemon's coming into the phase, at
// once or some packets or microseconds later.
func crashesIn(ph phase, _ time.Duration) (plans []*sim.Plan) {
	for nth := 1; nth <= 3; nth++ {
		for victim := range 3 {
			for _, after := range []time.Duration{0, 700 * time.Microsecond} {
				p := changing()
				f := crash(firstChange, 2*time.Second, victim)
				f.On, f.Nth, f.After = ph.on, nth, after
				p.Faults = append(p.Faults, f)
				plans = append(plans, p)
			}
		}
	}
	return plans
}

// lossesIn loses everything for a while, tokens among it.
func lossesIn(ph phase, _ time.Duration) (plans []*sim.Plan) {
	for nth := 1; nth <= 3; nth++ {
		for _, lasts := range []time.Duration{2 * time.Millisecond, 30 * time.Millisecond, 700 * time.Millisecond} {
			p := changing()
			p.Faults = append(p.Faults, sim.Fault{
				Kind: sim.Cut, At: firstChange, On: ph.on, Nth: nth, For: lasts, Network: everyone, From: everyone, To: everyone,
			})
			plans = append(plans, p)
		}
	}
	return plans
}

// leads are how long before the phase a daemon can be heard again that is to
// disturb it: hellos and joins take their time.
// The first comes right after the phase has begun.
var leads = []time.Duration{-time.Microsecond, time.Millisecond, 20 * time.Millisecond, 60 * time.Millisecond, 110 * time.Millisecond, 160 * time.Millisecond, 250 * time.Millisecond}

// mergesIn lets h3 come back.
func mergesIn(_ phase, at time.Duration) (plans []*sim.Plan) {
	for _, lead := range leads {
		p := changing()
		p.Faults[0].For = at - lead - firstChange
		plans = append(plans, p)
	}
	return plans
}

// joinersIn lets h4 start.
func joinersIn(_ phase, at time.Duration) (plans []*sim.Plan) {
	for _, lead := range leads {
		p := changing()
		p.Boots[4] = at - lead
		plans = append(plans, p)
	}
	return plans
}

// fewMore wants no process that lives through it to install more than so many
// regular configurations beyond the one of the first change and the one of the
// second, until the first fault is taken back.
func fewMore(extra int) Watch {
	counts := map[ring.Process]int{}
	return Watch{
		See: func(e *trace.Event) {
			if regular(e) && e.Time > firstChange && e.Time < firstChange+2*time.Second {
				counts[e.Process]++
			}
		},
		Missed: func() string {
			for who, n := range counts {
				if n > 2+extra {
					return fmt.Sprintf("%s installs %d configurations", trace.ProcessString(who), n)
				}
			}
			return ""
		},
	}
}

// struckIn wants the second change to have come while a daemon was in the
// phase.
func struckIn(ph phase, kind string) Watch {
	in := map[int]string{} // phase of each of the three
	struck := false
	return Watch{
		See: func(e *trace.Event) {
			i := position(e.Process)
			switch {
			case e.Time <= firstChange:
			case e.Process != (ring.Process{}) && i < 3:
				enterPhase(in, i, e)
			}
			if second(e, kind) {
				struck = struck || anyIn(in, ph.name)
			}
		},
		Missed: func() string {
			if struck {
				return ""
			}
			return "the second change never came in " + ph.name
		},
	}
}

// enterPhase notes that a daemon comes into a phase, or has come through all.
func enterPhase(in map[int]string, daemon int, e *trace.Event) {
	switch {
	case e.Kind == trace.State && e.State != ring.Operational:
		in[daemon] = map[ring.State]string{ring.Gather: "gather", ring.Commit: "form", ring.Recovery: "recovery before the exchange"}[e.State]
	case e.Kind == trace.Commit:
		in[daemon] = "recovery after the exchange"
	case regular(e):
		in[daemon] = between
	}
}

// anyIn tells whether one of some daemons is in a phase.
func anyIn(in map[int]string, name string) bool {
	there := 0
	for _, is := range in {
		if is == name {
			there++
		}
	}
	return there > 0 && (name != between || there < len(in))
}

// second recognises the second change.
func second(e *trace.Event, kind string) bool {
	switch kind {
	case "crash":
		return e.Kind == trace.Crash
	case "token loss":
		return e.Kind == trace.Fault && len(e.Text) > 12 && e.Text[:12] == "begins: cut "
	case "merge":
		return e.Kind == trace.Fault && len(e.Text) > 16 && e.Text[:16] == "ends: partition "
	}
	return e.Kind == trace.Start && position(e.Process) == 4
}
