package sim

import "time"

// drawProcess fills in the arguments of a fault of a daemon or its machine.
func (p *Plan) drawProcess(f *Fault, r *prng) bool {
	switch f.Kind {
	case Crash:
		f.Count = []int{0, 0, 1, 2, 3, 10}[r.below(6)]
		p.restart(f, r)
	case Leave:
		p.restart(f, r)
	case Pause:
		f.Count = []int{0, 50, 100000}[r.below(3)]
		if r.chance(100) {
			f.For = r.time(p.FailureDetection, 100*p.FailureDetection)
		}
	case Slow:
		// A step takes about ten microseconds on a real machine.
		f.Delay, f.Count = r.pick(100*time.Microsecond, 500*time.Microsecond, 2*time.Millisecond, 10*time.Millisecond), []int{10, 100, 1000}[r.below(3)]
	case Wall:
		f.Delay = r.pick(-time.Hour, time.Hour, -10*365*24*time.Hour, 10*365*24*time.Hour)
	case Skew:
		f.Rate = []int{500, 700, 1400, 2000}[r.below(4)]
	case Timers:
		f.Count = r.between(2, 10)
	case Down:
		f.Network = r.below(p.Networks)
	case Shrink:
		f.Network, f.Count = r.below(p.Networks), p.PayloadSize*r.between(50, 100)/100
	case Errors:
		f.Network = p.someNetwork(r)
		f.Rate, f.Count = r.between(5, 500), []int{1, 10, 200}[r.below(3)]
	}
	return true
}

// restart makes a daemon come back at once, or after up to ten times the time
// in which its loss is noticed (P2).
func (p *Plan) restart(f *Fault, r *prng) {
	switch n := r.below(100); {
	case n < 25:
		f.For = 0
	case n < 35:
		f.For = r.time(0, 10*p.FailureDetection)
	}
}
