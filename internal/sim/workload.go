package sim

import (
	"bytes"
	"encoding/binary"
	"slices"

	"mpspread/internal/trace"
)

// headerSize is the part of a payload that names its client and the client's
// count: mark 4, client 8, counter 8. Shorter payloads cannot be told apart.
const headerSize = len(headerMark) + 16

// headerMark is where to look for the header in a payload that other layers
// have put something before.
const headerMark = "\xf5sim"

// searched is how far other layers' headers reach, at most.
const searched = 600

// appendPayload makes the payload of a client's message: its name and count,
// then bytes that follow from them.
func appendPayload(b []byte, client, counter uint64, size int) []byte {
	if size < headerSize {
		for range size {
			b = append(b, byte(size))
		}
		return b
	}
	b = append(b, headerMark...)
	b = binary.BigEndian.AppendUint64(b, client)
	b = binary.BigEndian.AppendUint64(b, counter)
	x := client<<32 ^ counter
	for n := size - headerSize; n > 0; n -= 8 {
		v := splitmix(&x)
		if n >= 8 {
			b = binary.LittleEndian.AppendUint64(b, v)
			continue
		}
		for range n {
			b = append(b, byte(v))
			v >>= 8
		}
	}
	return b
}

// describe fills in what a payload says of itself.
func describe(m *trace.Message, payload []byte) {
	m.Length, m.Digest = len(payload), trace.DigestOf(payload)
	at := bytes.Index(payload[:min(len(payload), searched)], []byte(headerMark))
	if at < 0 || len(payload)-at < headerSize {
		return
	}
	header := payload[at+len(headerMark):]
	m.Client = binary.BigEndian.Uint64(header)
	m.ClientCounter = binary.BigEndian.Uint64(header[8:])
}

// load hands in the requests of one entry of the workload, or the next of
// those that come one by one; o.mark is how many have come.
func (w *World) load(o *occasion) {
	l := &w.plan.Load[o.n]
	count := l.Count
	if l.Every > 0 {
		if next := o.mark + 1; next < uint64(l.Count) {
			w.heap.push(occasion{at: w.now + l.Every, kind: load, n: o.n, mark: next})
		}
		count = 1
	}
	d := &w.daemons[l.Daemon]
	if d.node == nil || d.leaving {
		return
	}
	q := d.lanes[l.Lane]
	if q == nil {
		w.clients++
		q = &lane{client: w.clients}
		d.lanes[l.Lane] = q
	}
	for i := range count {
		q.waiting = append(q.waiting, l.request(int(o.mark)+i))
	}
	if d.paused > 0 {
		return // its clients' requests wait in their sockets until it goes on
	}
	w.push(d, l.Lane, q)
	if d.node != nil {
		w.settle(d)
	}
}

// request is the nth request of an entry.
func (l *Load) request(n int) message {
	m := message{l.Action, l.Service, l.Size, l.Group, l.More, l.Private, l.Discard, l.Pace}
	if l.Action == Join || l.Action == Quit {
		m.group += n
	}
	return m
}

// push carries out what waits in a lane, until there is no more room.
func (w *World) push(d *daemon, number int, q *lane) {
	for len(q.waiting) > 0 && d.node != nil {
		if !d.node.room(number) && !tryAnyway(q) {
			return
		}
		if !d.node.do(d.local(w.now), number, q, q.waiting[0]) {
			return
		}
		q.waiting = q.waiting[1:]
	}
}

// handIn writes a submission down, and after it what the daemon reported while
// it took it: what follows from it may follow within the call.
func (w *World) handIn(d *daemon, e *trace.Event, take func() bool) bool {
	w.holding = true
	taken := take()
	w.holding = false
	if taken {
		w.emit(d, e)
	}
	for i := range w.held {
		w.emit(d, &w.held[i])
	}
	w.held = w.held[:0]
	return taken
}

// tryAnyway hands in now and then although the lane says it has no room, so
// that the refusal is tried too.
func tryAnyway(q *lane) bool { return q.counter%8 == 7 }

// retry hands in again what had no room.
func (w *World) retry(d *daemon) {
	if d.leaving {
		return
	}
	again := false
	for _, number := range d.laneNumbers() {
		q := d.lanes[number]
		if len(q.waiting) == 0 || !d.node.room(number) {
			continue
		}
		w.push(d, number, q)
		again = true
	}
	if again {
		d.node.drain(d.local(w.now), func(net, to int, data []byte) {
			if d.node != nil {
				w.send(d, net, to, data)
			}
		})
	}
}

// laneNumbers are the lanes in which something waits, in order.
func (d *daemon) laneNumbers() []int {
	var list []int
	for n, q := range d.lanes {
		if len(q.waiting) > 0 {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}

// waiting counts messages that never found room.
func (w *World) waiting() int {
	n := 0
	for i := range w.daemons {
		for _, q := range w.daemons[i].lanes {
			if w.daemons[i].node != nil {
				n += len(q.waiting)
			}
		}
	}
	return n
}
