package scenario

import (
	"time"

	"mpspread/internal/check"
	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// safeAtEveryStep is SCN-20: safe messages are in flight, and the ring breaks at
// every instant at which anything happens to them, and inside every step.
func safeAtEveryStep() Scenario {
	s := Scenario{ID: "SCN-20", Title: "a safe message in flight; the ring breaks at every possible step", Elsewhere: []string{"ring: TestSafeMessageInTransitional"}}
	calm := func() *sim.Plan {
		p := sim.NewPlan(sim.RingMode, 3, 1)
		p.RunFor = formed + 1200*time.Millisecond
		p.Load = []sim.Load{
			{At: formed, Daemon: 0, Service: ring.Safe, Size: 50, Count: 3}, {At: formed, Daemon: 1, Service: ring.Safe, Size: 50, Count: 3},
			{At: formed + 2*time.Millisecond, Daemon: 2, Service: ring.Safe, Size: 2000, Count: 2},
		}
		return p
	}
	watch := func(*sim.Plan) []Watch {
		return []Watch{
			sometimes(saw("a safe message delivered in a transitional configuration", safeInTransitional)),
			sometimes(saw("a safe message delivered in a regular one", func(e *trace.Event) bool {
				return e.Kind == trace.Deliver && e.In.Kind == ring.Regular && e.Message.Service == ring.Safe
			})),
			sometimes(safeInFlight(1)),
		}
	}
	instants := instantsOf(calm(), formed)
	for _, breaks := range []struct {
		name string
		at   func(at time.Duration) sim.Fault
	}{
		{"alone 0", func(at time.Duration) sim.Fault { return partition(at, time.Second, 1, 0, 0) }},
		{"alone 1", func(at time.Duration) sim.Fault { return partition(at, time.Second, 0, 1, 0) }},
		{"alone 2", func(at time.Duration) sim.Fault { return partition(at, time.Second, 0, 0, 1) }},
		{"all alone", func(at time.Duration) sim.Fault { return partition(at, time.Second, 0, 1, 2) }},
		{"crash 0", func(at time.Duration) sim.Fault { return crash(at, time.Second, 0) }},
		{"crash 1", func(at time.Duration) sim.Fault { return crash(at, time.Second, 1) }},
		{"crash 2", func(at time.Duration) sim.Fault { return crash(at, time.Second, 2) }},
	} {
		var plans []*sim.Plan
		for _, at := range instants {
			p := calm()
			p.Faults = []sim.Fault{breaks.at(at)}
			plans = append(plans, p)
		}
		s.Cases = append(s.Cases, Case{Name: breaks.name, Plans: plans, Watch: watch})
	}
	var plans []*sim.Plan
	for _, event := range []string{"safe-originated", "data-sent", "token-sent", "token-accepted", "safe-delivered", "delivered-in-transitional", "transitional", "regular", "recovered-sent", "recovered-all"} {
		for nth := range 6 {
			p := calm()
			p.Faults = []sim.Fault{partition(formed+8*time.Millisecond, 700*time.Millisecond, 0, 0, 1), crash(formed, 300*time.Millisecond, 0)}
			p.Faults[1].On, p.Faults[1].Nth, p.Faults[1].Role = event, nth+1, sim.Actor
			plans = append(plans, p)
		}
	}
	s.Cases = append(s.Cases, Case{Name: "crash within a step", Plans: plans, Watch: watch})
	return s
}

// instantsOf are the times of a run, from one on, at which anything is traced
// until all is delivered and stable everywhere: a fault begins just before and
// just after each.
func instantsOf(p *sim.Plan, from time.Duration) (list []time.Duration) {
	last := time.Duration(0)
	end := from + 40*time.Millisecond
	sim.Run(p, sim.Options{Each: func(e *trace.Event) {
		if e.Time < from || e.Time > end || e.Time == last {
			return
		}
		last = e.Time
		list = append(list, e.Time-time.Microsecond, e.Time+time.Microsecond)
		if e.Kind == trace.Deliver && e.Message.Service == ring.Safe {
			end = e.Time + 10*time.Millisecond
		}
	}})
	return list
}

// senderLost is SCN-21: a sender and its message are lost together, later
// messages of others are held.
func senderLost() Scenario {
	s := Scenario{ID: "SCN-21", Title: "sender and its message lost together, later messages held", Elsewhere: []string{"ring: TestHoleInTransitional, TestObligationSurvivesABrokenRecovery"}}
	var plans []*sim.Plan
	for step := range 120 {
		p := sim.NewPlan(sim.RingMode, 4, 1)
		p.Seed = uint64(step)
		for i := range 80 { // a message of each in every rotation
			at := formed + time.Duration(i/4)*time.Millisecond
			p.Load = append(p.Load, sim.Load{At: at, Daemon: i % 4, Service: ring.Agreed + ring.Service(i%2), Size: 900, Count: 1})
		}
		second := partition(formed+100*time.Millisecond, time.Second, 0, 1, 0, 0)
		second.On, second.After = "operational", time.Duration(step%5)*700*time.Microsecond
		dies := crash(formed+time.Duration(step%40)*500*time.Microsecond, time.Second, 3)
		dies.Count = step % 4
		p.Faults = []sim.Fault{
			{Kind: sim.Loss, At: formed, For: 40 * time.Millisecond, Network: everyone, From: 3, To: everyone, Rate: 700},
			dies, second,
		}
		p.RunFor = formed + 2*time.Second
		plans = append(plans, p)
	}
	s.Cases = []Case{{Name: "ring", Plans: plans, Watch: func(*sim.Plan) []Watch {
		return []Watch{sometimes(exercised(check.GAP2)), sometimes(exercised(check.GAP3)), sometimes(lostForGood())}
	}}}
	return s
}

// exercised wants a property to have been decided.
func exercised(p check.Property) Watch {
	n := uint64(0)
	return Watch{
		End: func(r *sim.Result) { n = r.Exercised[p] },
		Missed: func() string {
			if n > 0 {
				return ""
			}
			return p.String() + " was never decided"
		},
	}
}

// lostForGood wants a message that its sender has put in order, that is
// delivered by nobody, and a later one of its ring that is.
func lostForGood() Watch {
	type place struct {
		ring ring.RingID
		seq  ring.Seq
	}
	gone, last := map[place]bool{}, map[ring.RingID]ring.Seq{}
	return Watch{
		See: func(e *trace.Event) {
			switch e.Kind {
			case trace.Originate:
				gone[place{e.Ring, e.Seq}] = true
			case trace.Deliver:
				delete(gone, place{e.Ring, e.Seq})
				last[e.Ring] = max(last[e.Ring], e.Seq)
			}
		},
		Missed: func() string {
			for at := range gone {
				if last[at.ring] > at.seq {
					return ""
				}
			}
			return "no message was lost with its sender while later ones were delivered"
		},
	}
}
