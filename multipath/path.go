package multipath

import "time"

const (
	// silentProbes is how many probes have to be missing for a path to be
	// called silent. Padded probes come in between, so at 30 % loss a false
	// alarm takes a run of about nine losses.
	silentProbes = 6
	// revivedBy probes make a silent path live again.
	revivedBy = 3
	// lateScore is how many more late than timely probes make a path late.
	lateScore = 4
)

// path is one network between this daemon and a peer: what is measured of the
// direction from the peer, and what the peer reports of the other.
type path struct {
	lastHeard Time // any credited packet
	lastProbe Time // a probe of this network
	sent      Time // by the peer's clock, the latest probe of this network
	wrongAt   Time // a probe of another network came over this one
	interval  time.Duration
	streak    int
	alive     bool // not silent
	aliveFrom Time
	late      bool // brings packets later than a quarter of failure detection
	score     int
	lossy     bool
	loss      lossMeter
	rtt       time.Duration // smoothed; 0: unknown
	sizes     sizeMeter     // of probes from the peer
	small     bool          // ... are all below the minimum

	reverse      PathState // as the peer reports it
	reverseLate  bool
	reverseSize  int  // largest probe of mine the peer has seen
	reverseFrom  Time // not silent since
	reverseKnown bool
	peerSize     int // what the peer's interface takes; 0: down or unknown

	told, toldReverse PathState // by the trace
}

func newPath(n *network) path {
	return path{
		lastHeard: never, lastProbe: never, sent: never, wrongAt: never, aliveFrom: never, reverseFrom: never,
		sizes: sizeMeter{width: 2 * n.sizeInterval()},
	}
}

// renew forgets what was measured with an earlier life.
func (p *path) renew(n *network) {
	told, toldReverse := p.told, p.toldReverse
	*p = newPath(n)
	p.told, p.toldReverse = told, toldReverse
}

// probed takes a probe that came over its own network. The caller has made
// sure that it is no replay.
func (p *path) probed(now Time, pr *probe, size int, late bool) {
	p.lastHeard, p.lastProbe, p.interval = now, now, pr.interval
	p.sent = max(p.sent, pr.sent)
	p.sizes.add(now, size)
	p.streak++
	if !p.alive && p.streak >= revivedBy {
		p.alive, p.aliveFrom = true, now
		p.loss.restart(now)
	}
	if pr.number != 0 {
		p.loss.add(now, pr.number)
	}
	p.judgeDelay(late)
}

// advances tells whether a probe that the window cannot judge is no replay:
// the small ones are numbered, the padded ones were sent with or after the last.
func (p *path) advances(pr *probe) bool {
	if pr.number == 0 {
		return pr.sent >= p.sent
	}
	return pr.number > p.loss.highest
}

// judgeDelay lets a few probes decide, not a single one.
func (p *path) judgeDelay(late bool) {
	if late {
		p.score = min(p.score+1, lateScore)
	} else {
		p.score = max(p.score-1, 0)
	}
	switch p.score {
	case lateScore:
		p.late = true
	case 0:
		p.late = false
	}
}

// answered takes the round-trip time of a probe, smoothed as in RFC 6298 but
// by 1/4, for there are only two a second.
func (p *path) answered(rtt time.Duration) {
	if p.rtt == 0 {
		p.rtt = rtt
		return
	}
	p.rtt += (rtt - p.rtt) / 4
}

// review looks at a path at a time when nothing may have come. It tells
// whether the path's state changed. smallest is the packet size below which a
// path is for small packets only.
func (p *path) review(now Time, smallest int) bool {
	before := p.state(now)
	if p.alive && now-p.lastProbe >= silentProbes*p.interval {
		p.alive, p.lossy, p.late, p.score, p.rtt = false, false, false, 0, 0
	}
	if !p.alive && now-p.lastProbe >= silentProbes*p.interval {
		p.streak = 0
	}
	if p.alive {
		lost, expected := p.loss.lost(now, p.overdue(now))
		switch {
		case lost*100 > expected*lossyAbove && lost >= lossyProbe:
			p.lossy = true
		case lost*100 < expected*lossyBelow || lost == 0:
			p.lossy = false
		}
		p.small = now-p.aliveFrom > p.sizes.memory() && p.sizes.largest(now) < smallest
	}
	return p.state(now) != before
}

// overdue is how many probes should have come since the last one.
func (p *path) overdue(now Time) uint32 {
	if p.interval == 0 || now-p.lastProbe < 2*p.interval {
		return 0
	}
	return uint32(min((now-p.lastProbe)/p.interval, 10*lossBuckets))
}

// crossed tells whether another network's probes come over this one.
func (p *path) crossed(now Time) bool {
	return now-p.wrongAt < silentProbes*tickInterval
}

func (p *path) state(now Time) PathState {
	switch {
	case !p.alive && p.crossed(now):
		return PathWrongNetwork
	case !p.alive:
		return PathSilent
	case p.small:
		return PathSmallPacketsOnly
	case p.lossy:
		return PathLossy
	}
	return PathOK
}

// slow tells whether the path takes longer than the age at which packets count
// as late. Of the delay of one direction alone only the order of packets
// tells; a round trip has two.
func (p *path) slow(age time.Duration) bool { return p.late || p.rtt > 2*age }

// carriesOut tells whether what this daemon sends over the path arrives, as
// far as known: the peer says so, or has said nothing yet.
func (p *path) carriesOut() bool {
	return !p.reverseKnown || p.reverse != PathSilent && p.reverse != PathWrongNetwork
}

// live tells whether the path counts as redundancy: it works in both
// directions, in time.
func (p *path) live(age time.Duration) bool {
	return p.alive && p.carriesOut() && !p.slow(age) && !p.reverseLate
}

// takeReport notes what a peer says of my packets on each network.
func (m *Multipath) takeReport(now Time, d *daemon, h *hello, r *report) {
	for _, n := range m.networks {
		if d.shared&n.bit == 0 {
			continue
		}
		p := &d.paths[n.id]
		for i := range h.networks {
			if h.networks[i].hash == n.hash {
				m.takePathReport(now, n, p, int(h.networks[i].size), &r.paths[i])
				m.tracePath(now, d, n)
				break
			}
		}
	}
}

func (m *Multipath) takePathReport(now Time, n *network, p *path, peerSize int, r *pathReport) {
	was := p.carriesOut() && p.reverseKnown
	if p.reverse != r.state || p.reverseSize != int(r.size) || p.peerSize != peerSize || !p.reverseKnown {
		m.routesStale = true
	}
	p.reverse, p.reverseLate, p.reverseSize = r.state, r.late, int(r.size)
	p.reverseKnown, p.peerSize = true, peerSize
	if p.carriesOut() && !was {
		p.reverseFrom = now
		n.search(now)
	}
}

// forgetReport: a peer that does not say that it hears me hears me nowhere,
// but for a new life, which may not have got so far.
func (m *Multipath) forgetReport(now Time, d *daemon) {
	known := now-d.life.since > reportGrace
	for i := range d.paths {
		p := &d.paths[i]
		if p.reverseKnown || known {
			m.routesStale = m.routesStale || p.carriesOut()
			p.reverse, p.reverseLate, p.reverseSize, p.reverseKnown = PathSilent, false, 0, known
			m.tracePath(now, d, m.networks[i])
		}
	}
}

// reportGrace is how long a new life may take to report on paths.
const reportGrace = 1500 * time.Millisecond
