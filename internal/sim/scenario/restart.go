package scenario

import (
	"fmt"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// representativeRestarts is SCN-03: the representative is gone and back before
// anybody has noticed, with messages of all in flight.
func representativeRestarts() Scenario {
	s := Scenario{ID: "SCN-03", Title: "the representative crashes and is back before anyone notices"}
	s.Cases = both("", func(mode sim.Mode) Case {
		var plans []*sim.Plan
		for _, gone := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 50 * time.Millisecond} {
			p := sim.NewPlan(mode, 3, 2)
			p.RunFor = 5 * time.Second
			p.Load = steady(p, formed, p.RunFor, 2*time.Millisecond)
			for i := range p.Load {
				p.Load[i].Service = ring.Agreed + ring.Service(i%2)
			}
			p.Faults = []sim.Fault{crash(formed+500*time.Millisecond, gone, 0), crash(formed+2*time.Second, gone, 0)}
			plans = append(plans, p)
		}
		return Case{Plans: plans, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			return []Watch{unnoticed(2, p.Daemons), noHistory(), rejoined(p)}
		}}
	})
	return s
}

// memberRestarts is SCN-04: any member is gone and back within one rotation,
// again and again. Its packet counters begin anew, far below those of the life
// before.
func memberRestarts() Scenario {
	s := Scenario{ID: "SCN-04", Title: "any member restarts within one rotation; packet counters begin anew", Elsewhere: []string{"multipath: TestRestartWithin50ms"}}
	s.Cases = both("", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = formed + 51*time.Second
		for i := range 50 {
			p.Faults = append(p.Faults, crash(formed+time.Duration(i)*time.Second, time.Duration(i%3)*time.Millisecond, i%3))
		}
		p.Load = busy(p, formed, p.RunFor)
		return Case{Plans: []*sim.Plan{p}, Seeds: 2, Watch: func(p *sim.Plan) []Watch {
			return []Watch{
				unnoticed(40, p.Daemons), noHistory(), rejoined(p), lowerCounters(3),
				never("a packet of a new life taken for an old one", func(e *trace.Event) bool {
					return e.Kind == trace.Packet && (e.Fate == trace.FateBeyond || e.Fate == trace.FateForged)
				}),
			}
		}}
	})
	return s
}

// unnoticed wants so many lives to begin while all others are still in a ring
// with the life before.
func unnoticed(n, daemons int) Watch {
	type member struct {
		ring        ring.RingID
		members     int
		operational bool
	}
	all := map[ring.DaemonID]*member{}
	seen := 0
	begins := func(id ring.DaemonID) {
		if last := all[id]; last != nil && last.members == daemons {
			still := 0
			for _, m := range all {
				if m != last && m.operational && m.ring == last.ring {
					still++
				}
			}
			if still == daemons-1 {
				seen++
			}
		}
		all[id] = &member{}
	}
	return Watch{
		See: func(e *trace.Event) {
			switch {
			case e.Kind == trace.Start:
				begins(e.Process.Daemon)
			case regular(e):
				m := all[e.Process.Daemon]
				m.ring, m.members = e.Conf.New, len(e.Conf.Members)
			case e.Kind == trace.State:
				all[e.Process.Daemon].operational = e.State == ring.Operational
			}
		},
		Missed: func() string {
			if seen >= n {
				return ""
			}
			return fmt.Sprintf("%d lives began before the end of the last was noticed, not %d", seen, n)
		},
	}
}

// noHistory wants no process to be given what was sent in a ring that had begun
// before it did.
func noHistory() Watch {
	known := map[ring.RingID]bool{}
	before := map[ring.Process]map[ring.RingID]bool{}
	return never("history of a ring it was not in, for a new life", func(e *trace.Event) bool {
		switch {
		case e.Kind == trace.Start:
			before[e.Process] = make(map[ring.RingID]bool, len(known))
			for id := range known {
				before[e.Process][id] = true
			}
		case regular(e):
			known[e.Conf.New] = true
		case e.Kind == trace.Recv || e.Kind == trace.Deliver:
			return before[e.Process][e.Ring]
		}
		return false
	})
}

// rejoined wants every life to come into a configuration of all daemons.
func rejoined(p *sim.Plan) Watch {
	waiting := map[ring.Process]bool{}
	first := ""
	return Watch{
		See: func(e *trace.Event) {
			switch {
			case e.Kind == trace.Start:
				waiting[e.Process] = true
			case regular(e) && len(e.Conf.Members) == p.Daemons:
				delete(waiting, e.Process)
			case e.Kind == trace.Crash && waiting[e.Process] && first == "":
				first = sim.Line(e)
			}
		},
		Missed: func() string {
			if first == "" && len(waiting) == 0 {
				return ""
			}
			return fmt.Sprintf("not every life came into a configuration of all; %d at the end, %s", len(waiting), first)
		},
	}
}

// lowerCounters wants packets of so many daemons with a lower counter than the
// daemon had used before.
func lowerCounters(n int) Watch {
	highest := map[int]uint64{}
	lower := map[int]bool{}
	return Watch{
		Packet: func(g *sim.Passage) {
			c := g.Counter()
			if c < highest[g.From] {
				lower[g.From] = true
			}
			highest[g.From] = max(highest[g.From], c)
		},
		Missed: func() string {
			if len(lower) >= n {
				return ""
			}
			return fmt.Sprintf("%d daemons, not %d, have begun their packet counters anew", len(lower), n)
		},
	}
}

// fourRestart is SCN-09: while a ring is being recovered, four of its five
// members stop at once and are back at once. The fifth is also handed the
// tokens of the rings that the four form without it.
func fourRestart() Scenario {
	s := Scenario{ID: "SCN-09", Title: "4 of 5 stop at once during recovery and restart at once"}
	var plans []*sim.Plan
	for i := range 24 {
		p := sim.NewPlan(sim.RingMode, 5, 2)
		fifth := i % 5
		p.Load = steady(p, formed, 4*time.Second, 2*time.Millisecond)
		p.RunFor = 5 * time.Second
		p.Faults = []sim.Fault{partition(2*time.Second, 500*time.Millisecond, 0, 0, 0, 0, 1)}
		for d := range p.Daemons {
			if d != fifth {
				f := crash(2500*time.Millisecond, time.Duration(i%3)*time.Millisecond, d)
				f.On, f.After = "recovery", time.Duration(i)*time.Millisecond/2
				p.Faults = append(p.Faults, f)
			}
		}
		plans = append(plans, p)
	}
	s.Cases = []Case{{
		Name: "ring", Plans: plans,
		Meddle: func(p *sim.Plan) func(*sim.Passage) {
			return func(g *sim.Passage) {
				if g.RingKind() == ring.KindToken && g.Network == 0 && g.Now > 2500*time.Millisecond {
					for d := range p.Daemons {
						if d != g.From && d != g.To {
							g.Again(time.Microsecond, d)
						}
					}
				}
			}
		},
		Watch: func(p *sim.Plan) []Watch {
			return []Watch{
				sometimes(stoppedIn(4, ring.Recovery)),
				sometimes(saw("a token of a ring not agreed to", func(e *trace.Event) bool {
					return e.Kind == trace.TokenIn && e.Verdict == ring.TokenForeign && e.Time > 2500*time.Millisecond
				})),
				noHistory(), settled(p),
			}
		},
	}}
	return s
}

// stoppedIn wants so many daemons to stop at one instant while a member is in
// the state.
func stoppedIn(n int, in ring.State) Watch {
	state := map[ring.Process]ring.State{}
	var at time.Duration
	stopped, seen := 0, false
	return Watch{
		See: func(e *trace.Event) {
			switch e.Kind {
			case trace.State:
				state[e.Process] = e.State
			case trace.Crash:
				if at != e.Time {
					at, stopped = e.Time, 0
				}
				for _, is := range state {
					if is == in {
						stopped++
						break
					}
				}
				seen = seen || stopped >= n
				delete(state, e.Process)
			}
		},
		Missed: func() string {
			if seen {
				return ""
			}
			return fmt.Sprintf("never did %d daemons stop at once while one was in %v", n, in)
		},
	}
}

// settled wants the last configuration of every process that lives to be one of
// all daemons.
func settled(p *sim.Plan) Watch {
	size := map[ring.Process]int{}
	return Watch{
		See: func(e *trace.Event) {
			switch {
			case e.Kind == trace.Start:
				size[e.Process] = 0
			case e.Kind == trace.Crash || e.Kind == trace.Stop:
				delete(size, e.Process)
			case regular(e):
				size[e.Process] = len(e.Conf.Members)
			}
		},
		Missed: func() string {
			for who, n := range size {
				if n != p.Daemons {
					return fmt.Sprintf("%s ends in a configuration of %d", trace.ProcessString(who), n)
				}
			}
			if len(size) != p.Daemons {
				return fmt.Sprintf("%d processes live at the end", len(size))
			}
			return ""
		},
	}
}
