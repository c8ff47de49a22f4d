package scenario

import (
	"fmt"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// crossedCut is SCN-05: between every pair one direction lives only on network
// A, the other only on B.
func crossedCut() Scenario {
	s := Scenario{ID: "SCN-05", Title: "crossed cut between every pair", Elsewhere: []string{"multipath: TestCrossedCut", "internal/lab"}}
	s.Cases = both("", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 4, 2)
		p.RunFor = 5 * time.Second
		for from := range p.Daemons {
			for to := range from {
				p.Faults = append(p.Faults, sim.Fault{Kind: sim.Crossed, At: formed, For: 3 * time.Second, Network: everyone, From: from, To: to})
			}
		}
		p.Load = busy(p, formed, 4500*time.Millisecond)
		return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			return []Watch{noChange(formed, p.RunFor), delivered(3000), onePathOnly(p, formed, formed+3*time.Second)}
		}}
	})
	return s
}

// onePathOnly wants every daemon's packets to every other to be lost on one
// network and to come on the other, for as long as the fault lasts.
func onePathOnly(p *sim.Plan, from, to time.Duration) Watch {
	type path struct{ network, from, to int }
	lost, came := map[path]int{}, map[path]int{}
	return Watch{
		Packet: func(g *sim.Passage) {
			switch at := (path{g.Network, g.From, g.To}); {
			case g.Now <= from || g.Now >= to:
			case g.Lost:
				lost[at]++
			default:
				came[at]++
			}
		},
		Missed: func() string {
			pairs := p.Daemons * (p.Daemons - 1)
			for at := range lost {
				if came[at] > 0 {
					return fmt.Sprintf("path %v loses some packets only", at)
				}
			}
			if len(lost) == pairs && len(came) == pairs {
				return ""
			}
			return fmt.Sprintf("of %d pairs, %d lose packets on one network and %d have them on the other", pairs, len(lost), len(came))
		},
	}
}

// oneNetworkDead is MPX-5 in its plain form: each network is dead in turn, in
// both directions, then in one.
func oneNetworkDead(mode sim.Mode) Case {
	p := sim.NewPlan(mode, 3, 2)
	p.RunFor = 8 * time.Second
	p.Faults = []sim.Fault{
		cut(formed, time.Second, 0, everyone, everyone), cut(3*time.Second, time.Second, 1, everyone, everyone),
		cut(4500*time.Millisecond, time.Second, 0, 1, everyone), cut(6*time.Second, time.Second, 1, everyone, 2),
	}
	p.Load = busy(p, formed, 7500*time.Millisecond)
	return Case{Plans: []*sim.Plan{p}, Watch: func(p *sim.Plan) []Watch {
		return []Watch{
			noChange(formed, p.RunFor), delivered(4000),
			lost("on network A", func(g *sim.Passage) bool { return g.Network == 0 && g.RingKind() == ring.KindToken }),
			lost("on network B", func(g *sim.Passage) bool { return g.Network == 1 && g.RingKind() == ring.KindToken }),
		}
	}}
}

// flapping is SCN-24.
func flapping() Scenario {
	s := Scenario{ID: "SCN-24", Title: "a path flaps at 1 and 20 Hz; the networks flap in turn, never both down", Elsewhere: []string{"internal/lab"}}
	s.Cases = both("each network dead in turn,", oneNetworkDead)
	for _, half := range []time.Duration{500 * time.Millisecond, 25 * time.Millisecond} {
		hertz := int(time.Second / (2 * half))
		s.Cases = append(s.Cases, both(fmt.Sprintf("one at %d Hz,", hertz), func(mode sim.Mode) Case { return flap(mode, half, false) })...)
		s.Cases = append(s.Cases, both(fmt.Sprintf("in turn at %d Hz,", hertz), func(mode sim.Mode) Case { return flap(mode, half, true) })...)
	}
	return s
}

// flap takes network A away and gives it back; with turns, B is away while A is
// there.
func flap(mode sim.Mode, half time.Duration, turns bool) Case {
	p := sim.NewPlan(mode, 3, 2)
	p.RunFor = 6 * time.Second
	flaps := func(network int, at time.Duration) sim.Fault {
		return sim.Fault{Kind: sim.Flap, At: at, For: 4 * time.Second, Network: network, From: everyone, To: everyone, Delay: half}
	}
	p.Faults = []sim.Fault{flaps(0, formed)}
	if turns {
		p.Faults = append(p.Faults, flaps(1, formed+half))
	}
	p.Load = busy(p, formed, 5500*time.Millisecond)
	return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
		list := []Watch{
			noChange(formed, p.RunFor), delivered(3000),
			lost("on network A", func(g *sim.Passage) bool { return g.Network == 0 }),
		}
		if turns {
			list = append(list, lost("on network B", func(g *sim.Passage) bool { return g.Network == 1 }))
		}
		return list
	}}
}

// networkLoop is SCN-25: every packet comes a hundred times, on both networks.
// The run is that of a network without the loop.
func networkLoop() Scenario {
	s := Scenario{ID: "SCN-25", Title: "network loop: every packet a hundred times", Elsewhere: []string{"multipath: TestNetworkLoop"}}
	s.Cases = both("", func(mode sim.Mode) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = 2500 * time.Millisecond
		p.Load = steady(p, formed, p.RunFor, 10*time.Millisecond)
		return Case{
			Plans: []*sim.Plan{p},
			Meddle: func(*sim.Plan) func(*sim.Passage) {
				return func(g *sim.Passage) {
					for i := range 99 {
						g.Again(time.Duration(i+1)*13*time.Microsecond, g.To)
					}
				}
			},
			Watch: func(p *sim.Plan) []Watch {
				return []Watch{noChange(formed, p.RunFor), delivered(300)}
			},
			// Probes and hellos may go out a little earlier, with what comes in.
			Twin: &Twin{But: func(e *trace.Event) bool { return e.Kind == trace.Packet }},
		}
	})
	return s
}
