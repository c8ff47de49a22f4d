package sim

import (
	"encoding/binary"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// ringNode is a daemon that is a ring and nothing else: packets are the
// ring's payloads under a small header, hearing is worked out beside it.
//
//	kind 1 (0: hello), incarnation 8, counter 8, payload
type ringNode struct {
	recorder
	ring    ringCore
	hearing hearing
	counter uint64
	helloAt time.Duration
	packet  []byte
}

const ringHeader = 17

// Hellos, at the default failure detection time (protocol rule 1); they come
// faster where that is shorter.
const (
	fastHello = 100 * time.Millisecond
	slowHello = 250 * time.Millisecond
)

func (w *World) newRingNode(d *daemon) node {
	p := w.plan
	n := &ringNode{recorder: recorder{w: w, d: d}, hearing: newHearing(d.at, p.Daemons, p.Networks, p.FailureDetection), counter: p.StartCounter}
	n.helloAt = d.local(w.now)
	c := w.ringConfig(d, &n.recorder)
	c.Self, c.Daemons, c.FailureDetection, c.PayloadSize = d.process, p.Order, p.FailureDetection, p.PayloadSize
	n.ring = w.newRing(d, c)
	return n
}

// receive takes a datagram apart. In the simulation nobody forges: a packet is
// a hello, or the ring's.
func (n *ringNode) receive(now time.Duration, network, from int, data []byte) {
	kind := data[0]
	life := ring.Incarnation(binary.BigEndian.Uint64(data[1:]))
	counter := binary.BigEndian.Uint64(data[9:])
	body := data[ringHeader:]
	if kind == 0 {
		n.hearing.hello(now, network, from, life, n.d.process.Incarnation, body)
		n.tellHearing(now)
		return
	}
	if !n.hearing.known(now, network, from, life) {
		return
	}
	n.tellHearing(now)
	if !n.w.plan.Unfiltered && !n.hearing.peers[from].filter.fresh(counter) {
		return
	}
	n.ring.Receive(now, ring.Process{Daemon: n.w.plan.Order[from], Incarnation: life}, ring.Kind(kind), body)
}

// tellHearing hands the ring what has changed in who hears whom.
func (n *ringNode) tellHearing(now time.Duration) {
	if n.hearing.dirty {
		n.ring.SetHearing(now, n.hearing.hearings(n.w.plan.Order))
	}
}

func (n *ringNode) advance(now time.Duration) {
	for i := range n.hearing.peers {
		n.hearing.judge(now, i)
	}
	n.tellHearing(now)
	if n.ring.Deadline() <= now {
		n.ring.Advance(now)
	}
}

func (n *ringNode) deadline() time.Duration { return min(n.helloAt, n.ring.Deadline()) }

func (n *ringNode) drain(now time.Duration, send func(network, to int, data []byte)) {
	for _, s := range n.ring.Sends() {
		to := everyone
		if s.To != 0 {
			to = n.w.position(s.To)
		}
		n.multicast(byte(s.Kind), to, n.w.lied(n.d, s.Kind, s.Payload), send)
	}
	if now >= n.helloAt {
		n.multicast(0, everyone, n.hearing.appendHello(nil, now, n.w.lied(n.d, 0, n.ring.Beacon())), send)
		n.helloAt = now + n.helloInterval()
	}
	n.handedUp(n.ring.Deliveries())
}

func (n *ringNode) helloInterval() time.Duration {
	if n.ring.FastHello() {
		return min(fastHello, n.w.plan.FailureDetection/5)
	}
	return min(slowHello, n.w.plan.FailureDetection/4)
}

// multicast sends the same bytes on every network: first copy wins.
func (n *ringNode) multicast(kind byte, to int, payload []byte, send func(network, to int, data []byte)) {
	n.counter++
	n.packet = append(n.packet[:0], kind)
	n.packet = binary.BigEndian.AppendUint64(n.packet, uint64(n.d.process.Incarnation))
	n.packet = binary.BigEndian.AppendUint64(n.packet, n.counter)
	n.packet = append(n.packet, payload...)
	for net := range n.w.plan.Networks {
		send(net, to, n.packet)
	}
}

// handedUp compares what the ring hands up with what its trace said: the order
// layer must not say one thing and do another.
func (n *ringNode) handedUp(list []ring.Delivery) {
	if len(list) != len(n.expected) {
		n.w.checker.Broke("the ring's deliveries are not those of its trace")
	}
	for i := range min(len(list), len(n.expected)) {
		if e := n.expected[i]; list[i].Conf != e.conf || list[i].Sender != e.sender || list[i].Counter != e.count {
			n.w.checker.Broke("the ring hands up something else than its trace says")
		}
	}
	n.expected = n.expected[:0]
}

func (n *ringNode) do(now time.Duration, number int, q *lane, m message) bool {
	if m.action != "" {
		return true
	}
	payload := appendPayload(nil, q.client, q.counter+1, m.size)
	e := trace.Event{Kind: trace.Submit, First: true, Message: trace.Message{Sender: n.d.process, Service: m.service}}
	describe(&e.Message, payload)
	e.Client = e.Message.Client
	taken := n.w.handIn(n.d, &e, func() bool { return n.ring.Submit(now, ring.Lane(number), m.service, payload) == nil })
	if taken {
		q.counter++
	}
	return taken
}

func (n *ringNode) room(lane int) bool { return n.ring.Room(ring.Lane(lane)) }

// resize tells the ring the smallest payload of the networks that are up.
func (n *ringNode) resize(now time.Duration, _, _ int) {
	least := n.w.plan.PayloadSize
	for i := range n.d.ports {
		if size := n.d.ports[i].size; size > 0 {
			least = min(least, size)
		}
	}
	n.ring.SetPayloadSize(now, least)
}

func (n *ringNode) leave(now time.Duration) {
	n.ring.Leave(now)
	n.helloAt = ring.NoDeadline
}

func (n *ringNode) state() ring.State { return n.ring.Status().State }

func (n *ringNode) sizes() *trace.Sizes { return idleSizes(n.ring.Sizes()) }

func (n *ringNode) counters() ring.Counters { return n.ring.Status().Counters }
