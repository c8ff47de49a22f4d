package sim

import (
	"time"

	"mpspread/ring"
)

// storms put traffic, and loss on the way out of one daemon, right before the
// faults that end rings: messages that some hold and others lack, senders that
// die with what they sent (SCN-20, SCN-21).
func (p *Plan) storms(r prng) {
	for _, f := range p.Faults {
		switch f.Kind {
		case Crash, Partition, Mute, Deaf, Cut, Leave, Pause:
		default:
			continue
		}
		lead := r.time(0, 40*time.Millisecond)
		begin := max(f.At-lead, 0)
		for range r.between(2, 2*p.Daemons) {
			service := ring.Safe
			if r.chance(500) {
				service = ring.Agreed
			}
			p.Load = append(p.Load, Load{
				At: begin + r.time(0, lead), Daemon: r.below(p.Daemons), Lane: r.below(2), Service: service,
				Size: r.below(2 * p.PayloadSize), Count: r.between(1, 8),
			})
		}
		if r.chance(700) {
			loss := Fault{Kind: Loss, At: begin, For: lead + r.time(0, 20*time.Millisecond), Network: -1, From: r.below(p.Daemons), To: -1, Rate: r.between(200, 900)}
			if f.From >= 0 && r.chance(500) {
				loss.From = f.From
			}
			if r.chance(400) {
				loss.To = r.below(p.Daemons)
			}
			p.Faults = append(p.Faults, loss)
		}
		if r.chance(400) {
			// Another cut while the ring forms again.
			on := []ring.State{ring.Recovery, ring.Operational}[r.below(2)]
			again := Fault{Kind: Partition, At: f.At, On: stateNames[on], After: r.time(0, 5*p.Hops[0]), For: r.time(0, p.FailureDetection), Network: -1, From: -1, To: -1}
			for range p.Daemons {
				again.Groups = append(again.Groups, r.below(2))
			}
			p.Faults = append(p.Faults, again)
		}
	}
}
