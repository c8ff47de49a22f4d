package scenario

import (
	"fmt"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// countersPass is SCN-12: all counters start a little below a limit and pass it
// together, in a ring that also breaks and forms meanwhile.
func countersPass() Scenario {
	s := Scenario{ID: "SCN-12", Title: "counters start just below 2^16, 2^28, 2^31, 2^32 and 2^63", Elsewhere: []string{"multipath: TestCountersNearLimits, TestCountersUsedUp"}}
	for _, bits := range []int{16, 28, 31, 32, 63} {
		s.Cases = append(s.Cases, both(fmt.Sprintf("2^%d", bits), func(mode sim.Mode) Case {
			var plans []*sim.Plan
			limit := uint64(1) << bits
			for _, k := range []uint64{1, 20, 150, 400} {
				p := sim.NewPlan(mode, 3, 2)
				p.StartSeq, p.StartTSeq, p.StartCounter = ring.Seq(limit-k), limit-k, limit-k
				p.RunFor = 5 * time.Second
				p.Load = busy(p, 100*time.Millisecond, p.RunFor)
				p.Faults = []sim.Fault{
					partition(2*time.Second, time.Second, 0, 0, 1), crash(3500*time.Millisecond, 10*time.Millisecond, 1),
					{Kind: sim.Loss, At: formed, For: 3 * time.Second, Network: everyone, From: everyone, To: everyone, Rate: 100},
				}
				plans = append(plans, p)
			}
			return Case{Plans: plans, Watch: func(p *sim.Plan) []Watch {
				return []Watch{
					delivered(1000),
					saw("a message beyond the limit", func(e *trace.Event) bool { return e.Kind == trace.Deliver && uint64(e.Seq) > limit }),
					saw("a token beyond the limit", func(e *trace.Event) bool { return e.Kind == trace.TokenIn && e.TSeq > limit }),
					passed("with a counter beyond the limit", func(g *sim.Passage) bool { return g.Counter() > limit }),
				}
			}}
		})...)
	}
	return s
}

// sizesAtEdges is SCN-13: messages of every size around one, two and three
// packets, so that every boundary is met whatever the headers cost, and around
// the longest. Packets get lost and the ring breaks, so that they are sent again
// and recovered.
func sizesAtEdges() Scenario {
	s := Scenario{ID: "SCN-13", Title: "message sizes around every fragment, packet and MTU boundary", Elsewhere: []string{"internal/lab"}}
	for _, payload := range []int{600, 1400, 8900} {
		s.Cases = append(s.Cases, both(fmt.Sprintf("payload %d,", payload), func(mode sim.Mode) Case {
			p := sim.NewPlan(mode, 3, 2)
			p.PayloadSize = payload
			p.RunFor = 8 * time.Second
			want := map[int]bool{}
			for n := range 3 {
				edge := (n + 1) * payload
				for size := edge - (n+1)*120; size <= edge+2; size++ {
					want[size] = true
				}
			}
			for _, size := range []int{0, 1, 2, 143_999, 144_000} {
				want[size] = true
			}
			at := formed
			for size := range 144_001 {
				if want[size] {
					p.Load = append(p.Load, sim.Load{At: at, Daemon: size % 3, Service: ring.Agreed + ring.Service(size%2), Size: size, Count: 1})
					at += 6 * time.Millisecond
				}
			}
			p.Faults = []sim.Fault{{Kind: sim.Loss, At: formed, For: 6 * time.Second, Network: everyone, From: everyone, To: everyone, Rate: 400}}
			for t := 2 * time.Second; t < 6*time.Second; t += time.Second {
				// Longer than the failure detection time: the ring must break.
				p.Faults = append(p.Faults, partition(t, 700*time.Millisecond, 0, 1, int(t/time.Second)%2))
			}
			return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
				return []Watch{everySize(want), neverOver(p), sometimes(recovered()), delivered(uint64(len(want)))}
			}}
		})...)
	}
	return s
}

// everySize wants a message of each size to be delivered by somebody. That all
// are delivered intact where they must be is INT-6 and VS-1.
func everySize(want map[int]bool) Watch {
	missing := map[int]bool{}
	for n := range want {
		missing[n] = true
	}
	return Watch{
		See: func(e *trace.Event) {
			if e.Kind == trace.Deliver || e.Kind == trace.ClientDeliver {
				delete(missing, e.Message.Length)
			}
		},
		Missed: func() string {
			if len(missing) == 0 {
				return ""
			}
			return fmt.Sprintf("%d sizes were never delivered", len(missing))
		},
	}
}

// neverOver wants no packet larger than what the interfaces take. What a ring
// packet may be is the ring's payload; an engine's datagrams are judged by the
// simulator.
func neverOver(p *sim.Plan) Watch {
	over, full := "", false
	return Watch{
		Packet: func(g *sim.Passage) {
			if p.Mode != sim.RingMode || g.RingKind() == 0 {
				full = full || p.Mode != sim.RingMode && len(g.Data) >= p.PayloadSize
				return
			}
			n := len(g.RingPayload())
			if n > p.PayloadSize && over == "" {
				over = fmt.Sprintf("a packet of kind %d has %d bytes", g.RingKind(), n)
			}
			full = full || n == p.PayloadSize
		},
		Missed: func() string {
			if over == "" && !full {
				return "no packet was full"
			}
			return over
		},
	}
}

// betweenFragments is SCN-14: the ring breaks at every stage of a long message.
func betweenFragments() Scenario {
	s := Scenario{ID: "SCN-14", Title: "a change of configuration between two fragments", Elsewhere: []string{"ring: TestChangeBetweenFragments"}}
	s.Cases = both("", func(mode sim.Mode) Case {
		var plans []*sim.Plan
		for step := range 24 {
			p := sim.NewPlan(mode, 3, 2)
			p.RunFor = 5 * time.Second
			p.Load = []sim.Load{
				{At: formed, Daemon: 0, Service: ring.Safe, Size: 100, Count: 1},
				{At: 2 * time.Second, Daemon: 0, Service: ring.Agreed, Size: 140_000, Count: 1},
				{At: 2 * time.Second, Daemon: 1, Service: ring.Agreed, Size: 140_000, Count: 1},
			}
			p.Faults = []sim.Fault{partition(2*time.Second+time.Duration(step)*500*time.Microsecond, 1500*time.Millisecond, 0, 0, 1)}
			plans = append(plans, p)
		}
		return Case{Plans: plans, Watch: func(p *sim.Plan) []Watch {
			return []Watch{
				settled(p), wholeOnce(),
				sometimes(counted("a message given up in pieces", func(c *ring.Counters) uint64 { return c.ReassemblyAbandoned })),
				sometimes(saw("a message begun in one ring and ended in another", inANewRing())),
			}
		}}
	})
	return s
}

// inANewRing recognises that a long message is originated in a later ring than
// the one in which it was submitted.
func inANewRing() func(e *trace.Event) bool {
	submittedIn := ring.RingID{}
	now := map[ring.Process]ring.RingID{}
	return func(e *trace.Event) bool {
		switch {
		case regular(e):
			now[e.Process] = e.Conf.New
		case (e.Kind == trace.Submit || e.Kind == trace.ClientSend) && e.Message.Length > 100_000:
			submittedIn = now[e.Process]
		case e.Kind == trace.Originate && e.Message.Length > 100_000:
			return e.Ring != submittedIn
		}
		return false
	}
}

// wholeOnce wants each long message to be originated once.
func wholeOnce() Watch {
	times := map[ring.Process]int{}
	return Watch{
		See: func(e *trace.Event) {
			if e.Kind == trace.Originate && e.Message.Length > 100_000 {
				times[e.Process]++
			}
		},
		Missed: func() string {
			for who, n := range times {
				if n != 1 {
					return fmt.Sprintf("%s has originated its long message %d times", trace.ProcessString(who), n)
				}
			}
			if len(times) != 2 {
				return fmt.Sprintf("%d long messages were originated, not 2", len(times))
			}
			return ""
		},
	}
}
