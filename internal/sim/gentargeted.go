package sim

import (
	"slices"
	"time"
)

// generateTargeted draws a cluster under few random faults or none, and some
// that strike on protocol events.
func generateTargeted(seed uint64, mode Mode) *Plan {
	p := &Plan{Version: planVersion, Seed: seed, Mode: mode}
	p.topology(stream(seed, "topology"))
	p.limits(stream(seed, "limits"))
	r := stream(seed, "targets")
	if r.chance(500) {
		kind := faultKinds[r.below(len(faultKinds))].kind
		p.faults(kind, stream(seed, "fault "+string(kind)))
	}
	p.workload(stream(seed, "workload"))
	if q := stream(seed, "orphans"); p.Daemons > 2 && q.chance(450) {
		p.orphans(&q)
	}
	for range r.between(1, 4) {
		p.target(&r)
	}
	p.sort()
	return p
}

// target draws a fault that strikes on a protocol event, and something that
// makes the event likely where it does not happen by itself.
func (p *Plan) target(r *prng) {
	events := protocolEvents
	if p.Mode == RingMode {
		events = events[:len(events)-groupEvents]
	}
	f := Fault{
		Kind: []FaultKind{Crash, Crash, Crash, Cut, Mute, Deaf, Pause, Partition, Leave, Loss}[r.below(10)],
		At:   r.time(0, p.RunFor), For: p.span(r), Network: -1, From: 0, To: -1,
		On: events[r.below(len(events))], Nth: []int{0, 1, 2, 3, r.between(1, 40)}[r.below(5)],
		After: []time.Duration{0, 0, r.time(0, 3*p.Hops[0])}[r.below(3)],
	}
	f.Role = roles[r.below(len(roles))]
	switch f.Kind {
	case Crash:
		f.Count = []int{0, 0, 0, 1, 2}[r.below(5)]
	case Cut, Loss:
		f.Rate = 1000
		if r.chance(400) {
			f.To = r.below(p.Daemons)
		}
	case Deaf:
		f.From, f.To = -1, 0
	case Pause:
		f.Count = []int{0, 50, 100000}[r.below(3)]
	case Partition:
		f.Role, f.From = "", -1
		for range p.Daemons {
			f.Groups = append(f.Groups, r.below(2))
		}
	}
	p.Faults = append(p.Faults, f)
	if slices.Contains([]string{onTokenAccepted, onTokenSent, onData, onSafe, onSafeDelivered, onHurry}, f.On) {
		p.sendAround(f.At, r)
		return
	}
	// What happens only in a membership change needs one: somebody dies or is
	// cut off, with messages on their way.
	p.sendAround(f.At, r)
	cause := Fault{Kind: Partition, At: f.At, For: r.time(0, 3*p.FailureDetection), Network: -1, From: -1, To: -1}
	for range p.Daemons {
		cause.Groups = append(cause.Groups, r.below(2))
	}
	if r.chance(500) {
		cause = Fault{Kind: Crash, At: f.At, For: r.time(0, 2*p.FailureDetection), Network: -1, From: r.below(p.Daemons), To: -1}
	}
	p.Faults = append(p.Faults, cause)
}

// sendAround puts some messages, half of them safe, around a time.
func (p *Plan) sendAround(at time.Duration, r *prng) {
	const around = 30 * time.Millisecond
	for range r.between(p.Daemons, 3*p.Daemons) {
		l := Load{At: max(at-around, 0) + r.time(0, 2*around), Daemon: r.below(p.Daemons), Lane: r.below(2), Count: r.between(1, 4), Size: r.below(2 * p.PayloadSize)}
		l.Service = p.Load[0].Service
		if r.chance(500) {
			l.Service = 5
		}
		p.Load = append(p.Load, l)
	}
}
