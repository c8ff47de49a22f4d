package multipath

import (
	"bytes"
	"math"
	"time"
)

const (
	// minHelloGap is the least time between two hellos, however many peers appear.
	minHelloGap = 20 * time.Millisecond
	// helloMost is the most time between two frequent hellos (protocol rule 1).
	helloMost = 100 * time.Millisecond

	// reportsPerHello bounds what a hello tells over and over: in a larger
	// cluster each peer has its turn, and a change is told retellChanges times
	// at once.
	reportsPerHello = 32
	retellChanges   = 4
)

// greeting is the sending side of hellos.
type greeting struct {
	helloGap    time.Duration
	nextHello   Time
	lastHello   Time
	helloNumber uint32
	beacon      []byte
	fast        bool
	hello       hello // being built
	heardHello  hello // being read
	helloBytes  []byte
	turn        int // whose turn it is to be reported on
}

// told is what the last hellos reported on a daemon.
type told struct {
	report report
	again  int // how often it is still to be told out of turn
}

// SetBeacon sets what the upper layer wants to tell in every hello, at most
// 16 KiB, and whether hellos are to be frequent: while gathering or alone.
func (m *Multipath) SetBeacon(beacon []byte, fast bool) {
	if len(beacon) > maxBeacon {
		panic("multipath: beacon too long")
	}
	news := fast && (!m.fast || !bytes.Equal(beacon, m.beacon))
	m.fast = fast
	m.beacon = append(m.beacon[:0], beacon...)
	if news && m.started {
		m.helloSoon(m.now)
	}
}

// helloSoon makes a hello due as soon as one may be sent again.
func (m *Multipath) helloSoon(now Time) {
	m.nextHello = min(m.nextHello, max(now, m.lastHello+m.helloGap))
}

// sendHello sends a hello on every network if one is due.
func (m *Multipath) sendHello(now Time) {
	if now < m.nextHello {
		return
	}
	interval := m.helloSlow
	if m.fast {
		interval = m.helloFast
	}
	m.lastHello, m.nextHello = now, now+interval
	if m.routesStale {
		m.reroute(now)
	}
	if m.routes.every.networks == 0 {
		return
	}
	m.buildHello(now)
	m.helloBytes = m.hello.append(m.helloBytes[:0])
	m.helloNumber++
	chunk := m.routes.helloSize - m.env.size(KindHello, helloPartHeader)
	chunk = max(chunk, (len(m.helloBytes)+maxParts-1)/maxParts)
	count := (len(m.helloBytes) + chunk - 1) / chunk
	for i := range count {
		p := part{id: m.helloNumber, index: uint8(i), count: uint8(count), chunk: m.helloBytes[i*chunk : min(len(m.helloBytes), (i+1)*chunk)]}
		m.body = p.appendHello(m.body[:0])
		data := m.sealOwn(KindHello, m.body)
		for _, n := range m.networks {
			if n.usable() {
				m.castOn(n, data)
			}
		}
	}
}

// buildHello puts together what this daemon has to say.
func (m *Multipath) buildHello(now Time) {
	h := &m.hello
	h.redundancyLost = m.redundancyLost(now)
	h.challenge, h.beacon = m.challenges.current, m.beacon
	h.networks, h.echoes, h.reports = h.networks[:0], h.echoes[:0], h.reports[:0]
	for _, n := range m.networks {
		h.networks = append(h.networks, helloNetwork{hash: n.hash, size: clampSize(n.PacketSize)})
	}
	for _, d := range m.sorted {
		for _, l := range d.candidates {
			h.echoes = append(h.echoes, l.challenge)
			l.echoed = l.challenge
		}
		if l := d.life; l != nil && l.heard && !l.hearsMe {
			h.echoes = append(h.echoes, l.challenge)
		}
	}
	m.buildReports(now, h)
}

// buildReports tells of all peers, or in a large cluster of those whose turn
// it is and those of whom there is news.
func (m *Multipath) buildReports(now Time, h *hello) {
	h.complete = true
	n := len(m.sorted)
	for i, d := range m.sorted {
		if d.life == nil {
			continue
		}
		r := m.reportOn(now, d)
		news := r
		news.highest = 0
		if news != d.told.report {
			d.told = told{report: news, again: retellChanges}
		}
		if (i-m.turn+n)%n >= reportsPerHello && d.told.again == 0 {
			h.complete = false
			continue
		}
		d.told.again = max(d.told.again-1, 0)
		h.reports = append(h.reports, r)
	}
	m.turn = (m.turn + reportsPerHello) % n
}

// reportOn tells what this daemon knows of a peer. It is told of silent peers
// too: one that was put back to an older state learns from the counter.
func (m *Multipath) reportOn(now Time, d *daemon) report {
	r := report{daemon: d.ID, short: d.life.short, highest: d.life.window.highest, heard: d.life.heard}
	if d.life.forked {
		r.highest = math.MaxUint64
	}
	for _, n := range m.networks {
		if d.shared&n.bit != 0 {
			p := &d.paths[n.id]
			r.paths[n.id] = pathReport{state: p.state(now), late: p.slow(m.lateAge), size: clampSize(p.sizes.largest(now))}
		}
	}
	return r
}

// receiveStranger takes a packet of a life that is not the proven one. Only
// hellos are read (protocol rule 1), those of a superseded life too: see admit.
func (m *Multipath) receiveStranger(now Time, d *daemon, n *network, h header, data []byte) {
	if d.isSuperseded(h.short) {
		m.counters.SupersededLife++
	} else if h.kind != KindHello {
		m.counters.UnprovenLife++
	}
	if h.kind != KindHello {
		return
	}
	inc := h.incarnation(data)
	l := d.candidate(inc)
	known := l != nil
	if !known {
		l = newLife(d.ID, inc)
	} else if v := l.window.check(h.counter); v == duplicate {
		m.counters.Duplicates++
		return
	} else if v == beyond {
		m.counters.BeyondWindow++
		return
	}
	aead, _ := m.openingKey(l, h)
	tag := m.env.tagPrefix(data)
	body, ok := m.env.open(aead, h.bodyAt(), data)
	if !ok {
		m.counters.Authentication++
		return
	}
	if !known {
		m.addCandidate(d, l)
	}
	l.window.accept(h.counter, tag, markSingle, &d.ledger)
	l.sealedWith = h.key
	m.tracePacket(now, d, l, n.id, h.counter, Greeted)
	m.receiveHello(now, d, l, h.counter, body)
}

// receiveHello collects the parts of a hello and reads it when it is complete.
func (m *Multipath) receiveHello(now Time, d *daemon, l *life, counter uint64, body []byte) {
	p, ok := parseHelloPart(body)
	if !ok {
		m.counters.Malformed++
		return
	}
	l.lastHello = now
	whole := p.chunk
	if p.count > 1 {
		complete, dropped := false, 0
		m.joined, complete, dropped = l.hellos.add(now, p, m.joined[:0])
		m.counters.PartsDropped += uint64(dropped)
		if !complete {
			return
		}
		whole = m.joined
	}
	h := &m.heardHello
	if !h.parse(whole) {
		m.counters.Malformed++
		return
	}
	if p.id <= l.helloID {
		return // an older one, overtaken
	}
	l.helloID = p.id
	m.readHello(now, d, l, counter-min(counter, uint64(p.index)), h)
}

// readHello acts on a whole hello. first is the counter of its first packet.
func (m *Multipath) readHello(now Time, d *daemon, l *life, first uint64, h *hello) {
	l.challenge = h.challenge
	if l != d.life {
		m.hearStranger(d, h)
		m.judgeCandidate(now, d, l, first, h)
	}
	if l == d.life {
		m.hear(now, d, h)
	} else if l.challenge != l.echoed {
		m.helloSoon(now)
	}
}

// judgeCandidate looks whether a life has proven that it lives now, and lets
// it in if it may come in. Another living daemon of my own name never may.
func (m *Multipath) judgeCandidate(now Time, d *daemon, l *life, first uint64, h *hello) {
	if !m.challenges.accepts(h.echoes, d.provedSince) {
		return
	}
	if l.freshAt == never {
		l.freshAt, l.floor = now, first
	}
	if d.self || !m.admit(now, d, l) && now-l.freshAt > m.silence {
		m.counters.DuplicateIdentity++
		d.duplicate = now
	}
}

// appendHello writes the body of one packet of a hello.
func (p *part) appendHello(b []byte) []byte {
	at := len(b)
	b = p.append(b)
	// A hello's parts do without the kind.
	copy(b[at+helloPartHeader:], b[at+partHeader:])
	return b[:len(b)-1]
}
