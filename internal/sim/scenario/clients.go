package scenario

import (
	"fmt"
	"time"

	"mpspread/groups"
	"mpspread/internal/check"
	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// lowInExchange is SCN-32: partitions merge while clients of all daemons have
// messages of the low services queued in the ring, so that some are delivered by
// the ring before the groups have exchanged their state.
func lowInExchange() Scenario {
	s := Scenario{ID: "SCN-32", Title: "low-service messages during the group state exchange", Elsewhere: []string{"groups: TestHeldUntilAgreed"}}
	var plans []*sim.Plan
	for step := range 4 {
		p := sim.NewPlan(sim.EngineMode, 4, 2)
		p.RunFor = 6 * time.Second
		p.Faults = []sim.Fault{partition(2*time.Second, 1500*time.Millisecond+time.Duration(step)*9*time.Millisecond, 0, 0, 1, 1)}
		for d := range p.Daemons {
			// Some groups, so that there is state to exchange.
			for g := range 40 {
				p.Load = append(p.Load, sim.Load{At: formed, Action: sim.Join, Group: g, Daemon: d, Lane: g % 2, Count: 1})
			}
			// More than fits a rotation, so that something always waits.
			for i := range 100 {
				at := 3400*time.Millisecond + time.Duration(i)*4*time.Millisecond
				p.Load = append(p.Load, sim.Load{At: at, Daemon: d, Lane: i % 2, Group: i % 40, Service: ring.Service(i % 4), Size: 1200, Count: 12})
			}
		}
		plans = append(plans, p)
	}
	s.Cases = []Case{{Name: "engine", Plans: plans, Watch: func(p *sim.Plan) []Watch {
		return []Watch{settled(p), sometimes(heldBack()), exercised(check.LOW1)}
	}}}
	return s
}

// heldBack wants a message of a low service that the ring delivers at a daemon
// some time before the clients there are given it, and none that they are given
// before the ring delivers it.
func heldBack() Watch {
	type message struct {
		at    ring.Process
		by, n uint64
	}
	delivered := map[message]time.Duration{}
	held := 0
	return Watch{
		See: func(e *trace.Event) {
			m := message{e.Process, e.Message.Client, e.Message.ClientCounter}
			switch {
			case m.n == 0 || e.Message.Service > ring.Causal:
			case e.Kind == trace.Deliver:
				delivered[m] = e.Time
			case e.Kind == trace.ClientDeliver && e.Time > delivered[m] && delivered[m] > 0:
				held++
			}
		},
		Missed: func() string {
			if held > 0 {
				return ""
			}
			return "no message of a low service was held back until the groups had exchanged their state"
		},
	}
}

// manyGroups is SCN-35: one client joins 10 000 groups and leaves them again,
// while the daemons part and come together and clients of others are in some of
// the groups too.
func manyGroups() Scenario {
	s := Scenario{ID: "SCN-35", Title: "one client joins and leaves 10 000 groups while members partition"}
	const all, step = 10_000, 300 * time.Microsecond
	p := sim.NewPlan(sim.EngineMode, 3, 2)
	leave := formed + all*step + 500*time.Millisecond
	for g := range all {
		join := sim.Load{At: formed + time.Duration(g)*step, Action: sim.Join, Group: g, Daemon: 0, Lane: 0, Count: 1}
		quit := join
		quit.At, quit.Action = leave+time.Duration(g)*step, sim.Quit
		p.Load = append(p.Load, join, quit)
		if g%250 == 0 {
			join.Daemon, join.At = 1+g/250%2, join.At+time.Second
			p.Load = append(p.Load, join, sim.Load{At: join.At + 300*time.Millisecond, Daemon: join.Daemon, Group: g, Service: ring.Agreed, Size: 100, Count: 1})
		}
	}
	p.RunFor = leave + all*step + 2*time.Second
	p.Faults = []sim.Fault{
		partition(formed+time.Second, time.Second, 0, 1, 1), partition(leave-time.Second, 1500*time.Millisecond, 0, 0, 1), partition(leave+time.Second, time.Second, 0, 1, 2),
	}
	s.Cases = []Case{{Name: "engine", Plans: []*sim.Plan{p}, Watch: func(p *sim.Plan) []Watch {
		return []Watch{
			settled(p), views(all), exercised(check.GRP1), exercised(check.GRP2), exercised(check.GRP3), exercised(check.GRP5),
			saw("a network-caused view", func(e *trace.Event) bool {
				return e.Kind == trace.ClientView && e.View.Cause == uint8(groups.CauseNetwork)
			}),
			groupsLeft(41),
		}
	}}}
	return s
}

// views wants one client to see a view of so many groups, and its own leave of
// each.
func views(n int) Watch {
	seen, left := map[string]bool{}, map[string]bool{}
	return Watch{
		See: func(e *trace.Event) {
			switch {
			case position(e.Process) != 0:
			case e.Kind == trace.ClientView:
				seen[e.View.Group] = true
			case e.Kind == trace.ClientLeave:
				left[e.View.Group] = true
			}
		},
		Missed: func() string {
			if len(seen) >= n && len(left) >= n {
				return ""
			}
			return fmt.Sprintf("a client saw %d groups and its leave of %d", len(seen), len(left))
		},
	}
}

// groupsLeft wants no daemon to know more groups than so many when the run ends.
func groupsLeft(most int) Watch {
	left := 0
	return Watch{
		End: func(r *sim.Result) { left = r.Groups },
		Missed: func() string {
			if left <= most {
				return ""
			}
			return fmt.Sprintf("%d groups are left", left)
		},
	}
}
