package sim

import (
	"mpspread/ring"
)

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
