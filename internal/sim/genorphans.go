package sim

import (
	"time"

	"mpspread/ring"
)

// orphans makes a hole and breaks the recovery from it (SCN-08, SCN-21): the
// data packets of one daemon reach nobody, while its token does, so that the
// others know of a position that none of them holds; what they send comes
// behind it. Then that daemon dies, and when somebody has recovered all of the
// old ring, others go as well. Who owes what to whom then shows (protocol rule
// 8).
func (p *Plan) orphans(r *prng) {
	const tokenAtMost, message = 400, 450
	lost, at := r.below(p.Daemons), r.time(time.Second, max(p.RunFor-2*time.Second, time.Second))
	rotation := p.Hops[0] * time.Duration(p.Daemons)
	p.Faults = append(p.Faults, Fault{
		Kind: Large, At: at - 5*rotation, For: time.Second, Network: -1, From: lost, To: -1, Rate: 1000, Count: tokenAtMost,
	}, Fault{
		Kind: Crash, At: at + rotation + r.time(0, 6*rotation), For: p.span(r), Network: -1, From: lost, To: -1,
	})
	p.Load = append(p.Load, Load{At: at, Daemon: lost, Lane: 1, Service: ring.Agreed, Size: message, Count: r.between(1, 3)})
	for i := range p.Daemons {
		service := ring.Safe
		if r.chance(400) {
			service = ring.Agreed
		}
		p.Load = append(p.Load, Load{At: at + r.time(0, 3*rotation), Daemon: i, Lane: 1, Service: service, Size: r.below(message), Count: r.between(1, 3)})
	}
	// Nth counts on each network and for each daemon that gets so far.
	for range r.between(1, 3) {
		f := Fault{
			Kind: []FaultKind{Crash, Crash, Partition, Cut, Pause}[r.below(5)], At: at, For: r.time(0, 3*p.FailureDetection), Network: -1, From: r.below(p.Daemons), To: -1,
			On: []string{onReported, onReported, onTransitional, onRegular}[r.below(4)], Nth: r.between(1, 2*p.Daemons), After: r.time(0, rotation),
		}
		switch f.Kind {
		case Crash, Pause:
			f.Role = roles[r.below(len(roles))]
		case Cut:
			f.Role, f.Rate = roles[r.below(len(roles))], 1000
		case Partition:
			f.From = -1
			for range p.Daemons {
				f.Groups = append(f.Groups, r.below(2))
			}
		}
		p.Faults = append(p.Faults, f)
	}
}
