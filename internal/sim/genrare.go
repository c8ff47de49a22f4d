package sim

import (
	"time"

	"mpspread/ring"
)

// rare adds to a random plan what random faults hardly ever make together.
func (p *Plan) rare(seed uint64) {
	r := stream(seed, "rare")
	if r.chance(100) {
		p.deadNetwork(stream(seed, "dead network"))
	}
	if r.chance(80) {
		p.lastPaths(stream(seed, "last paths"))
	}
	if r.chance(40) {
		p.giants(stream(seed, "giants"))
	}
	if r.chance(60) {
		p.narrow(stream(seed, "narrow"))
	}
}

// deadNetwork makes one network useless for ever, in all directions or in some,
// where the others connect every pair: the cluster must come together and stay
// so without it (MPX-5). Faults that end leave a daemon that has chosen the
// wrong network unpunished.
func (p *Plan) deadNetwork(r prng) {
	net := r.below(p.Networks)
	if p.Failover && r.chance(600) {
		net = 0 // the one that is preferred
	}
	if !p.shareBeside(net) {
		return
	}
	f := Fault{Kind: Cut, At: r.time(0, p.RunFor), Permanent: true, Network: net, From: -1, To: -1}
	switch r.below(5) {
	case 0:
		f.From = r.below(p.Daemons)
	case 1:
		f.To = r.below(p.Daemons)
	case 2:
		f.From, f.To = r.below(p.Daemons), r.below(p.Daemons)
	case 3:
		// Late, but not later than a network may be (S9). With one network at a
		// time that is no question of skew.
		if !p.Failover {
			f.Kind, f.Delay = Late, r.pick(50*time.Millisecond, 500*time.Millisecond, 5*time.Second)
		}
	}
	p.Faults = append(p.Faults, f)
	if p.Failover {
		p.wakeLater(r)
	}
}

// wakeLater has something said when all has been quiet for most of the time that
// it may take to settle. The token of a
// ring at rest goes on every network: it is what else goes that shows whether
// daemons have given up the network that is dead.
func (p *Plan) wakeLater(r prng) {
	for i := range 5 {
		p.Load = append(p.Load, Load{
			At: p.RunFor + p.Converge - time.Duration(i)*p.FailureDetection/2, Daemon: r.below(p.Daemons), Lane: 9, Service: ring.Agreed, Size: 30, Count: 1,
		})
	}
}

// shareBeside tells whether every pair of daemons has a network in common
// beside one.
func (p *Plan) shareBeside(net int) bool {
	for a := range p.Daemons {
		for b := range a {
			shares := false
			for other := range p.Networks {
				shares = shares || other != net && p.on(a, other) && p.on(b, other)
			}
			if !shares {
				return false
			}
		}
	}
	return p.Daemons > 1
}

// lastPaths takes the networks between two daemons away, one direction, one
// after the other, until none is left for a moment.
func (p *Plan) lastPaths(r prng) {
	from, to, last := r.below(p.Daemons), r.below(p.Daemons), p.Networks-1
	if r.chance(500) {
		last = r.below(p.Networks)
	}
	if from == to || p.Networks < 2 {
		return
	}
	at, lasts := r.time(0, p.RunFor), r.time(p.FailureDetection, 4*p.FailureDetection)
	for net := range p.Networks {
		if net != last {
			p.Faults = append(p.Faults, Fault{Kind: Cut, At: at, For: lasts, Network: net, From: from, To: to})
			at += r.time(0, 50*time.Millisecond)
		}
	}
	p.Faults = append(p.Faults, Fault{Kind: Cut, At: at + time.Millisecond, For: r.time(0, lasts/2), Network: last, From: from, To: to})
}

// giants are messages longer than clients of old may send: others go out
// between their fragments (protocol rule 7).
func (p *Plan) giants(r prng) {
	for range r.between(1, 3) {
		const lane = 8
		at, d := r.time(0, p.RunFor), r.below(p.Daemons)
		p.Load = append(p.Load, Load{At: at, Daemon: d, Lane: lane, Service: ring.Service(r.below(6)), Size: r.between(144_001, 300_000), Count: 1})
		for range r.between(3, 10) {
			p.Load = append(p.Load, Load{
				At: at + r.time(0, 200*time.Millisecond), Daemon: d, Lane: r.below(3), Service: ring.Service(r.below(6)),
				Size: r.between(p.PayloadSize/2, 5*p.PayloadSize), Count: r.between(1, 4),
			})
		}
	}
}

// narrow makes some paths, on all networks, lose all that is not small, without
// a word, and some of the rest: payloads go in parts, of which some are lost.
func (p *Plan) narrow(r prng) {
	if p.Mode != EngineMode {
		return
	}
	large := Fault{Kind: Large, At: r.time(time.Second, p.RunFor/2), For: p.RunFor, Network: -1, From: r.below(p.Daemons), To: -1, Count: r.between(400, 1000), Rate: 1000}
	if r.chance(500) {
		large.To = r.below(p.Daemons)
	}
	loss := large
	loss.Kind, loss.Count, loss.Rate = Loss, 0, r.between(50, 300)
	p.Faults = append(p.Faults, large, loss)
	every := r.time(5*time.Millisecond, 30*time.Millisecond)
	p.Load = append(p.Load, Load{
		At: large.At, Daemon: large.From, Lane: 8, Service: ring.Service(r.below(6)), Size: max(p.PayloadSize, minPacket) - 100, Every: every,
		Count: int((p.RunFor-large.At)/every) + 1,
	})
}
