package sim

import (
	"bytes"
	"time"

	"mpspread/internal/trace"
	"mpspread/multipath"
)

// routeEvery is how often it is written down where a daemon sends what is for
// another.
const routeEvery = 100 * time.Millisecond

// routing collects the networks on which one packet goes to each daemon, and
// when that was last written down.
type routing struct {
	packet   []byte  // its bytes are the same on every network
	networks []uint8 // by daemon
	told     []time.Duration
}

// noteRoute looks at a datagram that is being sent; nil: the last one was.
// Daemons' own hellos and probes go wherever they can.
func (n *engineNode) noteRoute(g *multipath.Datagram, to int) {
	r := &n.routing
	if g == nil || !bytes.Equal(g.Data, r.packet) {
		n.tellRoutes()
		if r.packet = nil; g == nil || g.Data[envelopeKind] < byte(multipath.KindUpper) {
			return
		}
		r.packet = g.Data
	}
	if r.networks == nil {
		r.networks, r.told = make([]uint8, n.w.plan.Daemons), make([]time.Duration, n.w.plan.Daemons)
	}
	for i := range r.networks {
		if i == to || to == everyone && i != n.d.at && n.w.plan.on(i, int(g.Network)) {
			r.networks[i] |= 1 << g.Network
		}
	}
}

// tellRoutes writes down where the packet went, unless it went wherever it could:
// that says nothing of the route chosen, and would take the turn of what does.
func (n *engineNode) tellRoutes() {
	r := &n.routing
	for i, networks := range r.networks {
		r.networks[i] = 0
		peer := &n.w.daemons[i]
		if networks == 0 || networks == n.shared(i) || n.d.node == nil || peer.node == nil || r.told[i] > 0 && n.w.now-r.told[i] < routeEvery {
			continue
		}
		r.told[i] = n.w.now
		n.w.emit(n.d, &trace.Event{Kind: trace.Route, From: peer.process, Counter: uint64(networks)})
	}
}

// shared are the networks that this daemon and another one both have.
func (n *engineNode) shared(slot int) uint8 {
	bits := uint8(0)
	for net := range n.w.plan.Networks {
		if n.w.plan.on(n.d.at, net) && n.w.plan.on(slot, net) {
			bits |= 1 << net
		}
	}
	return bits
}
