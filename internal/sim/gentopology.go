package sim

import (
	"time"

	"mpspread/ring"
)

func (p *Plan) topology(r prng) {
	switch n := r.below(1000); {
	case n < 10:
		p.Daemons = 1
	case n < 930:
		p.Daemons = r.between(2, 5)
	case n < 998:
		p.Daemons = r.between(6, 8)
	case n < 999:
		p.Daemons = 16
	default:
		p.Daemons = 32
	}
	p.Networks = []int{1, 2, 2, 2, 2, 2, 3, 4}[r.below(8)]
	p.FailureDetection = r.pick(200*time.Millisecond, 300*time.Millisecond, 500*time.Millisecond)
	for range p.Networks {
		p.Hops = append(p.Hops, r.time(500*time.Microsecond, 3*time.Millisecond))
	}
	p.absences(&r)
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

// absences makes some daemons single-homed: they are missing from some of the
// networks, but still share one with every other daemon.
func (p *Plan) absences(r *prng) {
	if p.Networks < 2 || !r.chance(150) {
		return
	}
	p.Absent = make([][]int, p.Daemons)
	for i := range p.Absent {
		p.Absent[i] = []int{}
		if !r.chance(400) {
			continue
		}
		stays := r.below(p.Networks)
		for net := range p.Networks {
			if net != stays && r.chance(600) {
				p.Absent[i] = append(p.Absent[i], net)
			}
		}
		for j := range i {
			if !p.share(i, j) {
				p.Absent[i] = []int{}
				break
			}
		}
	}
}

// limits draws sizes, and where counters start: near a limit in one run of
// four (RNG-11).
func (p *Plan) limits(r prng) {
	p.PayloadSize = []int{600, 1200, 1400, 1400, 8900}[r.below(5)]
	p.LaneQueue = []int{0, 0, 20000}[r.below(3)]
	p.Unfiltered = r.chance(300)
	p.Plaintext = r.chance(500)
	p.Failover = r.chance(200)
	for range p.Networks {
		transport := Broadcast
		if r.chance(300) {
			transport = Unicast
		}
		p.Transports = append(p.Transports, transport)
	}
	if !r.chance(250) {
		return
	}
	near := func() uint64 { return []uint64{1 << 8, 1 << 16, 1 << 31, 1 << 32}[r.below(4)] - uint64(r.below(250)) }
	p.StartSeq, p.StartTSeq, p.StartCounter = ring.Seq(near()), near(), near()
}
