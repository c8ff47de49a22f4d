package check

import (
	"slices"
	"testing"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// script writes a trace by hand, in the words of the reference.
type script struct {
	events []trace.Event
	conf   map[ring.Process]*ring.Configuration // in force
	came   map[ring.Process]ring.RingID         // regular configuration before that
	seq    map[ring.RingID]ring.Seq
	count  map[ring.Process]uint64
	now    time.Duration

	waiting map[ring.Process][]ring.RingID // rings whose deliveries are not yet applied
	agreed  map[ring.Process]ring.RingID   // the last in which all was

	private map[uint64]string // of clients
	home    map[uint64]ring.Process
	number  map[uint64]uint64 // messages of each

	// highest is where the window of a receiver for a sender stands.
	highest map[pairOf]uint64
	options Options
	state   map[ring.Process]ring.State // of those that tell it
	tseq    map[ring.RingID]uint64
	alone   bool   // judge only what it is about
	broke   string // how the code under test ended, if it did
}

var (
	p = ring.Process{Daemon: 1, Incarnation: 0xa}
	q = ring.Process{Daemon: 2, Incarnation: 0xb}
	r = ring.Process{Daemon: 3, Incarnation: 0xc}
)

func newScript() *script {
	return &script{
		conf: map[ring.Process]*ring.Configuration{}, came: map[ring.Process]ring.RingID{},
		seq: map[ring.RingID]ring.Seq{}, count: map[ring.Process]uint64{}, highest: map[pairOf]uint64{},
		waiting: map[ring.Process][]ring.RingID{}, agreed: map[ring.Process]ring.RingID{}, private: map[uint64]string{}, home: map[uint64]ring.Process{}, number: map[uint64]uint64{},
		state: map[ring.Process]ring.State{}, tseq: map[ring.RingID]uint64{},
		options: Options{WhiteBox: true, Aftermath: aftermath, FailureDetection: time.Second, PathReport: time.Second},
	}
}

func (s *script) add(e trace.Event) *trace.Event {
	e.Index, e.Time = uint64(len(s.events)+1), s.now
	s.events = append(s.events, e)
	return &s.events[len(s.events)-1]
}

func id(epoch uint64, rep ring.Process) ring.RingID {
	return ring.RingID{Epoch: epoch, Representative: rep}
}

// install hands a configuration up at a process.
func (s *script) install(at ring.Process, c *ring.Configuration) {
	if old := s.conf[at]; old != nil && old.Kind == ring.Regular {
		s.came[at] = old.New
	}
	s.conf[at] = c
	s.add(trace.Event{Kind: trace.Conf, Process: at, Conf: c})
	if c.Kind == ring.Regular {
		s.waiting[at] = append(s.waiting[at], c.New)
		if len(c.Members) == 1 || len(c.Came) > 0 && len(s.waiting[at]) == 1 && !slices.ContainsFunc(c.Came, func(id ring.RingID) bool { return id != s.agreed[at] }) {
			s.agree(at)
		}
	}
}

// agree has a process agree on the state of the groups, and apply all that
// waits for it.
func (s *script) agree(at ring.Process) {
	in := s.ringOf(at)
	for _, of := range s.waiting[at] {
		s.add(trace.Event{Kind: trace.Agree, Process: at, Ring: of, In: trace.ConfID{Kind: ring.Regular, New: in}})
	}
	s.waiting[at], s.agreed[at] = nil, in
}

// ringOf is the ring a process's messages belong to.
func (s *script) ringOf(at ring.Process) ring.RingID { return trace.IDOf(s.conf[at]).Regular() }

// born starts processes, each alone.
func (s *script) born(ps ...ring.Process) *script {
	for i, at := range ps {
		s.add(trace.Event{Kind: trace.Start, Process: at})
		s.install(at, regular(ring.RingID{}, id(uint64(1+i), at), at))
	}
	return s
}

// regular makes a regular configuration; who came from where follows from the
// processes' present ones when it is installed with ring.
func regular(old, new ring.RingID, members ...ring.Process) *ring.Configuration {
	return &ring.Configuration{Kind: ring.Regular, Old: old, New: new, Members: members}
}

func transitional(old, new ring.RingID, members ...ring.Process) *ring.Configuration {
	return &ring.Configuration{Kind: ring.Transitional, Old: old, New: new, Members: members}
}

// together is the part of some processes that came from one ring.
func (s *script) together(old ring.RingID, ps ...ring.Process) []ring.Process {
	var list []ring.Process
	for _, at := range ps {
		if s.ringOf(at) == old {
			list = append(list, at)
		}
	}
	return list
}

// next is the transitional configuration of a process on its way to a ring.
func (s *script) next(at ring.Process, to ring.RingID, members ...ring.Process) *ring.Configuration {
	return transitional(s.ringOf(at), to, s.together(s.ringOf(at), members...)...)
}

// moves brings a process that tells its state to another one by a way.
func (s *script) moves(at ring.Process, way ...ring.State) {
	from, told := s.state[at]
	if !told {
		return
	}
	if i := slices.Index(way, from); i >= 0 {
		way = way[i+1:]
	}
	s.states(at, way...)
}

// form installs a ring at all its members, transitional configurations first.
func (s *script) form(epoch uint64, members ...ring.Process) *script {
	to := id(epoch, members[0])
	var came []ring.RingID
	var way []*ring.Configuration
	for _, at := range members {
		came = append(came, s.ringOf(at))
		way = append(way, s.next(at, to, members...))
	}
	for i, at := range members {
		c := regular(came[i], to, members...)
		c.Came = came
		if s.conf[at].Kind == ring.Regular {
			s.moves(at, ring.Gather, ring.Commit, ring.Recovery)
			s.install(at, way[i])
		}
		s.moves(at, ring.Operational)
		s.install(at, c)
	}
	return s
}

// note is a message of a script.
type note struct {
	trace.Message
	ring ring.RingID
	seq  ring.Seq
}

// originate gives a message of a process the next place.
func (s *script) originate(at ring.Process, service ring.Service) note {
	id := s.ringOf(at)
	s.seq[id]++
	s.count[at]++
	m := note{trace.Message{
		Sender: at, Counter: s.count[at], Service: service, Length: 5, Digest: 77 + s.count[at],
		Client: uint64(at.Daemon), ClientCounter: s.count[at],
	}, id, s.seq[id]}
	s.place(at, m)
	s.recv(at, m)
	return m
}

func (s *script) place(at ring.Process, m note) *trace.Event {
	return s.add(trace.Event{Kind: trace.Originate, Process: at, Ring: m.ring, Seq: m.seq, Message: m.Message, In: trace.IDOf(s.conf[at])})
}

func (s *script) recv(at ring.Process, ms ...note) {
	for _, m := range ms {
		s.add(trace.Event{Kind: trace.Recv, Process: at, Ring: m.ring, Seq: m.seq, From: m.Sender, First: true})
	}
}

func (s *script) deliver(at ring.Process, ms ...note) {
	for _, m := range ms {
		s.add(trace.Event{Kind: trace.Deliver, Process: at, Ring: m.ring, Seq: m.seq, Message: m.Message, In: trace.IDOf(s.conf[at])})
	}
}

// everywhere is a message received and delivered by processes.
func (s *script) everywhere(from ring.Process, service ring.Service, at ...ring.Process) note {
	m := s.originate(from, service)
	for _, to := range at {
		if to != from {
			s.recv(to, m)
		}
	}
	for _, to := range at {
		s.deliver(to, m)
	}
	return m
}

func (s *script) token(kind trace.Kind, at, from ring.Process, tseq uint64, v ring.Verdict) {
	s.add(trace.Event{Kind: kind, Process: at, From: from, Ring: s.ringOf(at), TSeq: tseq, Verdict: v})
}

func (s *script) mark(kind trace.Kind, at ring.Process, seq ring.Seq) {
	s.add(trace.Event{Kind: kind, Process: at, Ring: s.ringOf(at), Seq: seq})
}

func (s *script) commit(at ring.Process, to ring.RingID, members ...ring.Process) {
	s.add(trace.Event{Kind: trace.Commit, Process: at, Ring: s.ringOf(at), Conf: transitional(s.ringOf(at), to, members...)})
}

func (s *script) quiet(members ...ring.Process) {
	s.add(trace.Event{Kind: trace.Quiet, Members: members, Bound: time.Second})
}

func (s *script) finish() *script {
	s.add(trace.Event{Kind: trace.Finished})
	return s
}

func (s *script) view(at ring.Process, client uint64, name string, view [3]int32, members ...string) {
	s.add(trace.Event{Kind: trace.ClientView, Process: at, Client: client, Text: name, View: &trace.View{Group: "g", ID: view, Members: members}})
}

func (s *script) hand(at ring.Process, client uint64, m note) {
	m.Groups = []string{"g"}
	s.add(trace.Event{Kind: trace.ClientDeliver, Process: at, Client: client, Message: m.Message})
}

// judge runs a script through a checker.
func (s *script) judge(only ...Property) *Checker {
	s.options.Only = only
	c := New(s.options)
	for i := range s.events {
		c.Event(&s.events[i])
	}
	if s.broke != "" {
		c.Broke(s.broke)
	}
	return c
}

func wantVerdict(t *testing.T, c *Checker, want Property) {
	t.Helper()
	switch v := c.Verdict(); {
	case v == nil:
		t.Errorf("no violation, want %s", want)
	case v.Property != want:
		t.Errorf("%s, want %s", v, want)
	}
}

func seqOf(n int) ring.Seq { return ring.Seq(n) }
