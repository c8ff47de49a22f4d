package sim

import (
	"slices"
	"time"

	"mpspread/ring"
)

// Generate makes the plan of a seed. Topology, workload and each kind of fault
// draw from streams of their own, so that removing one shifts no other.
func Generate(seed uint64, mode Mode) *Plan {
	p := &Plan{Version: planVersion, Seed: seed, Mode: mode}
	p.topology(stream(seed, "topology"))
	p.limits(stream(seed, "limits"))
	swarm := stream(seed, "swarm")
	for _, kind := range faultKinds {
		// Each seed enables a random subset, so that rare combinations are
		// not drowned in common ones (swarm testing).
		if swarm.chance(350) {
			p.faults(kind, stream(seed, "fault "+string(kind)))
		}
	}
	p.workload(stream(seed, "workload"))
	if swarm.chance(400) {
		p.storms(stream(seed, "storms"))
	}
	p.sort()
	return p
}

// GeneratePermanent is Generate with faults that never end, besides: some
// daemons are outsiders for ever, and a core is not (correctness reference
// 5.4: random faults alone always heal and never show this).
func GeneratePermanent(seed uint64, mode Mode) *Plan {
	p := Generate(seed, mode)
	p.permanent(stream(seed, "permanent"))
	p.sort()
	return p
}

func (p *Plan) topology(r prng) {
	switch n := r.below(1000); {
	case n < 10:
		p.Daemons = 1
	case n < 930:
		p.Daemons = r.between(2, 5)
	case n < 998:
		p.Daemons = r.between(6, 8)
	default:
		p.Daemons = 16
	}
	p.Networks = []int{1, 2, 2, 2, 2, 3}[r.below(6)]
	p.FailureDetection = r.pick(200*time.Millisecond, 300*time.Millisecond, 500*time.Millisecond)
	for range p.Networks {
		p.Hops = append(p.Hops, r.time(500*time.Microsecond, 3*time.Millisecond))
	}
	p.Jitter = r.pick(0, 100*time.Microsecond, time.Millisecond)
	skewed, together := r.chance(250), r.chance(500)
	for i := range p.Daemons {
		// Small ids, in another order than the file's.
		id := ring.DaemonID(1 + (i*7+int(p.Seed%5))%131)
		p.Order = append(p.Order, id)
		rate := 1000
		if skewed {
			rate = r.between(900, 1100)
		}
		p.Clocks = append(p.Clocks, rate)
		boot := time.Duration(0)
		if !together {
			boot = r.time(0, time.Second)
		}
		p.Boots = append(p.Boots, boot)
	}
	p.RunFor = r.time(4*time.Second, 12*time.Second)
	p.Converge = 10*p.FailureDetection + 3*time.Second
	p.Drain = 10 * time.Second
}

// limits draws sizes, and where counters start: near a limit in one run of
// four (RNG-11).
func (p *Plan) limits(r prng) {
	p.PayloadSize = []int{600, 1200, 1400, 1400, 8900}[r.below(5)]
	p.LaneQueue = []int{0, 0, 20000}[r.below(3)]
	p.Unfiltered = r.chance(300)
	p.Plaintext = r.chance(500)
	p.Failover = r.chance(200)
	p.Unicast = r.chance(300)
	if !r.chance(250) {
		return
	}
	near := func() uint64 { return []uint64{1 << 31, 1 << 32}[r.below(2)] - uint64(r.below(300)) }
	p.StartSeq, p.StartTSeq, p.StartCounter = ring.Seq(near()), near(), near()
}

// faults draws the faults of one kind.
func (p *Plan) faults(kind FaultKind, r prng) {
	n := 1 + r.below(5)
	if kind == Crash || kind == Partition {
		n = 1 + r.below(8)
	}
	for range n {
		f := Fault{Kind: kind, At: r.time(300*time.Millisecond, p.RunFor), For: p.span(&r), Network: -1, From: r.below(p.Daemons), To: -1}
		if r.chance(300) {
			// Aimed at a phase of the membership protocol.
			f.On, f.After = stateNames[r.below(4)], r.time(0, 3*p.Hops[0])
		}
		if p.draw(&f, &r) {
			p.Faults = append(p.Faults, f)
		}
	}
}

// span draws how long a fault lasts: sometimes shorter than a rotation, mostly
// around the failure detection time, sometimes much longer.
func (p *Plan) span(r *prng) time.Duration {
	fd := p.FailureDetection
	switch r.below(4) {
	case 0:
		return r.time(0, 20*time.Millisecond)
	case 1:
		return r.time(fd/4, 2*fd)
	case 2:
		return r.time(fd, 4*fd)
	}
	return r.time(0, p.RunFor/2)
}

// draw fills in a fault's arguments. False: it makes no sense here.
func (p *Plan) draw(f *Fault, r *prng) bool {
	other := r.below(p.Daemons)
	network := -1
	if r.chance(600) {
		network = r.below(p.Networks)
	}
	anywhere := func() {
		f.Network = network
		if r.chance(500) {
			f.From = -1
		} else if r.chance(500) {
			f.To = other
		}
	}
	switch f.Kind {
	case Loss:
		anywhere()
		f.Rate = []int{5, 20, 50, 100, 300, 600}[r.below(6)]
	case Burst:
		anywhere()
		f.Rate, f.Count = r.between(1, 30), []int{3, 20, 100}[r.below(3)]
	case Duplicate:
		anywhere()
		f.Rate, f.Count, f.Delay = r.between(10, 1000), r.between(1, 4), r.pick(0, 5*time.Millisecond, time.Second)
	case Reorder:
		anywhere()
		f.Rate, f.Delay = r.between(10, 500), r.pick(3*time.Millisecond, 30*time.Millisecond, 300*time.Millisecond)
	case Late:
		f.Network, f.From = r.below(p.Networks), -1
		f.Delay = r.pick(5*time.Millisecond, 50*time.Millisecond, 500*time.Millisecond, 2*time.Second, 5*time.Second)
		return p.Networks > 1
	case Cut:
		f.To, f.Network = other, network
	case Crossed:
		f.To = other
		return p.Networks > 1 && f.From != f.To
	case Mute:
	case Deaf:
		f.From, f.To = -1, other
	case Flap:
		anywhere()
		f.Delay = r.pick(10*time.Millisecond, 50*time.Millisecond, 500*time.Millisecond)
	case Partition:
		f.From = -1
		groups := r.between(2, 3)
		for range p.Daemons {
			f.Groups = append(f.Groups, r.below(groups))
		}
	case Crash:
		f.Count = []int{0, 0, 1, 2, 3, 10}[r.below(6)]
		if r.chance(250) {
			f.For = 0
		}
	case Leave:
	case Pause:
		f.Count = []int{0, 50, 100000}[r.below(3)]
	case Down:
		f.Network = r.below(p.Networks)
	case Shrink:
		f.Network, f.Count = r.below(p.Networks), p.PayloadSize*r.between(50, 100)/100
	case Corrupt:
		anywhere()
		f.Rate = r.between(1, 200)
		return p.Mode == EngineMode
	}
	return true
}

// workload draws what clients send, mostly small and in clumps, over the run
// and a little into the quiet phase.
func (p *Plan) workload(r prng) {
	clumps := r.between(5, 60)
	lanes := r.between(1, 3)
	favourite := ring.Service(r.below(6))
	for range clumps {
		l := Load{
			At: r.time(0, p.RunFor+p.RunFor/10), Daemon: r.below(p.Daemons), Lane: r.below(lanes),
			Service: ring.Service(r.below(6)), Count: 1,
		}
		if r.chance(300) {
			l.Service = favourite
		}
		switch n := r.below(100); {
		case n < 60:
			l.Size, l.Count = r.below(200), r.between(1, 10)
		case n < 90:
			l.Size, l.Count = r.between(0, 3*p.PayloadSize), r.between(1, 4)
		case n < 98:
			l.Size = r.between(1, 20000)
		default:
			l.Size = r.between(20000, 144000)
		}
		if p.Mode == EngineMode {
			p.visitGroups(&l, &r)
		}
		p.Load = append(p.Load, l)
	}
}

// visitGroups spreads an entry over groups, and turns some into requests of
// another kind.
func (p *Plan) visitGroups(l *Load, r *prng) {
	l.Group = r.below(3)
	switch n := r.below(100); {
	case n < 12:
		l.Action, l.Count = Join, 1
	case n < 20:
		l.Action, l.Count = Quit, 1
	case n < 24:
		l.Action, l.Count = Close, 1
	}
}

// storms put traffic, and loss on the way out of one daemon, right before the
// faults that end rings: messages that some hold and others lack, senders that
// die with what they sent (SCN-20, SCN-21).
func (p *Plan) storms(r prng) {
	for _, f := range p.Faults {
		switch f.Kind {
		case Crash, Partition, Mute, Deaf, Cut, Leave, Pause:
		default:
			continue
		}
		lead := r.time(0, 40*time.Millisecond)
		begin := max(f.At-lead, 0)
		for range r.between(2, 2*p.Daemons) {
			service := ring.Safe
			if r.chance(500) {
				service = ring.Agreed
			}
			p.Load = append(p.Load, Load{
				At: begin + r.time(0, lead), Daemon: r.below(p.Daemons), Lane: r.below(2), Service: service,
				Size: r.below(2 * p.PayloadSize), Count: r.between(1, 8),
			})
		}
		if r.chance(700) {
			loss := Fault{Kind: Loss, At: begin, For: lead + r.time(0, 20*time.Millisecond), Network: -1, From: r.below(p.Daemons), To: -1, Rate: r.between(200, 900)}
			if f.From >= 0 && r.chance(500) {
				loss.From = f.From
			}
			if r.chance(400) {
				loss.To = r.below(p.Daemons)
			}
			p.Faults = append(p.Faults, loss)
		}
		if r.chance(400) {
			// Another cut while the ring forms again.
			on := []ring.State{ring.Recovery, ring.Operational}[r.below(2)]
			again := Fault{Kind: Partition, At: f.At, On: stateNames[on], After: r.time(0, 5*p.Hops[0]), For: r.time(0, p.FailureDetection), Network: -1, From: -1, To: -1}
			for range p.Daemons {
				again.Groups = append(again.Groups, r.below(2))
			}
			p.Faults = append(p.Faults, again)
		}
	}
}

// permanent makes some daemons outsiders for ever: mute, deaf, lossy, flapping,
// or cut from so many of the others that no group with an outsider in it, all
// of whom hear each other, is as large as the core. The core must settle
// (LIV-5).
func (p *Plan) permanent(r prng) {
	if p.Daemons < 3 {
		return
	}
	var outside []int
	for len(outside) == 0 || len(outside) < p.Daemons-2 && r.chance(400) {
		if o := r.below(p.Daemons); !slices.Contains(outside, o) {
			outside = append(outside, o)
		}
	}
	for i := range p.Daemons {
		if !slices.Contains(outside, i) {
			p.Core = append(p.Core, i)
		}
	}
	for _, o := range outside {
		if r.chance(500) {
			p.Faults = append(p.Faults, p.outsider(o, &r))
			continue
		}
		// Cut from more of the core than there are outsiders.
		missed := min(len(outside)+1, len(p.Core))
		first, at := r.below(len(p.Core)), r.time(0, p.RunFor)
		for i := range missed {
			f := Fault{Kind: Cut, At: at, Permanent: true, Network: -1, From: o, To: p.Core[(first+i)%len(p.Core)]}
			if r.chance(500) {
				f.From, f.To = f.To, f.From
			}
			p.Faults = append(p.Faults, f)
		}
	}
}

// outsider is a permanent fault of all links of daemon o, in one direction.
func (p *Plan) outsider(o int, r *prng) Fault {
	f := Fault{Permanent: true, Network: -1, At: r.time(0, p.RunFor), From: o, To: -1}
	switch r.below(4) {
	case 0:
		f.Kind = Mute
	case 1:
		f.Kind, f.From, f.To = Deaf, -1, o
	case 2:
		f.Kind, f.Delay = Flap, r.pick(20*time.Millisecond, 200*time.Millisecond, time.Second)
		if r.chance(500) {
			f.From, f.To = -1, o
		}
	case 3:
		f.Kind, f.Rate = Loss, r.between(500, 950)
	}
	return f
}

// sort puts faults and workload in the order of their times.
func (p *Plan) sort() {
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return int(a.At - b.At) })
	slices.SortStableFunc(p.Load, func(a, b Load) int { return int(a.At - b.At) })
}
