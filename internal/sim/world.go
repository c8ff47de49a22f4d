// Package sim runs whole clusters on virtual time in one goroutine: the
// production code of the pure packages, on real wire bytes, over networks with
// faults, judged by internal/check as it runs (correctness reference, section
// 5). A seed makes a Plan, a Plan makes exactly one run.
//
// A World belongs to one goroutine; different Worlds share nothing.
package sim

import (
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/engine"
	"mpspread/internal/trace"
	"mpspread/multipath"
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
	// setKeys and suspend are what the operator does at run time.
	setKeys(now time.Duration, keys []multipath.Key)
	suspend(now time.Duration, network int, suspended bool)
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
	at       int // position
	slot     int // in the world: the position, but for twins
	rand     prng
	node     node // nil: not running
	process  ring.Process
	life     uint64
	shadow   bool // its machine was put back: it is not the process it was
	mistake  Mistake
	marking  marking
	keys     []multipath.Key // in its key file
	mistaken []multipath.Key // in it instead, by mistake; nil: none
	place    uint64          // events so far of this process
	clock
	alarm alarm
	wall  time.Duration // by how much its wall clock is wrong

	paused int     // pauses in force
	queue  []int32 // flights that wait to be read
	keep   int     // how many may

	slow      time.Duration // what each packet takes; 0: nothing
	busyUntil time.Duration
	serving   bool // it will go on then
	batch     int  // packets to be read before its timers fire

	downs   int // crashes and leaves in force
	doomed  int // packets still to be sent before it crashes; -1: not doomed
	leaving bool
	lies    int                  // thousandths of its packets in which it lies
	said    map[ring.Kind][]byte // the last of each kind, while it does
	lanes   map[int]*lane
	ports   []port // its interfaces, by network
	view    view
	touched bool // since an explorer last looked
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
	more    []int
	private []Target
	discard bool
	pace    int
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
	// Status, if not nil, is called with what each living daemon tells operators
	// when a fault ends and when the run does (engine mode).
	Status func(daemon int, s *engine.Status)
	// Other, if not nil, is another build, which some of the daemons are of.
	Other *Peer
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
	active   []bool                   // faults in force
	mistaken map[ring.Process]Mistake // lives with a wrong configuration
	cluster  clusterKeys
	nonces   nonces // nil: not looked at
	reverts  int
	calm     time.Duration   // since when no fault is in force and no daemon has started
	armed    []int           // faults that wait for their event
	fired    []bool          // whose event has come
	happened []int           // how often it has happened so far
	began    []time.Duration // when those in force began
	gates    map[gateKey]*gate
	stales   []stale
	recalls  []recall

	flights     []flight
	freeFlights []int32
	buffers     []buffer
	freeBuffers []int32
	scratch     []byte
	passage     Passage

	sent    map[ring.Process]*sentPackets
	checker *check.Checker
	digest  trace.Digest
	holding bool // events are held back until the call is over
	held    []trace.Event
	events  uint64
	clients uint64

	choices *chooser // holds packets back, while what happens next is chosen
	quiet   bool
	ghosts  time.Duration // arrival of the last packet sent before the quiet phase
	over    bool
	settled time.Duration // since when nothing is left to do; 0: not
	totals  ring.Counters
	marks   Marks
	first   map[ring.RingID]bool // in which daemons start
	alive   []uint8              // networks that work, by directed pair
}

// Result is what became of a run.
type Result struct {
	Plan       *Plan
	other      *Peer
	Violation  *check.Violation
	Digest     uint64
	Events     uint64
	Deliveries uint64
	Changes    uint64
	Virtual    time.Duration
	Exercised  check.Exercised
	Counters   ring.Counters
	Groups     int // the most that a daemon alive at the end knows (engine mode)
	Marks      Marks
}

// Run runs a plan to its end, or to the first violation.
func Run(p *Plan, o Options) *Result {
	w := newWorld(p, o)
	if o.Other != nil {
		o.Other.reset()
	}
	w.run()
	return &Result{
		Plan: p, other: o.Other, Violation: w.checker.Verdict(), Digest: w.digest.Sum(), Events: w.events,
		Deliveries: w.checker.Deliveries(), Changes: w.checker.Changes(), Virtual: w.now,
		Exercised: *w.checker.Exercised(), Counters: w.totals, Marks: w.finalMarks(), Groups: w.groups(),
	}
}

// pathReport is how soon a path that died or came back is to be reported (S22).
const pathReport = time.Second

func newWorld(p *Plan, o Options) *World {
	own := *p // a fault learns during the run whom it strikes
	own.Faults = slices.Clone(p.Faults)
	w := &World{
		plan: &own, opt: o, active: make([]bool, len(p.Faults)), fired: make([]bool, len(p.Faults)), happened: make([]int, len(p.Faults)),
		began: make([]time.Duration, len(p.Faults)), gates: make(map[gateKey]*gate), sent: make(map[ring.Process]*sentPackets),
		first: make(map[ring.RingID]bool),
	}
	if p.lies() {
		o.Only = []check.Property{check.RNG6}
	}
	w.checker = check.New(check.Options{
		StartSeq: p.StartSeq, StartTSeq: p.StartTSeq, StartCounter: p.StartCounter, WhiteBox: true, Only: o.Only,
		Aftermath: 2 * p.FailureDetection, FailureDetection: p.FailureDetection, SlowestClock: p.slowestClock(), PathReport: pathReport,
	})
	w.links = make([]link, p.Networks*p.Daemons*p.Daemons)
	for i := range w.links {
		net := i / (p.Daemons * p.Daemons)
		w.links[i].seed, w.links[i].index, w.links[i].hop = p.Seed, i, p.Hops[net]
	}
	w.mistaken = make(map[ring.Process]Mistake)
	w.cluster = clusterKeys{active: 1}
	if slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Kind == Revert }) {
		w.nonces = make(nonces)
	}
	w.daemons = make([]daemon, p.Daemons+len(p.twins()))
	for i := range w.daemons {
		d := &w.daemons[i]
		*d = daemon{at: p.positionOf(i), slot: i, rand: stream(p.Seed, "daemon", i), clock: clock{rate: p.Clocks[p.positionOf(i)]}, doomed: -1, keys: firstKeys()}
		d.alarm = alarm{at: never, rand: stream(p.Seed, "timers", i)}
		for net := range p.Networks {
			d.ports = append(d.ports, port{size: p.PayloadSize, rand: stream(p.Seed, "port", i, net)})
		}
		if i < p.Daemons {
			w.heap.push(occasion{at: p.Boots[i], kind: restart, n: int32(i)})
		}
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

// run is the event loop.
func (w *World) run() {
	w.guarded(func() {
		for !w.over && !w.heap.empty() && w.checker.Verdict() == nil {
			w.step()
		}
	})
	for i := range w.daemons {
		if n := w.daemons[i].node; n != nil {
			w.count(n.counters())
			w.markEnd(&w.daemons[i])
		}
	}
}

// guarded calls f. A panic of the code under test is a violation: no input may
// end the process (RNG-6).
func (w *World) guarded(f func()) {
	defer func() {
		if r := recover(); r != nil {
			w.checker.Broke(fmt.Sprintf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	f()
}

// step lets the next thing happen. The heap must not be empty.
func (w *World) step() {
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
		w.load(o)
	case rotation:
		w.stepRotation(int(o.n))
	case unnoticed:
		w.overlooked(&w.daemons[o.n], o.mark)
	case serve:
		w.serveNext(&w.daemons[o.n], o.mark)
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
	case reading:
		if d := &w.daemons[o.n]; d.node != nil && d.life == o.mark {
			d.node.(*engineNode).readSlowly()
		}
	case keyGone:
		w.tellLinks()
	case look:
		w.look()
	}
}

// emit writes an event down and has it judged.
func (w *World) emit(d *daemon, e *trace.Event) {
	if d != nil && d.shadow {
		return // it undoes what others have seen
	}
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
	if len(w.stales) > 0 && d != nil {
		w.tokenSeen(d, e)
	}
	if e.Kind == trace.Conf && len(w.mistaken) > 0 {
		w.exclude(e.Conf)
	}
	if d != nil {
		w.mark(d, e)
	}
	w.digest.Add(e)
	w.checker.Event(e)
	if w.opt.Each != nil {
		w.opt.Each(e)
	}
}

// settle drains a daemon after a call and plans its next wake-up.
func (w *World) settle(d *daemon) {
	d.touched = true
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
	if w.rejuvenate(d); d.node == nil {
		return
	}
	w.observeExchange(d)
	w.planWake(d)
}
