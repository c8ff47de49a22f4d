package scenario

import (
	"fmt"
	"slices"
	"time"

	"mpspread/internal/engine"
	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/multipath"
)

// oneIdentity is SCN-26: a second machine with the name, key and addresses of a
// daemon starts while the first is in the ring.
func oneIdentity() Scenario {
	s := Scenario{ID: "SCN-26", Title: "two daemons with one identity", Elsewhere: []string{"multipath: TestDuplicateIdentity"}}
	for twin := range 3 {
		p := sim.NewPlan(sim.EngineMode, 3, 2)
		p.RunFor = 6 * time.Second
		p.Load = busy(p, formed, p.RunFor)
		p.Faults = []sim.Fault{{Kind: sim.Twin, At: 2 * time.Second, For: 2 * time.Second, Network: everyone, From: twin, To: everyone}}
		s.Cases = append(s.Cases, Case{Name: fmt.Sprintf("h%d twice", twin), Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			return []Watch{
				never("a change in the ring", func(e *trace.Event) bool {
					return regular(e) && len(e.Conf.Members) != 1 && e.Time > formed
				}),
				sawAtLeast(p.Daemons+1, "a second life of one daemon", func(e *trace.Event) bool { return e.Kind == trace.Start && e.Time < 3*time.Second }),
				delivered(3000), twinReported(p, twin),
			}
		}})
	}
	return s
}

// twinReported wants the others to tell of a daemon that it talks twice.
func twinReported(p *sim.Plan, twin int) Watch {
	told := map[int]bool{}
	return Watch{
		Status: func(daemon int, s *engine.Status) {
			told[daemon] = told[daemon] || slices.Contains(s.Multipath.DuplicateIdentity, multipath.DaemonID(p.Order[twin]))
		},
		Missed: func() string {
			for d := range p.Daemons {
				if d != twin && !told[d] {
					return fmt.Sprintf("h%d does not report that h%d talks twice", d, twin)
				}
			}
			return ""
		},
	}
}

// reverted is SCN-28: a machine is put back to where it was a while before. Its
// daemon takes a new life; that no nonce is used twice the simulator judges.
func reverted() Scenario {
	s := Scenario{ID: "SCN-28", Title: "a machine is put back to an older state", Elsewhere: []string{"multipath: TestRevertedMachine", "daemon: TestNewLife"}}
	for _, by := range []time.Duration{300 * time.Millisecond, 3 * time.Second} {
		var plans []*sim.Plan
		for d := range 3 {
			p := sim.NewPlan(sim.EngineMode, 3, 2)
			p.RunFor = 8 * time.Second
			p.Load = busy(p, formed, p.RunFor)
			p.Faults = []sim.Fault{{Kind: sim.Revert, At: 5*time.Second + time.Duration(d)*time.Millisecond, Network: everyone, From: d, To: everyone, Delay: by}}
			plans = append(plans, p)
		}
		s.Cases = append(s.Cases, Case{Name: "by " + by.String(), Plans: plans, Watch: func(p *sim.Plan) []Watch {
			return []Watch{
				settled(p), delivered(3000), atMost(4, formed),
				saw("a new life of the daemon", func(e *trace.Event) bool {
					return e.Kind == trace.Start && e.Time > 5*time.Second && position(e.Process) == p.Faults[0].From
				}),
			}
		}})
	}
	return s
}

// wrongJoiner is SCN-31: a daemon comes back with another version, another
// configuration or another key.
func wrongJoiner() Scenario {
	s := Scenario{ID: "SCN-31", Title: "a joiner with another version, configuration or key", Elsewhere: []string{"ring: TestOtherConfigurationIsRefused", "multipath: TestRefusedDatagrams"}}
	wrong := func(mode sim.Mode, m sim.Mistake, refusals func(s *engine.Status) uint64) Case {
		p := sim.NewPlan(mode, 3, 2)
		p.RunFor = 9 * time.Second
		p.Load = busy(p, formed, p.RunFor)
		p.Faults = []sim.Fault{{Kind: sim.Wrong, At: 2 * time.Second, For: 5 * time.Second, Network: everyone, From: 2, To: everyone, Count: int(m)}}
		return Case{Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			list := []Watch{
				settled(p), delivered(4000),
				never("a change among the others", func(e *trace.Event) bool {
					return regular(e) && position(e.Process) != 2 && e.Time > 3500*time.Millisecond && e.Time < 7*time.Second
				}),
				saw("the daemon goes on alone", func(e *trace.Event) bool {
					return regular(e) && position(e.Process) == 2 && e.Time > 2*time.Second && len(e.Conf.Members) == 1
				}),
			}
			if mode == sim.EngineMode {
				list = append(list, refusedBy(p, 2, refusals))
			}
			return list
		}}
	}
	s.Cases = together(
		both("hash,", func(mode sim.Mode) Case {
			return wrong(mode, sim.WrongHash, func(s *engine.Status) uint64 { return uint64(len(s.Ring.Refused)) })
		}),
		[]Case{
			named("version, engine", wrong(sim.EngineMode, sim.WrongVersion, func(s *engine.Status) uint64 { return s.Multipath.Counters.Version })),
			named("key, engine", wrong(sim.EngineMode, sim.WrongKey, func(s *engine.Status) uint64 { return s.Multipath.Counters.Authentication })),
		},
	)
	return s
}

func named(name string, c Case) Case {
	c.Name = name
	return c
}

// refusedBy wants all daemons but one to tell of refusals.
func refusedBy(p *sim.Plan, but int, refusals func(s *engine.Status) uint64) Watch {
	most := map[int]uint64{}
	return Watch{
		Status: func(daemon int, s *engine.Status) { most[daemon] = max(most[daemon], refusals(s)) },
		Missed: func() string {
			for d := range p.Daemons {
				if d != but && most[d] == 0 {
					return fmt.Sprintf("h%d counts no refusal", d)
				}
			}
			return ""
		},
	}
}

// keyRotation is SCN-33: the cluster's key is rotated under load, with one
// daemon a step behind, and during every phase of a change of membership.
func keyRotation() Scenario {
	s := Scenario{ID: "SCN-33", Title: "key rotation under load, one daemon a step behind", Elsewhere: []string{"multipath: TestRotationOneDaemonBehind", "internal/lab"}}
	rotation := func(at, step time.Duration, behind int) sim.Fault {
		return sim.Fault{Kind: sim.Rotate, At: at, For: 5 * step, Network: everyone, From: behind, To: everyone, Delay: step}
	}
	for behind := range 3 {
		p := sim.NewPlan(sim.EngineMode, 3, 2)
		p.RunFor = 9 * time.Second
		p.Load = busy(p, formed, p.RunFor)
		p.Faults = []sim.Fault{rotation(2*time.Second, time.Second, behind)}
		for _, at := range []time.Duration{2500 * time.Millisecond, 3500 * time.Millisecond, 4500 * time.Millisecond} {
			p.Faults = append(p.Faults, mark(at))
		}
		s.Cases = append(s.Cases, Case{Name: fmt.Sprintf("h%d behind", behind), Plans: []*sim.Plan{p}, Seeds: 3, Watch: func(p *sim.Plan) []Watch {
			return []Watch{noChange(formed, p.RunFor), delivered(5000), seenBehind(p, behind), keysWere(p, 2)}
		}})
	}
	var plans []*sim.Plan
	for _, on := range []string{"gather", "commit", "recovery", "recovered-all", "operational", "exchange-begun"} {
		p := sim.NewPlan(sim.EngineMode, 3, 2)
		p.RunFor = 8 * time.Second
		p.Load = busy(p, formed, p.RunFor)
		f := rotation(2*time.Second, 4*time.Millisecond, 1)
		f.On = on
		p.Faults = []sim.Fault{partition(2*time.Second, 2*time.Second, 0, 0, 1), f}
		plans = append(plans, p)
	}
	s.Cases = append(s.Cases, Case{Name: "in each phase", Plans: plans, Watch: func(p *sim.Plan) []Watch {
		return []Watch{settled(p), delivered(4000), keysWere(p, 2), atMost(4, formed)}
	}})
	return s
}

// mark is a fault that does nothing: when it ends, the daemons' status is shown.
func mark(at time.Duration) sim.Fault {
	return sim.Fault{Kind: sim.Wall, At: at, Network: everyone, From: 0, To: everyone}
}

// seenBehind wants a daemon to be seen sealing with another key than the one
// who looks.
func seenBehind(p *sim.Plan, behind int) Watch {
	seen := map[int]bool{}
	return Watch{
		Status: func(daemon int, s *engine.Status) {
			for _, k := range s.Multipath.Keys.Peers {
				if k.Daemon == multipath.DaemonID(p.Order[behind]) && k.Key != 0 && k.Key != s.Multipath.Keys.Active {
					seen[daemon] = true
				}
			}
		},
		Missed: func() string {
			if len(seen) >= p.Daemons-1 {
				return ""
			}
			return fmt.Sprintf("%d daemons see that h%d is behind", len(seen), behind)
		},
	}
}

// keysWere wants packets sealed with so many keys, of every daemon.
func keysWere(p *sim.Plan, n int) Watch {
	keys := map[int]map[byte]bool{}
	return Watch{
		Packet: func(g *sim.Passage) {
			if keys[g.From] == nil {
				keys[g.From] = map[byte]bool{}
			}
			keys[g.From][g.KeyID()] = true
		},
		Missed: func() string {
			for d := range p.Daemons {
				if len(keys[d]) < n {
					return fmt.Sprintf("h%d has used %d keys", d, len(keys[d]))
				}
			}
			return ""
		},
	}
}

// changesInPhases is SCN-34 as far as daemons can be changed while they run (the
// configuration file is read at start only; keys are SCN-33): a
// network is taken out of use, and given back, in every phase of a change of
// membership.
func changesInPhases() Scenario {
	s := Scenario{ID: "SCN-34", Title: "what can be changed at run time is changed in every membership phase: a network suspended, its packet size"}
	var plans []*sim.Plan
	for i, on := range []string{"gather", "join-sent", "commit-token-sent", "commit", "recovery", "recovered-sent", "recovered-all", "transitional", "operational", "exchange-begun"} {
		for k, kind := range []sim.FaultKind{sim.Suspend, sim.Shrink} {
			p := sim.NewPlan(sim.EngineMode, 3, 2)
			p.RunFor = 6 * time.Second
			p.Load = steady(p, formed, p.RunFor, 4*time.Millisecond)
			p.Faults = []sim.Fault{
				partition(2*time.Second, 1500*time.Millisecond, 0, 0, 1),
				{Kind: kind, At: 2 * time.Second, On: on, For: time.Second, Network: k, From: i % 3, To: everyone, Count: 1000},
				// So that there is something to recover.
				{Kind: sim.Loss, At: 1900 * time.Millisecond, For: 100 * time.Millisecond, Network: everyone, From: everyone, To: everyone, Rate: 600},
			}
			plans = append(plans, p)
		}
	}
	s.Cases = []Case{{Name: "engine", Plans: plans, Watch: func(p *sim.Plan) []Watch {
		f := p.Faults[1]
		list := []Watch{settled(p), delivered(2000), atMost(4, formed), saw("the change", func(e *trace.Event) bool {
			return e.Kind == trace.Fault && len(e.Text) > 8 && e.Text[:8] == "begins: " && e.Text[8:8+len(f.Kind)] == string(f.Kind)
		})}
		if f.Kind == sim.Suspend {
			list = append(list, suspendedAt(f.From, f.Network))
		}
		return list
	}}}
	return s
}

// suspendedAt wants a daemon to tell that a network of its is suspended.
func suspendedAt(daemon, network int) Watch {
	seen := false
	return Watch{
		Status: func(at int, s *engine.Status) {
			seen = seen || at == daemon && s.Multipath.Networks[network].State == multipath.NetworkSuspended
		},
		Missed: func() string {
			if seen {
				return ""
			}
			return fmt.Sprintf("h%d never tells that network %d is suspended", daemon, network)
		},
	}
}
