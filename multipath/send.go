package multipath

import (
	"crypto/cipher"
	"fmt"
	"math"
	"net/netip"
)

// Send seals a payload once and queues the same bytes for every network on
// which it is to go: to one daemon, or to all if to is 0. Under Failover
// everyNetwork overrides the policy. A payload too large for the paths that
// work is cut into parts. kind is KindUpper or above; payload is copied.
//
// What cannot be sent is counted: NoNetwork, Oversize.
func (m *Multipath) Send(now Time, kind Kind, to DaemonID, everyNetwork bool, payload []byte) {
	m.begin(now)
	if kind < KindUpper {
		panic(fmt.Sprintf("multipath: Send of own kind %d", kind))
	}
	if m.routesStale {
		m.reroute(now)
	}
	r, d := &m.routes.all, (*daemon)(nil)
	switch {
	case to != 0:
		if d = m.byID[to]; d == nil || d.self {
			m.counters.NoNetwork++
			return
		}
		r = &d.route
		if everyNetwork {
			r = &d.every
		}
	case everyNetwork:
		r = &m.routes.every
	}
	if r.networks == 0 {
		m.counters.NoNetwork++
		return
	}
	if size := m.env.size(kind, len(payload)); size <= r.whole {
		m.sendOn(r.networks, d, m.sealOwn(kind, payload))
		return
	}
	m.sendParts(r, d, kind, payload)
}

// sendOn queues a packet on each of some networks that can carry it. At least
// one can: the largest of a route's sizes is that of one of its networks.
func (m *Multipath) sendOn(networks uint8, d *daemon, data []byte) {
	for _, n := range m.networks {
		if networks&n.bit == 0 || len(data) > n.verified {
			continue
		}
		if d == nil {
			m.castOn(n, data)
		} else {
			m.uniOn(n, d, data)
		}
	}
}

// sendParts cuts a payload into packets that fit every path of the route. Each
// is a packet of its own with a counter of its own.
func (m *Multipath) sendParts(r *route, d *daemon, kind Kind, payload []byte) {
	chunk := r.part - m.env.size(KindPart, partHeader)
	if chunk < 1 || len(payload) > chunk*maxParts {
		m.counters.Oversize++
		return
	}
	count := (len(payload) + chunk - 1) / chunk
	m.partID++
	for i := range count {
		end := min(len(payload), (i+1)*chunk)
		p := part{id: m.partID, index: uint8(i), count: uint8(count), kind: kind, chunk: payload[i*chunk : end]}
		m.body = p.append(m.body[:0])
		m.sendOn(r.networks, d, m.sealOwn(KindPart, m.body))
	}
}

// castOn queues a packet for all daemons on a network: one datagram where it
// carries one to all, else one for every address of every daemon there.
func (m *Multipath) castOn(n *network, data []byte) {
	if n.Broadcast {
		m.datagram(n, netip.AddrPort{}, data)
		return
	}
	for _, d := range n.peers {
		m.uniOn(n, d, data)
	}
}

// uniOn queues a packet for one daemon on a network, at every address it may
// have there.
func (m *Multipath) uniOn(n *network, d *daemon, data []byte) {
	for _, a := range d.addresses(int(n.id)) {
		m.datagram(n, a, data)
	}
}

func (m *Multipath) datagram(n *network, to netip.AddrPort, data []byte) {
	m.counters.SentDatagrams++
	m.out = append(m.out, Datagram{Network: n.id, To: to, Data: data})
}

// sealOwn makes a packet of this life with the next counter, in the slab.
func (m *Multipath) sealOwn(kind Kind, body []byte) []byte {
	if m.counter == math.MaxUint64-1 {
		// Never wrap: the last counter is used again, and all drop it.
		m.reverted = true
	} else {
		m.counter++
	}
	m.counters.Sent++
	h := header{kind: kind, sender: m.cfg.Self, short: m.short, counter: m.counter}
	var aead cipher.AEAD
	if m.env.sealed() {
		aead, h.key = m.ownKey(), m.activeKey
	}
	return m.env.seal(m.slab.take(m.env.size(kind, len(body))), aead, h, &m.cfg.Incarnation, body)
}

// ownKey returns the sealing object for the present sub-epoch.
func (m *Multipath) ownKey() cipher.AEAD {
	epoch := epochOf(m.counter)
	if aead := m.keys.find(m.activeKey, epoch); aead != nil {
		return aead
	}
	m.keys.forget(epoch)
	aead := m.env.ring.derive(m.env.ring.find(m.activeKey), m.cfg.Self, m.cfg.Incarnation, epoch)
	m.keys.add(m.activeKey, epoch, aead)
	return aead
}

// begin starts a call that may queue datagrams: those of the last drain are
// done with.
func (m *Multipath) begin(now Time) {
	m.now = now
	m.takeTick(now)
	if m.drained {
		m.out, m.drained = m.out[:0], false
		m.slab.reset()
	}
}

// Datagrams returns what is queued, in order, and takes it from the queue. The
// datagrams are valid until the next call of Send, Receive, Advance,
// SetPacketSize, Suspend or Answer.
func (m *Multipath) Datagrams() []Datagram {
	if m.drained {
		return nil
	}
	m.drained = true
	return m.out
}
