package scenario

import (
	"fmt"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// pauses is SCN-15: a daemon stands still while its clients go on submitting,
// with its queue of packets kept, cut short or lost.
func pauses() Scenario {
	s := Scenario{ID: "SCN-15", Title: "pause of 0.5, 1, 3 and 100 token timeouts while its clients submit", Elsewhere: []string{"ring: TestTokenFoundAfterAPause", "internal/lab"}}
	for _, times := range []float64{0.5, 1, 3, 100} {
		s.Cases = append(s.Cases, both(fmt.Sprintf("%v x", times), func(mode sim.Mode) Case {
			var plans []*sim.Plan
			for i := range 9 {
				p := sim.NewPlan(mode, 3, 2)
				paused := i % 3
				lasts := time.Duration(times * float64(p.FailureDetection))
				at := 2*time.Second + time.Duration(i)*370*time.Microsecond
				p.RunFor = at + lasts + 3*time.Second
				p.Faults = []sim.Fault{{
					Kind: sim.Pause, At: at, For: lasts, Network: everyone, From: paused, To: everyone, Count: []int{0, 50, 1_000_000}[i/3],
				}}
				p.Load = busy(p, formed, 4*time.Second)
				for k := range 20 {
					p.Load = append(p.Load, sim.Load{At: at + lasts*time.Duration(k)/20, Daemon: paused, Lane: 3, Service: ring.Safe, Size: 200, Count: 1})
				}
				plans = append(plans, p)
			}
			return Case{Plans: plans, Watch: func(p *sim.Plan) []Watch {
				list := []Watch{settled(p), silentUntilNew(), pausedAndSubmitted(p)}
				if times < 1 {
					return append(list, noChange(formed, time.Hour))
				}
				return append(list, atMost(4, formed))
			}}
		})...)
	}
	return s
}

// silentUntilNew wants no process that the others have gone on without to put
// messages in order in the ring they have left, after it goes on.
func silentUntilNew() Watch {
	type member struct {
		ring ring.RingID
		at   time.Duration // of its last regular configuration
	}
	in := map[ring.Process]*member{}
	left := map[ring.RingID]bool{} // rings some member has left for another
	resumed := map[ring.Process]bool{}
	return never("a message of a ring that the others have left", func(e *trace.Event) bool {
		switch {
		case regular(e):
			if m := in[e.Process]; m != nil {
				left[m.ring] = true
			}
			in[e.Process] = &member{e.Conf.New, e.Time}
			delete(resumed, e.Process)
		case e.Kind == trace.Resume:
			resumed[e.Process] = true
		case e.Kind == trace.Originate:
			return resumed[e.Process] && left[e.Ring]
		}
		return false
	})
}

// pausedAndSubmitted wants what was submitted during the pause to have been
// taken and put in order after it.
func pausedAndSubmitted(p *sim.Plan) Watch {
	end := p.Faults[0].At + p.Faults[0].For
	paused, after := false, 0
	return Watch{
		See: func(e *trace.Event) {
			switch {
			case e.Kind == trace.Pause:
				paused = true
			case (e.Kind == trace.Submit || e.Kind == trace.ClientSend && e.Message.Length > 0) && position(e.Process) == p.Faults[0].From && e.Time == end:
				after++
			}
		},
		Missed: func() string {
			if paused && after >= 20 {
				return ""
			}
			return fmt.Sprintf("%d messages were submitted during the pause", after)
		},
	}
}

// wallClock is SCN-27. The core reads no clock; the epoch it is started with is
// the one number that comes from the wall clock. So a jump changes nothing at
// all in lives that have begun, and new lives, begun with an epoch that is years
// off, still form rings with ids that grow.
func wallClock() Scenario {
	s := Scenario{ID: "SCN-27", Title: "wall clocks jump on all daemons", Elsewhere: []string{"internal/deptest: TestWallClockIsReadInOnePlace"}}
	const year = 365 * 24 * time.Hour
	for _, by := range []time.Duration{-time.Hour, time.Hour, -10 * year, 10 * year} {
		s.Cases = append(s.Cases, both(by.String(), func(mode sim.Mode) Case {
			p := sim.NewPlan(mode, 3, 2)
			p.RunFor = 6 * time.Second
			p.Load = busy(p, formed, p.RunFor)
			p.Faults = []sim.Fault{partition(3*time.Second, time.Second, 0, 0, 1)}
			return Case{
				Plans: []*sim.Plan{jumping(p, by)},
				Watch: func(p *sim.Plan) []Watch { return []Watch{jumped(p), delivered(3000)} },
				Twin:  &Twin{Change: func(p *sim.Plan) { p.Faults = p.Faults[:1] }, Counters: func(*ring.Counters) {}},
			}
		})...)
	}
	s.Cases = append(s.Cases, both("and restarts,", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = 12 * time.Second
		p.Load = busy(p, formed, p.RunFor)
		for i := range 3 {
			p.Faults = append(p.Faults, crash(3500*time.Millisecond+time.Duration(i)*2*time.Second, 100*time.Millisecond, i))
		}
		for i, by := range []time.Duration{-10 * year, 10 * year, -time.Hour} {
			p.Faults = append(p.Faults, sim.Fault{Kind: sim.Wall, At: 2 * time.Second, For: time.Hour, Network: everyone, From: i, To: everyone, Delay: by})
		}
		return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			return []Watch{settled(p), rejoined(p), delivered(5000)}
		}}
	})...)
	return s
}

// jumping lets the wall clocks of all daemons jump, one after the other, during
// the run of a plan with one fault.
func jumping(p *sim.Plan, by time.Duration) *sim.Plan {
	p = copyOf(p)
	for d := range p.Daemons {
		p.Faults = append(p.Faults, sim.Fault{Kind: sim.Wall, At: 2*time.Second + time.Duration(d)*700*time.Millisecond, For: 2 * time.Second, Network: everyone, From: d, To: everyone, Delay: by})
	}
	return p
}

// jumped wants the clock of every daemon to have jumped.
func jumped(p *sim.Plan) Watch {
	return sawAtLeast(p.Daemons, "a wall clock jumps", func(e *trace.Event) bool {
		return e.Kind == trace.Fault && len(e.Text) > 13 && e.Text[:13] == "begins: wall "
	})
}
