package sim

import (
	"slices"
	"time"
)

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
