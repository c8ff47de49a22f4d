package scenario

import (
	"fmt"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// nonTransitive is SCN-06: h0 and h2 do not hear each other, h1 hears both, for
// ever. Both ends cannot share a ring; the middle one settles with one of them.
func nonTransitive() Scenario {
	s := Scenario{ID: "SCN-06", Title: "non-transitive cut on all networks, permanent", Elsewhere: []string{"ring: TestNonTransitiveCutSettles", "internal/lab"}}
	s.Cases = both("", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = 8 * time.Second
		p.Faults = []sim.Fault{forever(cut(formed, 0, everyone, 0, 2)), forever(cut(formed, 0, everyone, 2, 0))}
		p.Load = busy(p, formed, p.RunFor)
		p.Core = []int{1}
		return Case{Plans: []*sim.Plan{p}, Seeds: 5, Watch: func(*sim.Plan) []Watch {
			return []Watch{
				noChange(5*time.Second, time.Hour), sizes(2, 2, 1),
				never("both ends in one ring", func(e *trace.Event) bool {
					return regular(e) && e.Time > 2500*time.Millisecond && len(e.Conf.Members) == 3
				}),
				lost("between the ends", func(g *sim.Passage) bool { return g.From == 0 && g.To == 2 }),
			}
		}}
	})
	// Four in a row that each hear their neighbours only, and two pairs that
	// hear each other but for one link: where each settles is up to them, that
	// they settle is not.
	s.Cases = append(s.Cases, both("a row of four,", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 4, 2)
		p.RunFor = 8 * time.Second
		for _, pair := range [][2]int{{0, 2}, {0, 3}, {1, 3}} {
			p.Faults = append(p.Faults, forever(cut(formed, 0, everyone, pair[0], pair[1])), forever(cut(formed, 0, everyone, pair[1], pair[0])))
		}
		p.Load = busy(p, formed, p.RunFor)
		p.Core = []int{1}
		return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(*sim.Plan) []Watch {
			return []Watch{noChange(6*time.Second, time.Hour), sizes(2, 2, 2, 2)}
		}}
	})...)
	return s
}

// forever makes a fault permanent.
func forever(f sim.Fault) sim.Fault {
	f.Permanent = true
	return f
}

// sizes wants the last configurations of the daemons to be of these sizes, in
// any order.
func sizes(want ...int) Watch {
	last := map[ring.DaemonID]int{}
	return Watch{
		See: func(e *trace.Event) {
			if regular(e) {
				last[e.Process.Daemon] = len(e.Conf.Members)
			}
		},
		Missed: func() string {
			count := map[int]int{}
			for _, n := range want {
				count[n]++
			}
			for _, n := range last {
				count[n]--
			}
			for _, n := range count {
				if n != 0 {
					return fmt.Sprintf("the last configurations have sizes %v, not %v", last, want)
				}
			}
			return ""
		},
	}
}

// deafOrMute is SCN-07: one daemon is deaf, or mute, for ever.
func deafOrMute() Scenario {
	s := Scenario{ID: "SCN-07", Title: "deaf daemon; mute daemon; permanent", Elsewhere: []string{"internal/lab"}}
	for _, f := range []sim.Fault{{Kind: sim.Deaf, From: everyone, To: 0}, {Kind: sim.Mute, From: 0, To: everyone}} {
		s.Cases = append(s.Cases, both(string(f.Kind), func(mode sim.Mode) Case {
			p := sim.NewPlan(mode, 4, 2)
			f := forever(f)
			f.At, f.Network = formed, everyone
			p.Faults = []sim.Fault{f}
			p.RunFor = 5 * time.Second
			p.Load = busy(p, formed, p.RunFor)
			p.Core = []int{1, 2, 3}
			return Case{Plans: []*sim.Plan{p}, Seeds: 5, Watch: func(*sim.Plan) []Watch {
				return []Watch{
					never("a change among the others", func(e *trace.Event) bool {
						return regular(e) && position(e.Process) != 0 && e.Time >= 4*time.Second
					}),
					sizes(3, 3, 3, 1), silent(f.Kind == sim.Deaf, formed),
				}
			}}
		})...)
	}
	return s
}

// silent wants everything to daemon 0 to be lost, or everything from it.
func silent(deaf bool, from time.Duration) Watch {
	lost, came := 0, 0
	return Watch{
		Packet: func(g *sim.Passage) {
			if g.Now <= from || deaf && g.To != 0 || !deaf && g.From != 0 {
				return
			}
			if g.Lost {
				lost++
			} else {
				came++
			}
		},
		Missed: func() string {
			if lost > 100 && came == 0 {
				return ""
			}
			return fmt.Sprintf("%d packets lost, %d came", lost, came)
		},
	}
}

// massStart is SCN-10.
func massStart() Scenario {
	s := Scenario{ID: "SCN-10", Title: "32 daemons start in one tick"}
	s.Cases = both("", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 32, 2)
		p.RunFor = 100 * time.Millisecond
		p.Converge = 3 * time.Second // 6 times the failure detection time
		return Case{Plans: []*sim.Plan{p}, Watch: func(p *sim.Plan) []Watch {
			return []Watch{settled(p), atMost(3, 0), saw("32 starts at once", func(e *trace.Event) bool { return e.Kind == trace.Start && e.Index >= 32 })}
		}}
	})
	return s
}

// partitionAndCrash is SCN-11: the links come back at every step of the time in
// which both sides gather, while their joins are in flight.
func partitionAndCrash() Scenario {
	s := Scenario{ID: "SCN-11", Title: "partition and crash together; the link returns while joins of both sides are in flight"}
	s.Cases = both("", func(mode sim.Mode) Case {
		var plans []*sim.Plan
		steps := map[sim.Mode]int{sim.RingMode: 40, sim.EngineMode: 10}[mode]
		for step := range steps {
			p := sim.NewPlan(mode, 5, 2)
			p.Unfiltered = true
			// Packets take long, and on network B sometimes much longer, so that joins
			// of a Gather that is over still come; some are lost on network A, so that
			// the late copy is the first.
			p.Hops = []time.Duration{8 * time.Millisecond, 8 * time.Millisecond}
			p.RunFor = 6 * time.Second
			lasts := 500*time.Millisecond + time.Duration(step)*240*time.Millisecond/time.Duration(steps)
			p.Faults = []sim.Fault{
				partition(2*time.Second, lasts, 0, 0, 1, 1, 1), crash(2*time.Second, 2*time.Second, 4),
				{Kind: sim.Late, At: 2 * time.Second, For: time.Second, Network: 1, From: everyone, To: everyone, Delay: 150 * time.Millisecond},
				{Kind: sim.Loss, At: 2 * time.Second, For: time.Second, Network: 0, From: everyone, To: everyone, Rate: 200},
			}
			p.Load = steady(p, formed, 5*time.Second, 10*time.Millisecond)
			plans = append(plans, p)
		}
		return Case{Plans: plans, Watch: func(p *sim.Plan) []Watch {
			back := p.Faults[0].At + p.Faults[0].For
			return []Watch{
				settled(p), sometimes(joinsInFlight(back)),
				sometimes(counted("a join ignored", func(c *ring.Counters) uint64 { return c.JoinsIgnored })),
			}
		}}
	})
	return s
}

// joinsInFlight wants joins of both sides to be under way at a time.
func joinsInFlight(at time.Duration) Watch {
	under := map[int]bool{}
	return Watch{
		Packet: func(g *sim.Passage) {
			if g.RingKind() == ring.KindJoin && !g.Lost && g.Now < at && g.At > at {
				under[min(g.From/2, 1)] = true
			}
		},
		Missed: func() string {
			if len(under) == 2 {
				return ""
			}
			return fmt.Sprintf("joins of %d sides were in flight when the link came back", len(under))
		},
	}
}

// threeMerge is SCN-23: three partitions come together at once, each with safe
// messages that not all of its members have yet.
func threeMerge() Scenario {
	s := Scenario{ID: "SCN-23", Title: "three partitions merge at once, each with safe messages in flight"}
	s.Cases = both("", func(mode sim.Mode) Case {
		var plans []*sim.Plan
		for step := range 8 {
			p := sim.NewPlan(mode, 6, 2)
			p.RunFor = 5 * time.Second
			p.Faults = []sim.Fault{partition(formed, 2*time.Second+time.Duration(step)*time.Millisecond, 0, 0, 1, 1, 2, 2)}
			for i := range 4000 { // one of each daemon in every rotation
				p.Load = append(p.Load, sim.Load{At: formed + 1900*time.Millisecond + time.Duration(i)*200*time.Microsecond, Daemon: i % 6, Service: ring.Safe, Size: 300, Count: 1})
			}
			plans = append(plans, p)
		}
		return Case{Plans: plans, Watch: func(p *sim.Plan) []Watch {
			return []Watch{settled(p), saw("three rings become one", threeCome), safeInFlight(3), saw("a safe message delivered in a transitional configuration", safeInTransitional)}
		}}
	})
	return s
}

func threeCome(e *trace.Event) bool {
	if !regular(e) {
		return false
	}
	from := map[ring.RingID]bool{}
	for _, id := range e.Conf.Came {
		from[id] = true
	}
	return len(e.Conf.Members) == 6 && len(from) == 3
}

func safeInTransitional(e *trace.Event) bool {
	return e.Kind == trace.Deliver && e.In.Kind == ring.Transitional && e.Message.Service == ring.Safe
}

// safeInFlight wants so many rings to end while some of their members have
// originated safe messages that they have not delivered.
func safeInFlight(n int) Watch {
	open := map[ring.Process]map[uint64]ring.RingID{}
	rings := map[ring.RingID]bool{}
	return Watch{
		See: func(e *trace.Event) {
			switch {
			case e.Kind == trace.Originate && e.Message.Service == ring.Safe:
				if open[e.Process] == nil {
					open[e.Process] = make(map[uint64]ring.RingID)
				}
				open[e.Process][e.Message.Counter] = e.Ring
			case e.Kind == trace.Deliver && e.Message.Sender == e.Process:
				delete(open[e.Process], e.Message.Counter)
			case e.Kind == trace.State && e.State == ring.Gather:
				for _, id := range open[e.Process] {
					rings[id] = true
				}
			}
		},
		Missed: func() string {
			if len(rings) >= n {
				return ""
			}
			return fmt.Sprintf("%d rings, not %d, ended with safe messages in flight", len(rings), n)
		},
	}
}
