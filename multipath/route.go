package multipath

import "time"

// preferAfter is how long a more preferred network must have worked before
// failover goes back to it (requirement B15: not with every flap).
const preferAfter = 3 * time.Second

// route is where packets to one destination, or to all, go.
type route struct {
	networks uint8
	// whole is the largest datagram that reaches every destination that is
	// there without being cut; part is what all their paths carry.
	whole, part int
}

// routes are worked out when something they depend on has changed, not for
// every packet.
type routes struct {
	all, every route // to all daemons: by the policy; on every network
	helloSize  int   // largest datagram for hellos
	payload    int
}

// reroute works the routes out again.
func (m *Multipath) reroute(now Time) {
	m.routesStale = false
	up := uint8(0)
	for _, n := range m.networks {
		if n.usable() {
			up |= n.bit
		}
	}
	r := &m.routes
	r.every = m.anyRoute(up)
	whole, part, picked := 0, 0, uint8(0)
	for _, d := range m.daemons {
		if d.self {
			continue
		}
		d.every = m.routeTo(now, d, up&d.shared)
		d.route = d.every
		if m.cfg.Policy == Failover {
			d.route = m.failover(now, d, d.every)
		}
		if d.life != nil && d.life.heard && d.every.networks != 0 {
			whole, part = least0(whole, d.every.whole), least0(part, d.every.part)
			picked |= d.route.networks
		}
	}
	if whole != 0 {
		r.every.whole, r.every.part = whole, part
	}
	r.all = r.every
	if picked != 0 && m.cfg.Policy == Failover {
		r.all = m.failoverAll(now, picked)
	}
	r.helloSize = min(r.every.part, smallestMTU-headersIPv6)
	r.payload = m.payloadSize()
}

// anyRoute is the route over networks of which only the interfaces are known.
func (m *Multipath) anyRoute(networks uint8) route {
	r := route{networks: networks}
	for _, n := range m.networks {
		if networks&n.bit != 0 {
			r.whole, r.part = max(r.whole, n.verified), least0(r.part, n.verified)
		}
	}
	return r
}

// routeTo is the route to one daemon on all networks. Sizes are those of the
// networks that are known to work, if there are any: a dead network with
// large packets must not keep the others from carrying parts.
func (m *Multipath) routeTo(now Time, d *daemon, networks uint8) route {
	live, r := route{}, m.anyRoute(networks)
	for _, n := range m.networks {
		p := &d.paths[n.id]
		if networks&n.bit == 0 || !p.alive || !p.carriesOut() {
			continue
		}
		size := n.verified
		if reach, known := n.reach(now, d); known && reach < n.smallest() {
			size = min(size, reach)
		}
		live.whole, live.part = max(live.whole, size), least0(live.part, size)
	}
	if live.whole != 0 {
		r.whole, r.part = live.whole, live.part
	}
	return r
}

// failover picks the network for one daemon: the primary one, else the first
// that works; the present one is kept while a more preferred one has not
// worked for a while. If none works all are used (S23: never none).
func (m *Multipath) failover(now Time, d *daemon, every route) route {
	pick := (*network)(nil)
	for _, n := range m.preference {
		p := &d.paths[n.id]
		if every.networks&n.bit == 0 || !p.live(m.lateAge) {
			continue
		}
		if pick == nil || int(n.id) == d.picked && now-d.paths[pick.id].aliveFrom < preferAfter {
			pick = n
		}
	}
	if pick == nil {
		return every
	}
	d.picked = int(pick.id)
	r := m.routeTo(now, d, pick.bit)
	r.networks = pick.bit
	return r
}

// failoverAll is the route to all over the networks picked for each. Where a
// packet for all goes over several, each daemon is reached whole only if its
// own network carries it.
func (m *Multipath) failoverAll(now Time, picked uint8) route {
	r := route{networks: picked}
	for _, d := range m.daemons {
		if !d.self && d.life != nil && d.life.heard && d.route.networks != 0 {
			r.whole, r.part = least0(r.whole, d.route.whole), least0(r.part, d.route.part)
		}
	}
	return r
}

// payloadSize is the smallest of the networks that carry full packets; if none
// does, the largest of the others.
func (m *Multipath) payloadSize() int {
	full, small := 0, 0
	for _, n := range m.networks {
		switch {
		case !n.usable():
		case n.verified >= n.smallest():
			full = least0(full, n.verified)
		default:
			small = max(small, n.verified)
		}
	}
	if full == 0 {
		full = small
	}
	if full == 0 {
		full = smallestMTU - headersIPv6
	}
	return full - Overhead
}

// PayloadSize returns the largest payload, in bytes, that fits a packet on all
// usable networks (protocol rule 6); a network that carries only small packets
// does not count if another one carries full ones. While no network is usable
// it is what any network must carry.
func (m *Multipath) PayloadSize() int {
	if m.routesStale {
		m.reroute(m.now)
	}
	return m.routes.payload
}
