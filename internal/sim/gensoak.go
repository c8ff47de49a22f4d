package sim

import (
	"time"

	"mpspread/ring"
)

// Bounds of a soak: minutes under the timing of a real cluster, where most
// other runs last seconds on slow networks.
const (
	soakShortest, soakLongest = 15 * time.Minute, 45 * time.Minute
	soakFaultEvery            = 30 * time.Second // on average
	soakLoadEvery             = 500 * time.Millisecond
	soakLongestFault          = 20 * time.Second
)

// generateSoak draws a cluster on fast networks that runs for minutes, with
// steady traffic and one fault at a time now and then.
func generateSoak(seed uint64, mode Mode) *Plan {
	p := &Plan{Version: planVersion, Seed: seed, Mode: mode}
	p.topology(stream(seed, "topology"))
	p.limits(stream(seed, "limits"))
	r := stream(seed, "soak")
	p.FailureDetection = 500 * time.Millisecond
	p.Jitter = 50 * time.Microsecond
	for i := range p.Hops {
		p.Hops[i] = r.time(100*time.Microsecond, 500*time.Microsecond)
	}
	p.RunFor = r.time(soakShortest, soakLongest)
	p.Converge = 10*p.FailureDetection + 3*time.Second
	for at := r.time(0, soakFaultEvery); at < p.RunFor; at += r.time(0, 2*soakFaultEvery) {
		f := Fault{
			Kind: faultKinds[r.below(len(faultKinds))].kind, At: at, For: min(p.span(&r), soakLongestFault),
			Network: -1, From: r.below(p.Daemons), To: -1,
		}
		if p.draw(&f, &r) {
			p.Faults = append(p.Faults, f)
		}
	}
	for at := r.time(0, soakLoadEvery); at < p.RunFor; at += r.time(0, 2*soakLoadEvery) {
		l := Load{At: at, Daemon: r.below(p.Daemons), Lane: r.below(3), Service: ring.Service(r.below(6)), Size: r.below(2 * p.PayloadSize), Count: r.between(1, 6)}
		if r.chance(20) {
			l.Size, l.Count = r.between(20_000, 144_000), 1
		}
		if mode == EngineMode {
			p.visitGroups(&l, &r)
		}
		p.Load = append(p.Load, l)
	}
	p.sort()
	return p
}
