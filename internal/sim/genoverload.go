package sim

import (
	"time"

	"mpspread/ring"
)

// overloads tells whether the plan of a seed is one of a member that is offered
// more than it takes, for ever.
func overloads(seed uint64) bool {
	r := stream(seed, "overload or not")
	return r.chance(25)
}

// overloadAttempts bounds LIV-7: who cannot follow asks in vain 32 times at most,
// once in a rotation, and goes with the next (docs/protocol.md); a rotation that
// takes as long as the failure detection time ends the ring.
const overloadAttempts = 33

// generateOverload draws a cluster in which the others send ten times as much
// as one member takes, until the run ends: the ring slows down to it or goes on
// without it (LIV-7).
func generateOverload(seed uint64, mode Mode) *Plan {
	p := &Plan{Version: planVersion, Seed: seed, Mode: mode, Overload: true}
	p.topology(stream(seed, "topology"))
	p.limits(stream(seed, "limits"))
	if p.Daemons == 1 {
		p.Daemons, p.Absent = 2, nil
		p.Order, p.Clocks, p.Boots = append(p.Order, p.Order[0]+1), append(p.Clocks, 1000), append(p.Boots, 0)
	}
	r := stream(seed, "overload")
	p.RunFor = r.time(3*time.Second, 5*time.Second)
	p.FailureDetection = r.pick(200*time.Millisecond, 300*time.Millisecond)
	p.Converge = overloadAttempts * p.FailureDetection
	slow, offered := r.below(p.Daemons), r.time(500*time.Microsecond, 3*time.Millisecond)
	every := offered * time.Duration(p.Daemons-1)
	from := p.RunFor / 2
	for d := range p.Daemons {
		if d != slow {
			p.Load = append(p.Load, Load{
				At: from, Daemon: d, Service: ring.Service(r.below(6)), Size: p.PayloadSize * 3 / 4, Every: every,
				Count: int((p.RunFor + p.Converge + overloadTime - from) / every),
			})
		}
	}
	const tenth = 10
	each := tenth * offered
	f := Fault{Kind: Limit, At: r.time(from, p.RunFor), Permanent: true, Network: -1, From: -1, To: slow, Delay: each, Count: []int{5, 20, 100}[r.below(3)]}
	if r.chance(300) {
		// Its processor is slow; it works on every copy.
		f.Kind, f.From, f.To, f.Delay = Slow, slow, -1, each/time.Duration(p.Networks)
	}
	p.Faults = append(p.Faults, f)
	p.sort()
	return p
}
