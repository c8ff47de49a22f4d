package sim

import "time"

// drawOperator fills in the arguments of a fault of those who run the cluster.
func (p *Plan) drawOperator(f *Fault, r *prng) bool {
	switch f.Kind {
	case Revert:
		f.Delay = r.pick(10*time.Millisecond, 100*time.Millisecond, p.FailureDetection, 3*time.Second)
	case Twin:
	case Wrong:
		f.Count = r.between(int(WrongHash), int(RemovedKey))
		if p.Mode == RingMode {
			f.Count = int(WrongHash)
			return true
		}
		if f.Count == int(RemovedKey) && !p.Plaintext {
			// There must be one.
			p.Faults = append(p.Faults, Fault{Kind: Rotate, At: f.At / 2, For: p.RunFor, Network: -1, From: -1, To: -1, Delay: 5 * time.Millisecond})
		}
	case Suspend:
		f.Network = r.below(p.Networks)
	case Rotate:
		f.Delay = r.pick(5*time.Millisecond, 50*time.Millisecond, 500*time.Millisecond)
		if r.chance(400) {
			f.From = -1
		}
		return p.Mode == EngineMode && !p.Plaintext
	}
	return p.Mode == EngineMode
}

// masses makes many daemons stop at once, all but one of them for preference,
// and start again at once (P6).
func (p *Plan) masses(r prng) {
	for range r.between(1, 2) {
		at, lasts, spared := r.time(0, p.RunFor), p.span(&r), r.below(p.Daemons)
		kind := []FaultKind{Crash, Crash, Leave}[r.below(3)]
		for i := range p.Daemons {
			if i == spared && r.chance(700) {
				continue
			}
			p.Faults = append(p.Faults, Fault{Kind: kind, At: at, For: lasts, Network: -1, From: i, To: -1})
		}
	}
}
