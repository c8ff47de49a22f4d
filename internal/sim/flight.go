package sim

import (
	"bytes"
	"time"
)

// flight is a packet on its way.
type flight struct {
	network, from, to int32 // from by position, to by slot
	buf               int32
	as                int32 // whose address it bears, as position + 1; 0: its sender's
}

// buffer is the bytes of a packet, shared by its copies.
type buffer struct {
	data []byte
	refs int
}

// send puts a packet on a network, to one daemon or to all others.
func (w *World) send(d *daemon, net, to int, data []byte) {
	if d.doomed == 0 {
		w.crash(d)
		return
	}
	if d.doomed > 0 {
		d.doomed--
	}
	if !w.plan.on(d.at, net) || d.ports[net].refuses() {
		return
	}
	if d.lies > 0 && w.plan.Mode == EngineMode {
		data = w.liedDatagram(d, data)
	}
	if d.mistake == WrongVersion {
		data = otherVersion(append([]byte(nil), data...))
	}
	w.markSent(d, data)
	shared := int32(-1)
	if len(w.stales) > 0 && to != everyone {
		w.copyToken(w.ringKind(data), flight{network: int32(net), from: int32(d.at), to: int32(to)}, data)
	}
	for i := range w.daemons {
		at := w.daemons[i].at
		if i != d.slot && (to == everyone || at == to) && w.plan.on(at, net) {
			shared = w.pass(net, d.at, i, data, shared)
		}
	}
	w.observeSent(d, data)
}

// pass puts a packet on the link to the daemon in a slot. shared is the buffer
// that its copies share, -1 while there is none.
func (w *World) pass(net, from, slot int, data []byte, shared int32) int32 {
	to := w.daemons[slot].at
	l := w.link(net, from, to)
	if !l.takes(w.now, len(data)) || !w.fits(data, net, from, to) {
		w.seen(&w.passage, Passage{Network: net, From: from, To: to, Data: data, Lost: true})
		return shared
	}
	other, spoilt := l.spoils(data)
	if l.chance(drawStray, l.stray) {
		other, spoilt = w.strayRequest(&w.daemons[slot], data)
	}
	p := &w.passage
	w.seen(p, Passage{Network: net, From: from, To: to, Data: other, At: l.arrives(w.now, w.plan.Jitter, len(data))})
	if p.Lost {
		return shared
	}
	f := flight{network: int32(net), from: int32(from), to: int32(slot), buf: shared, as: int32(l.source)}
	switch {
	case spoilt || p.replaced:
		f.buf = w.buffer(p.Data)
	case shared < 0:
		shared = w.buffer(data)
		f.buf = shared
	}
	w.launch(l, p.At, f, len(data))
	if len(w.recalls) > 0 {
		w.record(f, data, p.At)
	}
	return shared
}

// launch makes a packet arrive, and what further copies of it do.
func (w *World) launch(l *link, at time.Duration, f flight, size int) {
	l.passed++
	if n := l.behind(); n > 0 {
		w.buffers[f.buf].refs++
		l.heldBack = append(l.heldBack, overtaken{f, l.passed + uint64(n)})
	} else {
		w.fly(at, f)
	}
	for range l.more() {
		w.fly(l.arrives(w.now, w.plan.Jitter, size)+l.rand(drawCopies).time(0, l.spread), f)
	}
	if l.chance(drawGhost, l.ghost) {
		f.network = int32((int(f.network) + l.ghostOn) % w.plan.Networks)
		w.fly(at+l.ghostBy, f)
	}
	if l.chance(drawAstray, l.astray) && int(f.from) != l.astrayTo && w.plan.on(l.astrayTo, int(f.network)) {
		g := f
		g.to = int32(l.astrayTo)
		w.fly(at, g)
	}
	if len(l.heldBack) > 0 {
		w.release(l, l.passed)
	}
}

// release lets packets go that as many as they wait for have overtaken.
func (w *World) release(l *link, passed uint64) {
	kept := l.heldBack[:0]
	for _, o := range l.heldBack {
		if o.until > passed {
			kept = append(kept, o)
			continue
		}
		w.fly(w.now+l.hop, o.flight)
		w.buffers[o.buf].refs--
	}
	l.heldBack = kept
}

// fits tells whether a datagram is not too large for the interfaces of both
// ends (A1, A3). A bare ring's packets always fit: multipath would have cut
// them.
func (w *World) fits(data []byte, net, from, to int) bool {
	if w.plan.Mode == RingMode {
		return true
	}
	return len(data) <= packetSize(min(w.daemons[from].ports[net].size, w.daemons[to].ports[net].size))
}

func (w *World) buffer(data []byte) int32 {
	var b int32
	if n := len(w.freeBuffers); n > 0 {
		b, w.freeBuffers = w.freeBuffers[n-1], w.freeBuffers[:n-1]
	} else {
		b = int32(len(w.buffers))
		w.buffers = append(w.buffers, buffer{})
	}
	w.buffers[b].data = append(w.buffers[b].data[:0], data...)
	return b
}

func (w *World) fly(at time.Duration, f flight) {
	var n int32
	if k := len(w.freeFlights); k > 0 {
		n, w.freeFlights = w.freeFlights[k-1], w.freeFlights[:k-1]
		w.flights[n] = f
	} else {
		n = int32(len(w.flights))
		w.flights = append(w.flights, f)
	}
	w.buffers[f.buf].refs++
	l := w.link(int(f.network), int(f.from), w.daemons[f.to].at)
	l.latest = max(l.latest, at)
	if w.choices != nil && w.choices.holds(n) {
		return
	}
	w.heap.push(occasion{at: at, kind: arrival, n: n})
}

// arrive brings a packet to its receiver's machine, where it may have to wait.
func (w *World) arrive(n int32) {
	d := &w.daemons[w.flights[n].to]
	switch {
	case d.node == nil:
		w.landed(n)
	case d.paused > 0 || d.slow > 0:
		if len(d.queue) >= d.keep {
			w.landed(n) // the kernel's queue is full
			return
		}
		d.queue = append(d.queue, n)
		w.serveSoon(d)
	default:
		w.deliver(d, n)
	}
}

// deliver hands a packet to its receiver, who may write to the bytes; what it
// keeps of them must be a copy, so they are spoiled afterwards.
func (w *World) deliver(d *daemon, n int32) {
	f := w.flights[n]
	w.scratch = append(w.scratch[:0], w.buffers[f.buf].data...)
	if d.mistake == WrongVersion {
		otherVersion(w.scratch)
	}
	from := f.from
	if f.as != 0 {
		from = f.as - 1
	}
	d.node.receive(d.local(w.now), int(f.network), int(from), w.scratch)
	spoil(w.scratch)
	w.settle(d)
	w.landed(n)
}

// spoiled is what bytes become that were only lent.
var spoiled = bytes.Repeat([]byte{0xdb}, 4096)

func spoil(b []byte) {
	for len(b) > 0 {
		b = b[copy(b, spoiled):]
	}
}

// landed frees what a packet that has arrived took.
func (w *World) landed(n int32) {
	w.drop(w.flights[n].buf)
	w.freeFlights = append(w.freeFlights, n)
}

// drop takes one reference off a buffer.
func (w *World) drop(b int32) {
	if w.buffers[b].refs--; w.buffers[b].refs == 0 {
		w.freeBuffers = append(w.freeBuffers, b)
	}
}
