package sim

import "time"

// gate is a bottleneck: a packet passes each interval, so many wait, and what
// comes when the queue is full is dropped (N15).
type gate struct {
	each time.Duration
	room int
	free time.Duration // when the next packet may pass
}

// takes tells whether a packet that comes now finds room, and lets it queue.
func (g *gate) takes(now time.Duration) bool {
	g.free = max(g.free, now)
	if g.free-now > g.each*time.Duration(g.room) {
		return false
	}
	g.free += g.each
	return true
}

// waits is how long the packet that was taken last waits for its turn.
func (g *gate) waits(now time.Duration) time.Duration { return max(g.free-g.each-now, 0) }

// gateKey names the gate of one fault: that of a link, or, with from -1, that
// through which all packets for a receiver on a network go.
type gateKey struct {
	fault, network, from, to int
}

// gate returns the gate of a fault, which keeps its queue while the fault is
// in force.
func (w *World) gate(key gateKey, f *Fault) *gate {
	g := w.gates[key]
	if g == nil {
		g = &gate{each: max(f.Delay, time.Microsecond), room: f.Count}
		w.gates[key] = g
	}
	return g
}
