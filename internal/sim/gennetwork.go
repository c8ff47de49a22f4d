package sim

import (
	"slices"
	"time"
)

// anywhere puts a fault on one network or all, and on the links from one
// daemon, between two, or everywhere.
func (p *Plan) anywhere(f *Fault, r *prng) {
	f.Network = p.someNetwork(r)
	if r.chance(500) {
		f.From = -1
	} else if r.chance(500) {
		f.To = r.below(p.Daemons)
	}
}

// someNetwork draws one network, or all.
func (p *Plan) someNetwork(r *prng) int {
	if r.chance(600) {
		return r.below(p.Networks)
	}
	return -1
}

// drawLink fills in the arguments of a fault that loses, repeats or changes
// packets on links.
func (p *Plan) drawLink(f *Fault, r *prng) bool {
	switch f.Kind {
	case Loss:
		p.anywhere(f, r)
		f.Rate = []int{5, 20, 50, 100, 300, 600}[r.below(6)]
	case Burst:
		p.anywhere(f, r)
		f.Rate, f.Count = r.between(1, 30), []int{3, 20, 100, 500}[r.below(4)]
	case Tail:
		p.anywhere(f, r)
		f.Rate, f.Count = []int{100, 500, 1000}[r.below(3)], []int{1, 1, 2, 3, 8}[r.below(5)]
	case Duplicate:
		p.anywhere(f, r)
		f.Rate, f.Count, f.Delay = r.between(10, 1000), r.between(1, 4), r.pick(0, 5*time.Millisecond, time.Second)
		if r.chance(100) {
			// A loop in the network multiplies packets, but not for long.
			f.Rate, f.Count, f.For = r.between(10, 300), r.between(10, 99), min(f.For, 200*time.Millisecond)
		}
	case Large:
		p.anywhere(f, r)
		f.Count, f.Rate = r.between(100, p.PayloadSize+100), []int{300, 1000, 1000}[r.below(3)]
		if r.chance(300) {
			f.Rate, f.Delay = 0, r.pick(5*time.Millisecond, 50*time.Millisecond, time.Second)
		}
	case Corrupt:
		p.anywhere(f, r)
		f.Rate = r.between(1, 200)
		return p.Mode == EngineMode
	case Stray:
		f.From, f.Rate = -1, r.between(10, 1000)
		return p.Mode == RingMode
	case Limit:
		p.anywhere(f, r)
		// 1 to 50 % of ten thousand packets a second.
		f.Delay, f.Count = r.pick(200*time.Microsecond, 500*time.Microsecond, time.Millisecond, 3*time.Millisecond, 10*time.Millisecond), []int{2, 20, 200}[r.below(3)]
		if r.chance(500) {
			f.From, f.To = -1, r.below(p.Daemons)
		}
	case Address:
		f.Network, f.Count = p.someNetwork(r), r.below(p.Daemons+1)
		return p.Mode == EngineMode
	case Astray:
		p.anywhere(f, r)
		f.Rate, f.Count = r.between(50, 1000), r.between(1, p.Daemons)
	}
	return true
}

// drawDelay fills in the arguments of a fault that makes packets come later,
// or out of their order.
func (p *Plan) drawDelay(f *Fault, r *prng) bool {
	switch f.Kind {
	case Reorder:
		p.anywhere(f, r)
		f.Rate, f.Delay = r.between(10, 500), r.pick(3*time.Millisecond, 30*time.Millisecond, 300*time.Millisecond)
		if r.chance(400) {
			f.Delay, f.Count = 0, []int{1, 3, 10, 100, 1000}[r.below(5)]
		}
	case Jitter:
		p.anywhere(f, r)
		f.Delay = r.pick(2*time.Millisecond, 20*time.Millisecond, 200*time.Millisecond, 2*time.Second, 60*time.Second)
	case Late:
		f.Network, f.From = r.below(p.Networks), -1
		f.Delay = r.pick(5*time.Millisecond, 50*time.Millisecond, 500*time.Millisecond, 2*time.Second, 5*time.Second, time.Minute)
		return p.Networks > 1
	case Drift:
		f.Network, f.From = r.below(p.Networks), -1
		f.Delay = r.pick(20*time.Millisecond, 200*time.Millisecond, 2*time.Second, 20*time.Second, 3*time.Minute)
		return p.Networks > 1
	case Ghost:
		p.anywhere(f, r)
		f.Rate, f.Count = r.between(10, 1000), r.below(p.Networks)
		f.Delay = r.pick(50*time.Millisecond, p.FailureDetection, 2*time.Second, 5*time.Second, time.Minute)
	case Stale:
		// The distances at which a counter of 4 or 8 bits would be right again.
		f.Count = []int{1, 15, 16, 17, 255, 256, 257}[r.below(7)]
		f.For = p.RunFor
		p.keepTurning(f, r)
	case Recall:
		// Around the ends of the duplicate window, as it is at first and grown.
		f.Network = p.someNetwork(r)
		f.Count = []int{15, 63, 64, 65, 300}[r.below(5)]
		if r.chance(100) {
			f.Count = []int{4094, 4095, 4095, 4096, 4097}[r.below(5)]
		}
		f.At, f.For = r.time(0, p.RunFor/4), p.RunFor
		if p.Mode != EngineMode {
			return false
		}
		// It must send so many first: a packet for each of these.
		l := Load{
			At: f.At, Daemon: f.From, Lane: 7, Service: 4, Size: p.PayloadSize * 2 / 3, Count: f.Count + 200, Every: p.RunFor / time.Duration(2*f.Count),
		}
		p.whileFaults(l)
		if p.LaneQueue > 0 {
			// A short queue empties once a rotation; what has piled up under
			// faults needs that long.
			p.Drain += p.rotation() * time.Duration(l.Count/max(p.LaneQueue/l.Size, 1))
		}
	}
	return true
}

// keepTurning gives the ring something to do in every rotation of a fault that
// counts them: a token that carries nothing is held.
func (p *Plan) keepTurning(f *Fault, r *prng) {
	p.whileFaults(Load{
		At: f.At, Daemon: r.below(p.Daemons), Lane: 7, Service: 4, Size: 30, Count: f.Count + 10, Every: p.rotation(),
	})
}

// whileFaults adds messages that come one by one for the sake of a fault: none
// when all faults are over, or the run would end while some are on their way.
func (p *Plan) whileFaults(l Load) {
	l.Count = min(l.Count, 1+int((p.RunFor-l.At)/l.Every))
	p.Load = append(p.Load, l)
}

// rotation is how long the token goes round at most when nothing is lost.
func (p *Plan) rotation() time.Duration {
	return (slices.Max(p.Hops) + p.Jitter) * time.Duration(p.Daemons)
}

// drawCut fills in the arguments of a fault that separates daemons.
func (p *Plan) drawCut(f *Fault, r *prng) bool {
	switch f.Kind {
	case Cut:
		f.To, f.Network = r.below(p.Daemons), p.someNetwork(r)
	case Crossed:
		f.To = r.below(p.Daemons)
		return p.Networks > 1 && f.From != f.To
	case Deaf:
		f.From, f.To = -1, r.below(p.Daemons)
	case Flap:
		p.anywhere(f, r)
		// 0.1 to 50 Hz.
		f.Delay = r.pick(10*time.Millisecond, 50*time.Millisecond, 500*time.Millisecond, 5*time.Second)
		if p.Networks > 1 && r.chance(300) {
			f.Count, f.Network = 1, -1
		}
	case Partition:
		f.From = -1
		groups := r.between(2, 3)
		for range p.Daemons {
			f.Groups = append(f.Groups, r.below(groups))
		}
	}
	return true
}
