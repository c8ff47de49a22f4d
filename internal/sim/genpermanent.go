package sim

import (
	"slices"
	"time"
)

// permanent makes some daemons outsiders for ever: mute, deaf, lossy, flapping,
// or cut from so many of the others that no group with an outsider in it, all
// of whom hear each other, is as large as the core. Their other links, and
// those between outsiders, may be anything. The core must settle (LIV-5).
func (p *Plan) permanent(r prng) {
	if p.Daemons < 2 {
		return
	}
	var outside []int
	for len(outside) == 0 || len(outside) < p.Daemons-1 && r.chance(400) {
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
		} else {
			p.cutOff(o, len(outside), &r)
		}
		if r.chance(300) {
			p.Faults = append(p.Faults, p.badLink(o, r.below(p.Daemons), &r))
		}
	}
}

// cutOff cuts daemon o, one of some outsiders, from more of the core than there
// are outsiders, each link in one direction. What is left of its links to the
// core may be bad too.
func (p *Plan) cutOff(o, outsiders int, r *prng) {
	missed := min(outsiders+1, len(p.Core))
	first, at, worse := r.below(len(p.Core)), r.time(0, p.RunFor), r.chance(300)
	for i := range p.Core {
		to := p.Core[(first+i)%len(p.Core)]
		switch {
		case i < missed:
			f := Fault{Kind: Cut, At: at, Permanent: true, Network: -1, From: o, To: to}
			if r.chance(500) {
				f.From, f.To = f.To, f.From
			}
			p.Faults = append(p.Faults, f)
		case worse:
			p.Faults = append(p.Faults, p.badLink(o, to, r))
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
		f.Kind, f.Delay = Flap, p.flapTime(r)
		if r.chance(500) {
			f.From, f.To = -1, o
		}
	case 3:
		f.Kind, f.Rate = Loss, r.between(100, 950)
		if r.chance(500) {
			f.From, f.To = -1, o
		}
	}
	return f
}

// badLink is a permanent fault of the link between two daemons, in one
// direction, or crossed: each direction on a network of its own (N9).
func (p *Plan) badLink(a, b int, r *prng) Fault {
	f := Fault{Permanent: true, Network: -1, At: r.time(0, p.RunFor), From: a, To: b}
	if r.chance(500) {
		f.From, f.To = b, a
	}
	switch n := r.below(3); {
	case n == 0 && p.Networks > 1 && a != b:
		f.Kind = Crossed
	case n == 1:
		f.Kind, f.Delay = Flap, p.flapTime(r)
	default:
		f.Kind, f.Rate = Loss, r.between(100, 600)
	}
	return f
}

// flapTime is how long a link is down, and then up: 0.1 to 50 Hz (N12).
func (p *Plan) flapTime(r *prng) time.Duration {
	return r.pick(10*time.Millisecond, 20*time.Millisecond, 100*time.Millisecond, 200*time.Millisecond, 500*time.Millisecond, time.Second, 5*time.Second)
}
