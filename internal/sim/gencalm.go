package sim

import (
	"time"

	"mpspread/ring"
)

// calm makes a plan in which hardly anything goes wrong, for what would be
// drowned, or never come about, under other faults.
func (p *Plan) calm(r prng) {
	switch {
	case p.Mode == EngineMode:
		// A machine is put back only where somebody can know.
		for range r.between(1, 3) {
			f := Fault{Kind: Revert, At: r.time(p.RunFor/2, p.RunFor), Network: -1, From: r.below(p.Daemons), To: -1}
			f.Delay = r.pick(20*time.Millisecond, 100*time.Millisecond, p.FailureDetection, 3*time.Second)
			p.Faults = append(p.Faults, f)
		}
	case r.chance(60):
		p.longRing()
	}
}

// longRing is a ring that lives for more than 65 536 rotations, at the end of
// which a token of its beginning comes again: a counter of 16 bits would take
// it for the expected one. Something new in every other rotation keeps the
// token from being held.
func (p *Plan) longRing() {
	const (
		hop      = 20 * time.Microsecond
		rotation = 2 * hop
		begins   = 2 * time.Second
		lasts    = (1<<16 + 2000) * rotation
	)
	p.Daemons, p.Networks, p.Jitter, p.Unfiltered, p.LaneQueue, p.Absent = 2, 1, 0, true, 0, nil
	p.Order, p.Clocks, p.Boots = p.Order[:1:1], []int{1000, 1000}, []time.Duration{0, 0}
	p.Order = append(p.Order, p.Order[0]+1)
	p.Hops, p.Transports = []time.Duration{hop}, p.Transports[:1]
	p.RunFor = begins + lasts
	p.Load = append(p.Load, Load{At: begins - 10*time.Millisecond, Service: ring.Agreed, Size: 10, Count: int(lasts / (3 * hop)), Every: 3 * hop})
	p.Faults = append(p.Faults, Fault{Kind: Stale, At: begins, For: p.RunFor, Network: -1, From: 0, To: -1, Count: 1 << 16})
}
