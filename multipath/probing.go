package multipath

import "time"

// A small probe goes on every network on each tick, a padded one on every other
// tick. With more than probesUpTo daemons the small ones are fewer where each
// peer takes a copy of its own, and the padded ones everywhere.
const (
	probesUpTo = 32
	sizeTicks  = 2

	replyInterval = 500 * time.Millisecond // between replies of one peer
	maxRTT        = time.Minute            // an older reply is a stray
)

// probing is the sending side of one network's probes.
type probing struct {
	ticks     int // since the interface came up or changed
	number    uint32
	responder int  // the next peer to ask for a reply
	nextReply Time // when to ask the first one again
}

// slowdown is the factor for networks of many daemons.
func (n *network) slowdown() int { return max(1, (len(n.peers)+1)/probesUpTo) }

// probeTicks and its like in padded probes are how many ticks lie between two.
func (n *network) probeTicks() int {
	if n.Broadcast {
		return 1
	}
	return n.slowdown()
}

func (n *network) sizeTicks() int { return sizeTicks * n.slowdown() }

// probeInterval and its like in padded probes are the longest time between two.
func (n *network) probeInterval() time.Duration {
	return tickInterval * time.Duration(n.probeTicks())
}

func (n *network) sizeInterval() time.Duration {
	return tickInterval * time.Duration(n.sizeTicks())
}

// sendProbes sends the probes of a tick on each network.
func (m *Multipath) sendProbes(now Time) {
	for _, n := range m.networks {
		if !n.up() || len(n.peers) == 0 {
			continue
		}
		if n.ticks%n.probeTicks() == 0 {
			n.number = max(1, n.number+1)
			m.probe.number, m.probe.responders = n.number, m.responders(now, n)
			m.sendProbe(now, n, probeSize)
		}
		if n.ticks%n.sizeTicks() == 0 {
			m.sizes = n.probeSizes(now, m.sizes[:0])
			m.probe.number, m.probe.responders = 0, m.probe.responders[:0]
			for _, size := range m.sizes {
				m.sendProbe(now, n, size)
			}
		}
		n.ticks++
	}
}

// responders picks the peers that are to reply to this probe: a few at a time,
// in turn, of those that are there.
func (m *Multipath) responders(now Time, n *network) []DaemonID {
	ids := m.probe.responders[:0]
	if n.responder == 0 {
		if now < n.nextReply {
			return ids
		}
		n.nextReply = now + replyInterval
	}
	for n.responder < len(n.peers) && len(ids) < maxResponders {
		if d := n.peers[n.responder]; d.life != nil && d.life.heard {
			ids = append(ids, d.ID)
		}
		n.responder++
	}
	if n.responder == len(n.peers) {
		n.responder = 0
	}
	return ids
}

// sendProbe sends the prepared probe as a datagram of a size.
func (m *Multipath) sendProbe(now Time, n *network, size int) {
	m.probe.network, m.probe.interval, m.probe.sent = n.hash, n.probeInterval(), now
	m.body = m.probe.append(m.body[:0], size-m.env.size(KindProbe, 0))
	m.castOn(n, m.sealOwn(KindProbe, m.body))
}

// receiveProbe takes an authenticated probe of a proven life.
func (m *Multipath) receiveProbe(now Time, d *daemon, n *network, size int, late bool, body []byte) {
	pr := &m.incoming
	if !pr.parse(body) {
		m.counters.Malformed++
		return
	}
	p := &d.paths[n.id]
	if pr.network != n.hash {
		m.counters.WrongNetwork++
		p.wrongAt = now
		m.tracePath(now, d, n)
		return
	}
	if d.shared&n.bit == 0 {
		m.counters.WrongNetwork++
		return
	}
	was := p.alive
	p.probed(now, pr, size, late)
	if p.alive != was {
		m.routesStale = true
	}
	m.tracePath(now, d, n)
	if pr.number == 0 || !n.up() {
		return
	}
	for _, id := range pr.responders {
		if id == m.cfg.Self {
			m.body = appendProbeReply(m.body[:0], n.hash, pr.sent)
			m.datagram(n, d.addresses(int(n.id))[0], m.sealOwn(KindProbeReply, m.body))
			return
		}
	}
}

// receiveReply takes an authenticated reply to a probe of mine.
func (m *Multipath) receiveReply(now Time, d *daemon, n *network, body []byte) {
	hash, sent, ok := parseProbeReply(body)
	if !ok {
		m.counters.Malformed++
		return
	}
	if hash != n.hash {
		m.counters.WrongNetwork++
		return
	}
	if sent > now || sent < now-maxRTT {
		m.counters.Malformed++
		return
	}
	d.paths[n.id].answered(max(now-sent, 1))
}

// reviewPaths looks for paths that fell silent, and for sizes that changed.
func (m *Multipath) reviewPaths(now Time) {
	for _, n := range m.networks {
		for _, d := range n.peers {
			if d.paths[n.id].review(now, n.smallest()) {
				m.routesStale = true
				m.helloSoon(now) // the other end learns of it by our report only
			}
			m.tracePath(now, d, n)
		}
		if n.up() && n.verify(now) {
			m.routesStale = true
		}
	}
	for _, d := range m.daemons {
		if d.life != nil && !d.life.paired {
			d.life.paired = m.pairWorks(d)
		}
	}
}
