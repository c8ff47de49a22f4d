package multipath

import (
	"crypto/cipher"
	"fmt"
	"net/netip"
)

// Receive takes one datagram that came over a network. At most one packet for
// the layer above comes of it; its payload is valid until the next call. data
// is decrypted in place. Nothing that can be in data does any harm but cost a
// counter.
func (m *Multipath) Receive(now Time, net NetworkID, from netip.AddrPort, data []byte) (Packet, bool) {
	m.begin(now)
	if !m.started {
		m.start(now)
	}
	m.counters.Received++
	h, refused := m.env.parse(data)
	switch {
	case refused == refusedShort:
		m.counters.Short++
		return Packet{}, false
	case refused == refusedVersion:
		m.counters.Version++
		return Packet{}, false
	case int(net) >= len(m.networks):
		panic(fmt.Sprintf("multipath: datagram from network %d of %d", net, len(m.networks)))
	}
	n := m.networks[net]
	if h.sender == OperatorID {
		m.receiveOperator(now, n, from, h, data)
		return Packet{}, false
	}
	d := m.byID[h.sender]
	if !m.admissible(d, h, from.Addr()) {
		return Packet{}, false
	}
	if l := d.life; l != nil && l.short == h.short {
		return m.receiveKnown(now, d, n, h, data)
	}
	m.receiveStranger(now, d, n, h, data)
	return Packet{}, false
}

// admissible is all that can be said against a packet before any crypto, the
// cheapest first (SEC-8).
func (m *Multipath) admissible(d *daemon, h header, from netip.Addr) bool {
	switch {
	case d == nil:
		m.counters.UnknownSender++
	case d.self && h.short == m.short:
		m.counters.Own++
	case !d.owns(from):
		m.counters.WrongAddress++
	case h.kind == 0 || h.kind > KindPart && h.kind < KindUpper:
		m.counters.WrongKind++
	case !m.env.knows(h.key):
		m.counters.UnknownKey++
	default:
		return true
	}
	return false
}

// receiveKnown takes a packet of a proven life: the window first, from the
// clear header, then the seal.
func (m *Multipath) receiveKnown(now Time, d *daemon, n *network, h header, data []byte) (Packet, bool) {
	l := d.life
	tag := m.env.tagPrefix(data)
	outside := false
	switch l.window.check(h.counter) {
	case duplicate:
		m.counters.Duplicates++
		fate := Forged
		if l.window.credit(h.counter, tag, n.bit, &d.ledger) {
			d.paths[n.id].lastHeard = now
			fate = Copy
		} else {
			m.lookForFork(now, l, h, data)
		}
		m.tracePacket(now, d, l, n.id, h.counter, fate)
		return Packet{}, false
	case beyond:
		// A probe below the window still shows that its path is late; its
		// number guards against replays.
		m.counters.BeyondWindow++
		if outside = h.kind == KindProbe; !outside {
			m.tracePacket(now, d, l, n.id, h.counter, Beyond)
			return Packet{}, false
		}
	}
	aead, ok := m.openingKey(l, h)
	if !ok {
		m.counters.BeyondWindow++
		m.tracePacket(now, d, l, n.id, h.counter, Beyond)
		return Packet{}, false
	}
	size := len(data)
	body, ok := m.openKnown(l, aead, h, data)
	if !ok {
		m.counters.Authentication++
		m.tracePacket(now, d, l, n.id, h.counter, Refused)
		return Packet{}, false
	}
	if outside {
		m.tracePacket(now, d, l, n.id, h.counter, Beyond)
		m.receiveOutside(now, d, n, size, body)
		return Packet{}, false
	}
	late := l.stale(now, h.counter, l.window.highest, m.lateAge)
	m.take(l, d, n, h, tag, aead)
	m.tracePacket(now, d, l, n.id, h.counter, Fresh)
	if !late {
		m.touch(now, l)
	}
	d.paths[n.id].lastHeard = now
	return m.dispatch(now, d, n, h, size, late, body)
}

// openKnown authenticates a packet of a proven life and returns its body.
func (m *Multipath) openKnown(l *life, aead cipher.AEAD, h header, data []byte) ([]byte, bool) {
	if h.kind.carriesRest() && h.incarnation(data) != l.keys.inc {
		return nil, false
	}
	return m.env.open(aead, h.bodyAt(), data)
}

// take enters an authenticated packet in the window.
func (m *Multipath) take(l *life, d *daemon, n *network, h header, tag uint64, aead cipher.AEAD) {
	mark := uint16(n.bit)
	if h.kind == KindProbe || h.kind == KindProbeReply {
		mark |= markSingle
	}
	epoch := epochOf(l.window.highest)
	l.window.accept(h.counter, tag, mark, &d.ledger)
	l.sealedWith = h.key
	if now := epochOf(h.counter); now > epoch && m.env.sealed() {
		l.keys.forget(now)
		if l.keys.find(h.key, now) == nil {
			l.keys.add(h.key, now, aead)
		}
	}
	m.counters.Accepted++
}

// openingKey returns the object that opens a packet of a life. One of a
// sub-epoch that is not near the present one is refused unless it is a hello,
// so that forged counters cannot make keys be derived without end.
func (m *Multipath) openingKey(l *life, h header) (cipher.AEAD, bool) {
	if !m.env.sealed() {
		return nil, true
	}
	epoch := epochOf(h.counter)
	if aead := l.keys.find(h.key, epoch); aead != nil {
		return aead, true
	}
	nearby := near(epoch, epochOf(l.window.highest))
	if !nearby && h.kind != KindHello {
		return nil, false
	}
	aead := m.env.ring.derive(m.env.ring.find(h.key), l.keys.sender, l.keys.inc, epoch)
	if nearby {
		l.keys.add(h.key, epoch, aead)
	}
	return aead, true
}

// receiveOutside takes an authenticated probe whose counter is below the
// window.
func (m *Multipath) receiveOutside(now Time, d *daemon, n *network, size int, body []byte) {
	if m.incoming.parse(body) && d.paths[n.id].advances(&m.incoming) {
		m.receiveProbe(now, d, n, size, true, body)
	}
}

// dispatch hands an accepted packet to whom it is for.
func (m *Multipath) dispatch(now Time, d *daemon, n *network, h header, size int, late bool, body []byte) (Packet, bool) {
	p := Packet{Kind: h.kind, From: d.ID, Incarnation: h.short, Network: n.id, Payload: body}
	switch h.kind {
	case KindHello:
		m.receiveHello(now, d, d.life, h.counter, body)
	case KindProbe:
		m.receiveProbe(now, d, n, size, late, body)
	case KindProbeReply:
		m.receiveReply(now, d, n, body)
	case KindPart:
		return m.receivePart(now, d.life, p, body)
	default:
		return p, true
	}
	return Packet{}, false
}

// receivePart collects a part; the last one brings the whole payload.
func (m *Multipath) receivePart(now Time, l *life, p Packet, body []byte) (Packet, bool) {
	pt, ok := parsePart(body)
	if !ok {
		m.counters.Malformed++
		return Packet{}, false
	}
	whole, complete, dropped := l.parts.add(now, pt, m.joined[:0])
	m.counters.PartsDropped += uint64(dropped)
	if !complete {
		return Packet{}, false
	}
	m.joined = whole
	p.Kind, p.Payload = pt.kind, whole
	return p, true
}
