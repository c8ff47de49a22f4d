package scenario

import (
	"fmt"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// slowReceiver is SCN-16: what one daemon receives is limited to a tenth of
// what the others offer. The ring slows to it or goes on without it.
func slowReceiver() Scenario {
	s := Scenario{ID: "SCN-16", Title: "one receiver limited to 10 %", Elsewhere: []string{"internal/lab"}}
	s.Cases = both("", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = 8 * time.Second
		// The others offer 1000 packets a second, data alone.
		for d := range 2 {
			p.Load = append(p.Load, sim.Load{At: formed, Daemon: d, Service: ring.Agreed, Size: 1200, Count: 3000, Every: 2 * time.Millisecond})
		}
		p.Faults = []sim.Fault{{Kind: sim.Limit, At: formed, For: 6 * time.Second, Network: everyone, From: everyone, To: 2, Delay: 10 * time.Millisecond, Count: 20}}
		return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			return []Watch{
				settled(p), delivered(9000), lost("to the limited daemon", func(g *sim.Passage) bool { return g.To == 2 && g.RingKind() == ring.KindData }),
				progress(formed, p.RunFor, 4*p.FailureDetection),
			}
		}}
	})
	return s
}

// progress wants somebody to deliver something in every stretch of a time.
func progress(from, to, within time.Duration) Watch {
	last, longest := from, time.Duration(0)
	return Watch{
		See: func(e *trace.Event) {
			if e.Kind == trace.Deliver && e.Time >= from && e.Time < to {
				longest = max(longest, e.Time-last)
				last = e.Time
			}
		},
		Missed: func() string {
			if longest = max(longest, to-last); longest <= within {
				return ""
			}
			return fmt.Sprintf("nothing was delivered for %v", longest)
		},
	}
}

// largeLost is SCN-17: packets larger than the token do not reach one daemon,
// for ever. A bare ring goes on without it; a daemon finds out what its paths
// carry and cuts packets up.
func largeLost() Scenario {
	s := Scenario{ID: "SCN-17", Title: "only packets larger than the token are lost", Elsewhere: []string{"internal/lab"}}
	limits := map[sim.Mode]int{sim.RingMode: 250, sim.EngineMode: 400}
	s.Cases = both("", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = 10 * time.Second
		p.Load = busy(p, formed, 9*time.Second)
		for _, to := range []int{2} {
			p.Faults = append(p.Faults, sim.Fault{Kind: sim.Large, At: formed, For: 0, Permanent: true, Network: everyone, From: everyone, To: to, Rate: 1000, Count: limits[mode]})
		}
		p.Core = []int{0, 1}
		return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			list := []Watch{
				lost("for its size", func(g *sim.Passage) bool { return g.To == 2 && g.RingKind() == ring.KindData }),
				passed("small enough to the same daemon", func(g *sim.Passage) bool {
					return g.To == 2 && !g.Lost && g.Now > formed && g.RingKind() == ring.KindToken
				}),
				progress(formed, 9*time.Second, 4*p.FailureDetection),
			}
			if mode == sim.RingMode {
				list = append(list, saw("the others go on without it", func(e *trace.Event) bool {
					return regular(e) && len(e.Conf.Members) == 2 && e.Time > formed && e.Time < formed+6*p.FailureDetection
				}))
			}
			return append(list, requestsEnd(3*p.FailureDetection))
		}}
	})
	return s
}

// requestsEnd wants no daemon to ask for one packet for longer than this.
func requestsEnd(within time.Duration) Watch {
	type want struct {
		by   ring.Process
		ring ring.RingID
		seq  ring.Seq
	}
	first := map[want]time.Duration{}
	longest := time.Duration(0)
	return Watch{
		See: func(e *trace.Event) {
			if e.Kind != trace.Request {
				return
			}
			w := want{e.Process, e.Ring, e.Seq}
			if _, ok := first[w]; !ok {
				first[w] = e.Time
			}
			longest = max(longest, e.Time-first[w])
		},
		Missed: func() string {
			if longest <= within {
				return ""
			}
			return fmt.Sprintf("a packet was asked for again and again for %v", longest)
		},
	}
}

// otherHolder is SCN-18: the sender of a message, its first holder, cannot reach
// one member with what it sends again.
func otherHolder() Scenario {
	s := Scenario{ID: "SCN-18", Title: "the first holder of a missing message cannot reach the requester", Elsewhere: []string{"ring: TestAnswererChanges"}}
	for _, pair := range [][2]int{{0, 2}, {1, 0}, {2, 1}} {
		s.Cases = append(s.Cases, both(fmt.Sprintf("h%d to h%d,", pair[0], pair[1]), func(mode sim.Mode) Case {
			p := sim.NewPlan(mode, 4, 2)
			p.RunFor = 5 * time.Second
			p.Load = steady(p, formed, 4*time.Second, 20*time.Millisecond)
			return Case{
				Plans: []*sim.Plan{p}, Seeds: 3,
				Meddle: func(*sim.Plan) func(*sim.Passage) {
					return func(g *sim.Passage) {
						g.Lost = g.RingKind() == ring.KindData && g.From == pair[0] && g.To == pair[1] && g.Now > formed && g.Now < 4*time.Second
					}
				},
				Watch: func(p *sim.Plan) []Watch {
					return []Watch{
						noChange(formed, p.RunFor), servedByAnother(pair[0], pair[1]), delivered(400), requestsEnd(p.FailureDetection / 5),
					}
				},
			}
		})...)
	}
	return s
}

// servedByAnother wants a daemon to ask for messages, and to be given them by
// others than one that could not reach it.
func servedByAnother(holder, asker int) Watch {
	asked, served := 0, 0
	return Watch{
		Packet: func(g *sim.Passage) {
			if g.RingKind() == ring.KindData && !g.Lost && g.To == asker && g.From != holder {
				served++
			}
		},
		See: func(e *trace.Event) {
			if e.Kind == trace.Request && position(e.Process) == asker {
				asked++
			}
		},
		Missed: func() string {
			if asked >= 10 && served >= 10 {
				return ""
			}
			return fmt.Sprintf("asked for %d, %d came from others", asked, served)
		},
	}
}

// tailCut is SCN-19: a switch drops the end of each burst, where the token is:
// on one network always, and on both every other time.
func tailCut() Scenario {
	s := Scenario{ID: "SCN-19", Title: "a switch cuts the tail of each burst, where the token is", Elsewhere: []string{"internal/lab"}}
	tails := func(mode sim.Mode, network, rate int) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = 5 * time.Second
		for i := range 60 {
			p.Load = append(p.Load, sim.Load{At: formed + time.Duration(i)*40*time.Millisecond, Daemon: i % 3, Service: ring.Agreed, Size: 1200, Count: 8})
		}
		p.Faults = []sim.Fault{{Kind: sim.Tail, At: formed, For: 3 * time.Second, Network: network, From: everyone, To: everyone, Rate: rate, Count: 2}}
		return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			list := []Watch{
				noChange(formed, p.RunFor), delivered(1400),
				lost("a token", func(g *sim.Passage) bool { return g.RingKind() == ring.KindToken }),
			}
			if network == everyone {
				list = append(list, counted("a token sent again", func(c *ring.Counters) uint64 { return c.TokensResent }))
			}
			return list
		}}
	}
	s.Cases = together(
		both("on A, always,", func(mode sim.Mode) Case { return tails(mode, 0, 1000) }),
		both("on both, every other,", func(mode sim.Mode) Case { return tails(mode, everyone, 500) }),
	)
	return s
}

// ghosts is SCN-22: packets of earlier rings and lives come again minutes
// later, on another network than before. The run is that without them.
func ghosts() Scenario {
	s := Scenario{ID: "SCN-22", Title: "packets from an earlier ring or life, minutes late", Elsewhere: []string{"multipath: TestReplayedHelloOfDeadLife, TestRecordingFromBeforeTheStart"}}
	s.Cases = both("", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.Unfiltered = true
		p.FailureDetection = 200 * time.Millisecond
		const late = 3 * time.Minute
		p.RunFor = late + 6*time.Second
		p.Faults = []sim.Fault{
			{Kind: sim.Ghost, At: time.Second, For: 2 * time.Second, Network: everyone, From: everyone, To: everyone, Rate: 500, Delay: late, Count: 1},
			crash(2*time.Second, 100*time.Millisecond, 1), partition(5*time.Second, time.Second, 0, 1, 1), crash(8*time.Second, 100*time.Millisecond, 2),
		}
		p.Load = append(busy(p, time.Second, 3*time.Second), busy(p, late, late+5*time.Second)...)
		return Case{
			Plans: []*sim.Plan{p}, Seeds: 2,
			Watch: func(p *sim.Plan) []Watch {
				list := []Watch{noChange(10*time.Second, p.RunFor), delivered(3000)}
				if mode == sim.RingMode {
					return append(list,
						countedAtLeast(50, "data of another ring", func(c *ring.Counters) uint64 { return c.DataForeign }),
						counted("a token of another ring", func(c *ring.Counters) uint64 { return c.TokensForeign }))
				}
				return append(list, sawAtLeast(50, "a copy below the window, or one come twice", func(e *trace.Event) bool {
					return e.Kind == trace.Packet && e.Time > late && (e.Fate == trace.FateBeyond || e.Fate == trace.FateCopy)
				}))
			},
			Twin: &Twin{
				Change: func(p *sim.Plan) { p.Faults = p.Faults[1:] },
				But: func(e *trace.Event) bool {
					return e.Kind == trace.Packet || e.Kind == trace.TokenIn && e.Verdict != ring.TokenAccepted || e.Kind == trace.Recv && !e.First
				},
			},
		}
	})
	return s
}

// sendErrors is the simulator's part of SCN-30: every send of one daemon on one
// network is refused.
func sendErrors() Scenario {
	s := Scenario{ID: "SCN-30", Title: "descriptors exhausted; send errors on one path", Elsewhere: []string{"daemon: TestDescriptorsExhausted, TestSendErrors", "internal/lab"}}
	s.Cases = both("send errors,", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = 6 * time.Second
		p.Load = busy(p, formed, 5500*time.Millisecond)
		p.Faults = []sim.Fault{
			{Kind: sim.Errors, At: formed, For: 2 * time.Second, Network: 1, From: 0, To: everyone, Rate: 1000, Count: 1000},
			{Kind: sim.Errors, At: 4 * time.Second, For: time.Second, Network: 0, From: 1, To: everyone, Rate: 500, Count: 5},
		}
		return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			return []Watch{noChange(formed, p.RunFor), delivered(3000), refusedOn(0, 1, formed+100*time.Millisecond, formed+2*time.Second)}
		}}
	})
	return s
}

// refusedOn wants nothing of a daemon to leave on a network, and everything to
// on the other.
func refusedOn(daemon, network int, from, to time.Duration) Watch {
	left, other := 0, 0
	return Watch{
		Packet: func(g *sim.Passage) {
			switch {
			case g.From != daemon || g.Now < from || g.Now >= to:
			case g.Network == network:
				left++
			default:
				other++
			}
		},
		Missed: func() string {
			if left == 0 && other > 100 {
				return ""
			}
			return fmt.Sprintf("%d packets left on the network that refuses them, %d on the other", left, other)
		},
	}
}
