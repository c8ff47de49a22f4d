// Package check judges a trace by the properties of the correctness
// reference, section 2, online: each event costs about constant work, and the
// first violation is the verdict.
//
// It trusts nothing but the trace. CFG-8 is an oracle of its own that shares
// no code with the order checks.
//
// A Checker belongs to one goroutine.
package check

import (
	"fmt"
	"slices"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// Options says how a trace is to be judged.
type Options struct {
	// StartSeq and StartTSeq are the offsets every ring of the run began
	// with.
	StartSeq  ring.Seq
	StartTSeq uint64
	// StartCounter is what every life's packet counter began with.
	StartCounter uint64
	// FailureDetection is the cluster's setting: bounds derive from it. Zero:
	// what needs them is not judged (RNG-7, MPX-5, MPX-6).
	FailureDetection time.Duration
	// SlowestClock is the rate of the slowest daemon's clock, in thousandths
	// of that of the trace; 0: all run alike.
	SlowestClock int
	// PathReport is how long the report of a dead path, or of one that works
	// again, may take (S22). Zero: not judged (MPX-8).
	PathReport time.Duration
	// WhiteBox: events stand in the order in which they happened in one
	// world, so that properties of an instant are checked (SAFE-3, RNG-2,
	// RNG-4). Clear it for traces merged from several hosts.
	WhiteBox bool
	// OnlyClients: the trace shows what clients see and nothing of rings. Order
	// and safe delivery are then judged by that (CFG-8, SAFE-1, SAFE-2).
	OnlyClients bool
	// Aftermath is how long a fault may still show after it has ended: a token
	// lost at the last moment breaks the ring later. LIV-2 counts from then.
	Aftermath time.Duration
	// Only, if not empty, judges no other properties: for shrinking a plan
	// with the property fixed.
	Only []Property
}

// Violation is a property that does not hold.
type Violation struct {
	Property Property
	Index    uint64 // of the event that shows it
	Time     time.Duration
	Text     string // one sentence
	// What the sentence is about, to choose the trace lines that matter.
	Processes []ring.Process
	Ring      ring.RingID
	Seq       ring.Seq
}

func (v *Violation) String() string {
	return fmt.Sprintf("%s at event %d (%v): %s", v.Property, v.Index, v.Time, v.Text)
}

// Checker judges one trace.
type Checker struct {
	opt     Options
	enabled [properties]bool
	first   *Violation
	count   Exercised

	processes map[ring.Process]*process
	rings     map[ring.RingID]*ringState
	lastRing  *ringState // the one used last: most events are about it
	last      *process

	graph  graph
	confs  map[trace.ConfID]*ring.Configuration // contents by id (CFG-3)
	quiet  []*component
	groups groupState
	links  links
	// of a trace that shows nothing of rings; else nil
	observers *observers

	senders   []*process // that hand datagrams to sockets
	primaries []*primary
	passed    bool          // a number has passed the limit it began below
	deadline  time.Duration // of the quiet phase

	deliveries, changes uint64
	event               *trace.Event // being judged, or judged last
	current             trace.Event
}

// New returns a Checker for a trace that has not begun.
func New(o Options) *Checker {
	c := &Checker{
		opt:       o,
		groups:    newGroupState(),
		processes: make(map[ring.Process]*process),
		rings:     make(map[ring.RingID]*ringState),
		confs:     make(map[trace.ConfID]*ring.Configuration),
		links:     links{alarm: noAlarm},
		deadline:  noAlarm,
	}
	if o.OnlyClients {
		c.observers = newObservers()
	}
	for i := range c.enabled {
		c.enabled[i] = len(o.Only) == 0
	}
	for _, p := range o.Only {
		c.enabled[p] = true
	}
	return c
}

// Verdict is the first violation, or nil.
func (c *Checker) Verdict() *Violation { return c.first }

// Exercised tells how often each property was evaluated.
func (c *Checker) Exercised() *Exercised { return &c.count }

// Deliveries and Changes count the deliveries and the regular configurations
// judged.
func (c *Checker) Deliveries() uint64 { return c.deliveries }

// Changes counts the regular configurations installed.
func (c *Checker) Changes() uint64 { return c.changes }

// holds counts that a property has been evaluated, and returns ok.
func (c *Checker) holds(p Property, ok bool) bool {
	c.count[p]++
	return ok
}

// fail makes the first failure the verdict.
func (c *Checker) fail(p Property, about subject, format string, args ...any) {
	if c.first != nil || !c.enabled[p] {
		return
	}
	for i, a := range args {
		args[i] = readable(a)
	}
	c.first = &Violation{
		Property: p, Index: c.event.Index, Time: c.event.Time, Text: fmt.Sprintf(format, args...),
		Processes: about.processes(), Ring: about.ring, Seq: about.seq,
	}
}

// Broke tells that the code under test ended in a panic: no input may do that
// (RNG-6).
func (c *Checker) Broke(text string) {
	if c.event == nil {
		c.event = &trace.Event{}
	}
	c.count[RNG6]++
	c.fail(RNG6, subject{}, "%v", text)
}

// subject is what a violation is about.
type subject struct {
	who  [2]ring.Process
	more []ring.Process
	ring ring.RingID
	seq  ring.Seq
}

func of(p ring.Process) subject      { return subject{who: [2]ring.Process{p}} }
func both(p, q ring.Process) subject { return subject{who: [2]ring.Process{p, q}} }

func (s subject) at(id ring.RingID, seq ring.Seq) subject {
	s.ring, s.seq = id, seq
	return s
}

func (s *subject) processes() []ring.Process {
	list := slices.Clone(s.more)
	for _, p := range s.who {
		if p != (ring.Process{}) {
			list = append(list, p)
		}
	}
	return list
}

func readable(a any) any {
	switch v := a.(type) {
	case ring.Process:
		return trace.ProcessString(v)
	case ring.RingID:
		return trace.RingString(v)
	case ring.Service:
		return trace.ServiceString(v)
	case []ring.Process:
		list := make([]string, len(v))
		for i, p := range v {
			list[i] = trace.ProcessString(p)
		}
		return list
	}
	return a
}

// Event judges the next event. The event is not kept.
func (c *Checker) Event(e *trace.Event) {
	if c.first != nil {
		return
	}
	c.current = *e
	c.event = &c.current
	c.count[RNG6]++
	if len(c.opt.Only) == 1 && c.opt.Only[0] == RNG6 {
		// Only that processes live is judged. Where members lie the rest of the
		// trace may contradict itself.
		return
	}
	c.timePasses(e.Time)
	c.happens(e)
	c.grown(e)
	switch e.Kind {
	case trace.Start:
		c.born(c.process(e.Process))
	case trace.Stop, trace.Crash:
		c.die(c.process(e.Process))
	case trace.Fault:
		c.quiet = nil
		if !e.First {
			c.disturbed()
		}
	case trace.Pause:
		c.quiet = nil
		c.pause(c.process(e.Process))
	case trace.Resume:
		c.quiet = nil
		c.resume(c.process(e.Process))
	case trace.Link:
		c.link(c.process(e.Process), e)
	case trace.Quiet:
		c.beginQuiet(e)
	case trace.Finished:
		c.finish()
	case trace.Submit:
		c.submit(e)
	case trace.Conf:
		c.conf(c.process(e.Process), e.Conf)
	case trace.Originate:
		c.originate(c.process(e.Process), e)
	case trace.Recv:
		c.recv(c.process(e.Process), e)
	case trace.TokenIn:
		c.tokenIn(c.process(e.Process), e)
	case trace.TokenOut:
		c.tokenOut(c.process(e.Process), e)
	case trace.Stable:
		c.stable(c.process(e.Process), e)
	case trace.Discard:
		c.discard(c.process(e.Process), e)
	case trace.Deliver:
		c.deliver(c.process(e.Process), e)
	case trace.State:
		c.state(c.process(e.Process), e.State)
	case trace.Commit:
		c.commit(c.process(e.Process), e)
	case trace.Request:
		c.request(c.process(e.Process), e)
	case trace.Answer:
		c.answer(c.process(e.Process), e)
	case trace.Visit:
		c.visit(c.process(e.Process), e)
	case trace.Primary:
		c.primary(c.process(e.Process), e)
	case trace.Packet:
		c.datagram(c.process(e.Process), e)
	case trace.Path:
		c.path(c.process(e.Process), e)
	case trace.Batch:
		c.batch(c.process(e.Process), e)
	case trace.Send:
		c.send(c.process(e.Process), e)
	case trace.Agree:
		c.agree(c.process(e.Process), e)
	case trace.Route:
		c.route(c.process(e.Process), e)
	case trace.Drain:
		c.drain(c.process(e.Process), e)
	case trace.ClientOpen, trace.ClientSend, trace.ClientStall, trace.ClientView, trace.ClientDeliver, trace.ClientClose, trace.ClientSignal, trace.ClientLeave:
		c.client(e)
	}
}

// timePasses judges what had to happen by now.
func (c *Checker) timePasses(now time.Duration) {
	if now >= c.links.alarm {
		c.overdue()
	}
	if now > c.deadline {
		c.deadline = noAlarm
		for _, q := range c.quiet {
			if !q.special() && !q.met {
				c.converged(q)
			}
		}
	}
}

func (c *Checker) process(id ring.Process) *process {
	if c.last != nil && c.last.id == id {
		return c.last
	}
	p := c.processes[id]
	if p == nil {
		p = &process{id: id, alive: true, node: none, clients: make(map[uint64]uint64)}
		c.processes[id] = p
	}
	c.last = p
	return p
}

func (c *Checker) ring(id ring.RingID) *ringState {
	if c.lastRing != nil && c.lastRing.id == id {
		return c.lastRing
	}
	r := c.rings[id]
	if r == nil {
		r = &ringState{id: id, packets: packets{given: c.opt.StartSeq}, index: make(map[ring.Process]*part), pairs: make(map[ring.RingID]*pair)}
		c.rings[id] = r
	}
	c.lastRing = r
	return r
}

func (c *Checker) part(r *ringState, p *process) *part {
	if p.part != nil && p.part.ring == r {
		return p.part
	}
	if t := r.index[p.id]; t != nil {
		return t
	}
	t := &part{process: p, ring: r, place: len(r.parts)}
	t.aru = c.opt.StartSeq
	t.lastTSeq, t.sentTSeq = c.opt.StartTSeq, c.opt.StartTSeq
	r.parts = append(r.parts, t)
	r.index[p.id] = t
	return t
}
