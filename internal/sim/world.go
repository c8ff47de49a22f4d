// Package sim runs whole clusters on virtual time in one goroutine: the
// production code of the pure packages, on real wire bytes, over networks with
// faults, judged by internal/check as it runs (correctness reference, section
// 5). A seed makes a Plan, a Plan makes exactly one run.
//
// A World belongs to one goroutine; different Worlds share nothing.
package sim

import (
	"bytes"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// node is one daemon's life as the world drives it. Times are of its own
// clock. After every call the world drains it.
type node interface {
	// receive takes a datagram; data may be written to.
	receive(now time.Duration, network, from int, data []byte)
	advance(now time.Duration)
	// deadline is when advance is next needed; ring.NoDeadline if never.
	deadline() time.Duration
	// drain hands out what there is to send, in order.
	drain(now time.Duration, send func(network, to int, data []byte))
	// do carries out the next request of a client. False: there was no room,
	// nothing happened; the world tries again when room says so.
	do(now time.Duration, number int, q *lane, m message) bool
	room(lane int) bool
	// resize tells what an interface takes, in payload bytes; 0: it is down.
	resize(now time.Duration, network, size int)
	leave(now time.Duration)
	state() ring.State
	// sizes are what is kept for what is not finished.
	sizes() *trace.Sizes
	// counters are the totals of this life.
	counters() ring.Counters
}

// everyone is the destination of a packet for all daemons on a network.
const everyone = -1

// daemon is a daemon of the plan, alive or not.
type daemon struct {
	at      int // position
	rand    prng
	node    node // nil: not running
	process ring.Process
	life    uint64
	place   uint64 // events so far of this process
	offset  time.Duration
	rate    int
	wakeAt  time.Duration // planned wake-up

	paused  int     // pauses in force
	queue   []int32 // flights that arrived while paused
	keep    int
	downs   int // crashes and leaves in force
	doomed  int // packets still to be sent before it crashes; -1: not doomed
	leaving bool
	lanes   map[int]*lane
	sizes   []int // payload its interfaces take, by network; 0: down
	view    view
}

// lane is one client of one life of a daemon.
type lane struct {
	client  uint64
	counter uint64
	waiting []message
	session *session // engine mode
}

// message is one request of a client.
type message struct {
	action  Action
	service ring.Service
	size    int
	group   int
}

// flight is a packet on its way.
type flight struct {
	network, from, to int32
	buf               int32
}

// buffer is the bytes of a packet, shared by its copies.
type buffer struct {
	data []byte
	refs int
}

// Options says how a run is watched.
type Options struct {
	Only []check.Property // judge only these
	// Each, if not nil, is called with every event. The event is valid during
	// the call.
	Each func(e *trace.Event)
	// Packet, if not nil, is called with every packet on every link when it is
	// sent, and may meddle with it.
	Packet func(p *Passage)
}

// World is one run.
type World struct {
	plan     *Plan
	opt      Options
	now      time.Duration
	steps    int // since now began
	heap     eventHeap
	links    []link
	daemons  []daemon
	active   []bool // faults in force
	armed    []int  // faults that wait for their event
	fired    []bool // whose event has come
	happened []int  // how often it has happened so far

	flights     []flight
	freeFlights []int32
	buffers     []buffer
	freeBuffers []int32
	scratch     []byte

	sent    map[ring.Process]*sentPackets
	checker *check.Checker
	digest  trace.Digest
	holding bool // events are held back until the call is over
	held    []trace.Event
	events  uint64
	clients uint64

	quiet   bool
	over    bool
	settled time.Duration // since when nothing is left to do; 0: not
	totals  ring.Counters
}

// Result is what became of a run.
type Result struct {
	Plan       *Plan
	Violation  *check.Violation
	Digest     uint64
	Events     uint64
	Deliveries uint64
	Changes    uint64
	Virtual    time.Duration
	Exercised  check.Exercised
	Counters   ring.Counters
}

// Run runs a plan to its end, or to the first violation.
func Run(p *Plan, o Options) *Result {
	w := newWorld(p, o)
	w.run()
	return &Result{
		Plan: p, Violation: w.checker.Verdict(), Digest: w.digest.Sum(), Events: w.events,
		Deliveries: w.checker.Deliveries(), Changes: w.checker.Changes(), Virtual: w.now,
		Exercised: *w.checker.Exercised(), Counters: w.totals,
	}
}

func newWorld(p *Plan, o Options) *World {
	own := *p // a fault learns during the run whom it strikes
	own.Faults = slices.Clone(p.Faults)
	w := &World{plan: &own, opt: o, active: make([]bool, len(p.Faults)), fired: make([]bool, len(p.Faults)), happened: make([]int, len(p.Faults)), sent: make(map[ring.Process]*sentPackets)}
	w.checker = check.New(check.Options{StartSeq: p.StartSeq, StartTSeq: p.StartTSeq, WhiteBox: true, Aftermath: 2 * p.FailureDetection, Only: o.Only})
	w.links = make([]link, p.Networks*p.Daemons*p.Daemons)
	for i := range w.links {
		net := i / (p.Daemons * p.Daemons)
		w.links[i].rand = stream(p.Seed, "link", i)
		w.links[i].hop = p.Hops[net]
	}
	w.daemons = make([]daemon, p.Daemons)
	for i := range w.daemons {
		w.daemons[i] = daemon{at: i, rand: stream(p.Seed, "daemon", i), rate: p.Clocks[i], doomed: -1}
		for range p.Networks {
			w.daemons[i].sizes = append(w.daemons[i].sizes, p.PayloadSize)
		}
		w.heap.push(occasion{at: p.Boots[i], kind: restart, n: int32(i)})
	}
	for i := range p.Faults {
		w.heap.push(occasion{at: p.Faults[i].At, kind: faultBegins, n: int32(i)})
	}
	for i := range p.Load {
		w.heap.push(occasion{at: p.Load[i].At, kind: load, n: int32(i)})
	}
	w.heap.push(occasion{at: p.RunFor, kind: quietBegins})
	return w
}

func (w *World) link(net, from, to int) *link {
	return &w.links[(net*w.plan.Daemons+from)*w.plan.Daemons+to]
}

// maxSteps may happen at one instant; more is a loop.
const maxSteps = 100_000

// run is the event loop. A panic of the code under test is a violation: no
// input may end the process (RNG-6).
func (w *World) run() {
	defer func() {
		if r := recover(); r != nil {
			w.checker.Broke(fmt.Sprintf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	for !w.over && !w.heap.empty() && w.checker.Verdict() == nil {
		o := w.heap.pop()
		if w.steps++; o.at > w.now {
			w.now, w.steps = o.at, 0
		}
		if w.steps > maxSteps {
			w.checker.Broke(w.standstill(&o))
			w.over = true // also where RNG-6 is not judged
		}
		w.happen(&o)
	}
	for i := range w.daemons {
		if n := w.daemons[i].node; n != nil {
			w.count(n.counters())
		}
	}
}

// standstill tells who does something again and again without waiting.
func (w *World) standstill(o *occasion) string {
	if o.kind != wake {
		return "time stands still: packets without end"
	}
	d := &w.daemons[o.n]
	return fmt.Sprintf("time stands still: %s, own clock %v, wants to be woken at %v and is, again and again; state %s",
		trace.ProcessString(d.process), d.local(w.now), d.node.deadline(), d.node.state())
}

func (w *World) happen(o *occasion) {
	switch o.kind {
	case arrival:
		w.arrive(o.n)
	case wake:
		w.wakeUp(&w.daemons[o.n], o)
	case faultBegins:
		w.begin(int(o.n))
	case faultEnds:
		w.end(int(o.n))
	case load:
		w.load(&w.plan.Load[o.n])
	case restart:
		w.boot(&w.daemons[o.n])
	case doom:
		if d := &w.daemons[o.n]; d.node != nil && d.life == o.mark {
			w.crash(d)
		}
	case quietBegins:
		if w.plan.Endless {
			w.finish()
			return
		}
		w.beginQuiet()
	case flap:
		w.turnFlap(int(o.n))
	case look:
		w.look()
	}
}

// emit writes an event down and has it judged.
func (w *World) emit(d *daemon, e *trace.Event) {
	if w.holding {
		w.held = append(w.held, *e)
		return
	}
	w.events++
	e.Index, e.Time = w.events, w.now
	if d != nil {
		d.place++
		e.Process, e.Place = d.process, d.place
	}
	if d != nil {
		w.observe(d, e)
	}
	w.digest.Add(e)
	w.checker.Event(e)
	if w.opt.Each != nil {
		w.opt.Each(e)
	}
}

// local turns true time into d's own clock.
func (d *daemon) local(t time.Duration) time.Duration {
	return d.offset + t*time.Duration(d.rate)/1000
}

// true turns a time of d's clock into the first true time at which its clock
// shows at least that.
func (d *daemon) global(t time.Duration) time.Duration {
	r := time.Duration(d.rate)
	return ((t-d.offset)*1000 + r - 1) / r
}

// settle drains a daemon after a call and plans its next wake-up.
func (w *World) settle(d *daemon) {
	n, life := d.node, d.life
	n.drain(d.local(w.now), func(net, to int, data []byte) {
		if d.node != nil && d.life == life {
			w.send(d, net, to, data)
		}
	})
	if d.node == nil || d.life != life {
		return
	}
	w.retry(d)
	w.observeExchange(d)
	w.planWake(d)
}

// planWake plans d's next wake-up.
func (w *World) planWake(d *daemon) {
	at := d.node.deadline()
	if at == ring.NoDeadline {
		return
	}
	t := max(d.global(at), w.now)
	if t < d.wakeAt {
		d.wakeAt = t
		w.heap.push(occasion{at: t, kind: wake, n: int32(d.at), mark: d.life})
	}
}

const never = time.Duration(1<<63 - 1)

func (w *World) wakeUp(d *daemon, o *occasion) {
	if d.node == nil || d.life != o.mark || d.wakeAt != o.at {
		return
	}
	d.wakeAt = never
	if d.paused > 0 {
		return
	}
	if now := d.local(w.now); d.node.deadline() <= now {
		d.node.advance(now)
		w.settle(d)
		return
	}
	w.planWake(d)
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
	b := int32(-1)
	for i := range w.daemons {
		if i == d.at || to != everyone && i != to {
			continue
		}
		l := w.link(net, d.at, i)
		if l.lost() || !w.passes(data, net, d.at, i) {
			w.seen(&Passage{Network: net, From: d.at, To: i, Data: data, Lost: true})
			continue
		}
		other, spoilt := l.spoils(data)
		p := Passage{Network: net, From: d.at, To: i, Data: other, At: l.arrives(w.now, w.plan.Jitter)}
		if w.seen(&p); p.Lost {
			continue
		}
		if spoilt || p.replaced {
			w.fly(p.At, flight{int32(net), int32(d.at), int32(i), w.buffer(p.Data)})
			continue
		}
		if b < 0 {
			b = w.buffer(data)
		}
		w.fly(p.At, flight{int32(net), int32(d.at), int32(i), b})
		for range l.more() {
			w.fly(l.arrives(w.now, w.plan.Jitter)+l.rand.time(0, l.spread), flight{int32(net), int32(d.at), int32(i), b})
		}
	}
	w.observeSent(d, data)
}

// passes tells whether a datagram is not too large for the interfaces of both
// ends (A1, A3). A bare ring's packets always pass: multipath would have cut
// them.
func (w *World) passes(data []byte, net, from, to int) bool {
	if w.plan.Mode == RingMode {
		return true
	}
	return len(data) <= packetSize(min(w.daemons[from].sizes[net], w.daemons[to].sizes[net]))
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
	l := w.link(int(f.network), int(f.from), int(f.to))
	l.latest = max(l.latest, at)
	w.heap.push(occasion{at: at, kind: arrival, n: n})
}

// arrive hands a packet to its receiver, who may write to the bytes; what it
// keeps of them must be a copy, so they are spoiled afterwards.
func (w *World) arrive(n int32) {
	f := w.flights[n]
	d := &w.daemons[f.to]
	if d.node != nil && d.paused > 0 {
		if len(d.queue) < d.keep {
			d.queue = append(d.queue, n)
			return
		}
		w.landed(n)
		return
	}
	if d.node != nil {
		w.scratch = append(w.scratch[:0], w.buffers[f.buf].data...)
		d.node.receive(d.local(w.now), int(f.network), int(f.from), w.scratch)
		spoil(w.scratch)
		w.settle(d)
	}
	w.landed(n)
}

// spoiled is what bytes become that were only lent.
var spoiled = bytes.Repeat([]byte{0xdb}, 4096)

func spoil(b []byte) {
	for len(b) > 0 {
		b = b[copy(b, spoiled):]
	}
}

func (w *World) landed(n int32) {
	b := w.flights[n].buf
	if w.buffers[b].refs--; w.buffers[b].refs == 0 {
		w.freeBuffers = append(w.freeBuffers, b)
	}
	w.freeFlights = append(w.freeFlights, n)
}
