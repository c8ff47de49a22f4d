package sim

import (
	"slices"
	"time"
)

// Generate makes the plan of a seed. Topology, workload and each kind of fault
// draw from streams of their own, so that removing one shifts no other.
func Generate(seed uint64, mode Mode) *Plan {
	if overloads(seed) {
		return generateOverload(seed, mode)
	}
	p := generate(seed, mode)
	p.rare(seed)
	p.sort()
	return p
}

func generate(seed uint64, mode Mode) *Plan {
	p := &Plan{Version: planVersion, Seed: seed, Mode: mode}
	p.topology(stream(seed, "topology"))
	p.limits(stream(seed, "limits"))
	swarm := stream(seed, "swarm")
	// Each seed enables a random subset, so that rare combinations are not
	// drowned in common ones (swarm testing); now a small one, now a large one.
	density := []int{60, 200, 200, 350}[swarm.below(4)]
	if swarm.chance(50) {
		density = 0
		p.calm(stream(seed, "calm"))
	}
	for i := range faultKinds {
		if kind := faultKinds[i].kind; swarm.chance(density) {
			p.faults(kind, stream(seed, "fault "+string(kind)))
		}
	}
	p.workload(stream(seed, "workload"))
	p.clients(stream(seed, "clients"))
	if swarm.chance(400) {
		p.storms(stream(seed, "storms"))
	}
	if swarm.chance(80) && density > 0 {
		p.masses(stream(seed, "masses"))
	}
	return p
}

// GeneratePermanent is a random plan with faults that never end, besides: some
// daemons are outsiders for ever, and a core is not (correctness reference
// 5.4: random faults alone always heal and never show this).
func GeneratePermanent(seed uint64, mode Mode) *Plan {
	p := generate(seed, mode)
	p.permanent(stream(seed, "permanent"))
	p.sort()
	return p
}

// faults draws the faults of one kind.
func (p *Plan) faults(kind FaultKind, r prng) {
	n := 1 + r.below(5)
	switch kind {
	case Crash, Partition:
		n = 1 + r.below(8)
	case Recall:
		n = 1 // it comes with many packets
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
	switch f.Kind {
	case Lie:
		return false // a style of its own
	case Reorder, Jitter, Late, Drift, Ghost, Stale, Recall:
		return p.drawDelay(f, r)
	case Cut, Crossed, Mute, Deaf, Flap, Partition:
		return p.drawCut(f, r)
	case Loss, Burst, Tail, Duplicate, Large, Limit, Corrupt, Stray, Address, Astray:
		return p.drawLink(f, r)
	case Revert, Twin, Wrong, Suspend, Rotate:
		return p.drawOperator(f, r)
	}
	return p.drawProcess(f, r)
}

// sort puts faults and workload in the order of their times.
func (p *Plan) sort() {
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return int(a.At - b.At) })
	slices.SortStableFunc(p.Load, func(a, b Load) int { return int(a.At - b.At) })
}
