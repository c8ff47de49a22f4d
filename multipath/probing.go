package multipath

import "time"

// defaultProbeInterval is the time between small probes on one network. With
// more than probesUpTo daemons it grows with their number where each takes a
// copy of its own; padded probes are then fewer on all networks.
const (
	defaultProbeInterval = 80 * time.Millisecond
	probesUpTo           = 32

	maxRTT = time.Minute // an older reply is a stray
)

// probing is the sending side of one network's probes.
type probing struct {
	number    uint32
	responder int // the next peer to ask for a reply
	nextProbe Time
	nextSize  Time
}

// slowdown is the factor for networks of many daemons.
func (n *network) slowdown() int { return max(1, (len(n.peers)+1)/probesUpTo) }

func (n *network) probeInterval() time.Duration {
	if n.Broadcast {
		return defaultProbeInterval
	}
	return defaultProbeInterval * time.Duration(n.slowdown())
}

func (n *network) sizeInterval() time.Duration {
	return defaultSizeInterval * time.Duration(n.slowdown())
}

// sendProbes sends what probes are due on each network.
func (m *Multipath) sendProbes(now Time) {
	for _, n := range m.networks {
		if !n.up() || len(n.peers) == 0 {
			continue
		}
		if now >= n.nextProbe {
			n.nextProbe = now + n.probeInterval()
			n.number = max(1, n.number+1)
			m.probe.number, m.probe.responders = n.number, m.responders(n)
			m.sendProbe(now, n, probeSize)
		}
		if now >= n.nextSize {
			n.nextSize = now + n.sizeInterval()
			m.sizes = n.probeSizes(now, m.sizes[:0])
			m.probe.number, m.probe.responders = 0, m.probe.responders[:0]
			for _, size := range m.sizes {
				m.sendProbe(now, n, size)
			}
		}
	}
}

// responders picks the peers that are to reply to this probe: a few at a time,
// in turn, of those that are there.
func (m *Multipath) responders(n *network) []DaemonID {
	ids := m.probe.responders[:0]
	for range n.peers {
		d := n.peers[n.responder%len(n.peers)]
		n.responder = (n.responder + 1) % len(n.peers)
		if d.life != nil && d.life.heard {
			ids = append(ids, d.ID)
		}
		if len(ids) == maxResponders {
			break
		}
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
