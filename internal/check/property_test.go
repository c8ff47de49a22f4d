package check

import (
	"slices"
	"testing"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// good is a run in which most properties are exercised and hold: two processes
// ring, a third joins, messages of all services, a hole in a transitional
// configuration, tokens, marks, clients, and a quiet end.
func good() *script {
	s := newScript().born(p, q, r)
	s.form(10, p, q)
	s.token(trace.TokenOut, p, ring.Process{}, 1, 0)
	s.token(trace.TokenIn, q, p, 1, ring.TokenAccepted)
	s.token(trace.TokenIn, q, p, 1, ring.TokenDuplicate)
	s.token(trace.TokenOut, q, ring.Process{}, 1, 0)
	s.token(trace.TokenIn, p, q, 1, ring.TokenAccepted)
	s.submit(p, ring.Safe)
	m := s.everywhere(p, ring.Safe, p, q)
	s.submit(q, ring.Unreliable)
	s.everywhere(q, ring.Unreliable, p, q)
	for _, service := range []ring.Service{ring.Reliable, ring.FIFO, ring.Causal, ring.Agreed} {
		s.submit(q, service)
		s.everywhere(q, service, q, p)
	}
	s.mark(trace.Stable, p, 6)
	s.mark(trace.Discard, p, 5)
	s.view(p, 100, "#a", [3]int32{1, 10, 1}, "#a", "#b")
	s.view(q, 200, "#b", [3]int32{1, 10, 1}, "#a", "#b")
	sent := m
	sent.Groups = []string{"g"}
	s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, First: true, Message: sent.Message})
	s.hand(p, 100, m)
	s.hand(q, 200, m)
	s.hand(p, 1, m)
	s.form(11, p, q, r)
	// r's first message is lost with r; q's comes through to p and q.
	s.originate(r, ring.Agreed)
	kept := s.originate(q, ring.Safe)
	s.accept(q, ring.Safe)
	s.recv(p, kept)
	for _, at := range []ring.Process{p, q} {
		s.commit(at, id(12, p), p, q)
		s.install(at, s.next(at, id(12, p), p, q))
		s.deliver(at, kept)
	}
	s.add(trace.Event{Kind: trace.Crash, Process: r})
	s.form(12, p, q)
	s.now = time.Second
	s.quiet(p, q)
	s.now += 200 * time.Millisecond
	s.form(13, p, q)
	s.submit(p, ring.Agreed)
	s.everywhere(p, ring.Agreed, p, q)
	s.submit(p, ring.Safe)
	s.everywhere(p, ring.Safe, p, q)
	return s.finish()
}

// submit notes that the next message of a process's client is accepted.
func (s *script) submit(at ring.Process, service ring.Service) {
	s.count[at]++
	n := s.count[at]
	s.count[at]--
	s.accepted(at, n, service)
}

// accept is submit for the message originated last.
func (s *script) accept(at ring.Process, service ring.Service) {
	// Written down before it was originated: a script may be put in order late.
	last := len(s.events) - 1
	for s.events[last].Kind != trace.Originate {
		last--
	}
	tail := append([]trace.Event(nil), s.events[last:]...)
	s.events = s.events[:last]
	s.accepted(at, s.count[at], service)
	for _, e := range tail {
		s.add(e)
	}
}

func (s *script) accepted(at ring.Process, n uint64, service ring.Service) {
	s.add(trace.Event{Kind: trace.Submit, Process: at, Client: uint64(at.Daemon), First: true, Message: trace.Message{
		Service: service, Length: 5, Digest: 77 + n, Client: uint64(at.Daemon), ClientCounter: n,
	}})
}

// run is a hand-written run. A good one holds, and exercises want; a bad one
// violates want, and nothing before it.
type run struct {
	name string
	want Property
	run  func() *script
}

// alone is a bad run in which something else is violated before: only the
// property it is about is judged.
func alone(run func() *script) func() *script {
	return func() *script {
		s := run()
		s.alone = true
		return s
	}
}

// goodRuns and badRuns are what each mechanism's tests bring along, with the
// runs of this file.
var (
	goodRuns = slices.Concat(
		goodRequests, goodFlow, goodCarried, goodMoves, goodWrap, goodDatagrams, goodLinks, goodReports, goodSends,
		goodDrain, goodOverload, goodPause, goodPrimary, goodCore, goodGroups,
	)
	badRuns = slices.Concat(
		bad, badClients, badRequests, badFlow, badCarried, badMoves, badWrap, badDatagrams, badLinks, badReports, badSends,
		badDrain, badOverload, badPause, badPrimary, badCore,
	)
)

func TestGoodRun(t *testing.T) {
	c := good().judge()
	if v := c.Verdict(); v != nil {
		t.Fatalf("a good run is refused: %s", v)
	}
	if c.Deliveries() == 0 || c.Changes() == 0 {
		t.Error("nothing was counted")
	}
}

// Every property has a good run that exercises it and passes, and a bad one
// that fails with its name (correctness reference, section 3).
func TestEveryPropertyHasItsRuns(t *testing.T) {
	passes := good().judge().Exercised()
	fails := map[Property]bool{}
	for _, g := range goodRuns {
		passes.Add(g.run().judge().Exercised())
	}
	for _, b := range badRuns {
		fails[b.want] = true
	}
	for _, p := range Properties() {
		if passes[p] == 0 && p != GRP11 {
			t.Errorf("no good run exercises %s", p)
		}
		if !fails[p] && p != GRP11 {
			t.Errorf("no bad run for %s", p)
		}
	}
}

func TestGoodRuns(t *testing.T) {
	for _, g := range goodRuns {
		t.Run(g.want.String()+" "+g.name, func(t *testing.T) {
			c := g.run().judge()
			wantGood(t, g.name, c)
			if c.Exercised()[g.want] == 0 {
				t.Errorf("does not exercise %s", g.want)
			}
		})
	}
}

// two is p and q in a ring.
func two() *script { return newScript().born(p, q).form(10, p, q) }

// three is p, q and r in a ring.
func three() *script { return newScript().born(p, q, r).form(10, p, q, r) }

// bad holds, for each property, runs that break it. Some break another
// property before; then alone judges only the named one.
var bad = []run{
	{"delivered but never originated", INT1, func() *script {
		s := two()
		s.deliver(p, note{trace.Message{Sender: q, Counter: 1, Service: ring.Agreed}, id(10, p), 1})
		return s
	}},
	{"delivered in another ring's configuration", INT1, func() *script {
		s := two()
		m := s.everywhere(p, ring.Agreed, p, q)
		s.form(11, p, q)
		s.deliver(p, m)
		return s
	}},
	{"client receives what nobody sent", INT1, func() *script {
		s := two()
		s.hand(p, 5, note{Message: trace.Message{Client: 7, ClientCounter: 1}})
		return s
	}},
	{"delivered twice", INT2, func() *script {
		s := two()
		m := s.everywhere(p, ring.Agreed, p, q)
		s.deliver(p, m)
		return s
	}},
	{"originated twice", INT3, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		m.seq++
		s.place(p, m)
		return s
	}},
	{"one place for messages of two", INT3, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		m.Sender, m.Counter, m.Client = q, 9, 2
		s.place(q, m)
		return s
	}},
	{"originated after a client's last", INT3, func() *script {
		s := two()
		s.submit(p, ring.Agreed)
		s.originate(p, ring.Agreed)
		s.originate(p, ring.Agreed)
		return s
	}},
	{"originated in a transitional configuration", INT4, func() *script {
		s := two()
		s.install(p, s.next(p, id(11, p), p, q))
		s.originate(p, ring.Agreed)
		return s
	}},
	{"originated in another ring", INT4, func() *script {
		s := two()
		m := note{trace.Message{Sender: p, Counter: 1}, id(9, q), 1}
		s.place(p, m)
		return s
	}},
	{"delivered without its last packet", INT5, func() *script {
		s := two()
		s.deliver(q, s.originate(p, ring.Agreed))
		return s
	}},
	{"delivered with other bytes", INT6, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		m.Digest++
		s.deliver(p, m)
		return s
	}},
	{"originated with other bytes than handed in", INT6, func() *script {
		s := two()
		s.accepted(p, 1, ring.Safe)
		s.originate(p, ring.Agreed)
		return s
	}},
	{"originated for a client that handed nothing in", INT6, func() *script {
		s := two()
		s.accepted(p, 1, ring.Agreed)
		s.events[len(s.events)-1].Client = 5
		s.originate(p, ring.Agreed)
		return s
	}},
	{"originated but nobody handed it in", INT6, func() *script {
		s := two()
		s.accepted(p, 1, ring.Agreed)
		e := &s.events[len(s.events)-1]
		e.Client, e.Message.Client, e.Message.ClientCounter = 0, 0, 0
		m := note{trace.Message{Sender: p, Counter: 1, Service: ring.Agreed, Length: 6}, id(10, p), 1}
		s.place(p, m)
		return s
	}},
	{"client receives other bytes", INT6, func() *script {
		s := two()
		m := s.everywhere(p, ring.Agreed, p, q)
		s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, Message: m.Message})
		m.Length++
		s.hand(p, 5, m)
		return s
	}},
	{"installed a configuration without itself", CFG1, func() *script {
		s := two()
		s.install(p, regular(id(10, p), id(11, q), q))
		return s
	}},
	{"did not start alone", CFG2, func() *script {
		s := newScript()
		s.install(p, regular(ring.RingID{}, id(1, p), p, q))
		return s
	}},
	{"started with a transitional configuration", CFG2, func() *script {
		s := newScript()
		s.install(p, transitional(id(1, p), id(2, p), p))
		return s
	}},
	{"one id, two memberships", CFG3, func() *script {
		s := newScript().born(p, q)
		s.install(p, s.next(p, id(10, p), p, q))
		s.install(q, s.next(q, id(10, p), p, q))
		s.install(p, regular(id(1, p), id(10, p), p, q))
		s.install(q, regular(id(2, q), id(10, p), p, q, r))
		return s
	}},
	{"no content", CFG3, func() *script {
		s := newScript()
		s.add(trace.Event{Kind: trace.Conf, Process: p})
		return s
	}},
	{"epoch does not grow", CFG4, func() *script { return two().form(9, p) }},
	{"representative is no member", CFG4, func() *script {
		s := newScript().born(p)
		s.install(p, s.next(p, id(10, q), p))
		s.install(p, regular(id(1, p), id(10, q), p))
		return s
	}},
	{"no transitional configuration", CFG5, func() *script {
		s := two()
		s.install(p, regular(id(10, p), id(11, p), p))
		return s
	}},
	{"two transitional configurations", CFG5, func() *script {
		s := two()
		s.install(p, s.next(p, id(11, p), p))
		s.install(p, s.next(p, id(12, p), p))
		return s
	}},
	{"transitional member not of the old configuration", CFG5, func() *script {
		s := two()
		s.install(p, transitional(id(10, p), id(11, p), p, r))
		return s
	}},
	{"transitional member not of the new configuration", CFG5, func() *script {
		s := two()
		s.install(p, s.next(p, id(11, p), p, q))
		s.install(p, regular(id(10, p), id(11, p), p))
		return s
	}},
	{"came together, not in the transitional set", CFG6, alone(func() *script {
		s := two()
		for _, at := range []ring.Process{p, q} {
			s.install(at, transitional(id(10, p), id(11, p), at))
		}
		for _, at := range []ring.Process{p, q} {
			s.install(at, regular(id(10, p), id(11, p), p, q))
		}
		return s
	})},
	{"in the transitional set, but came from elsewhere", CFG6, alone(func() *script {
		s := newScript().born(p, q)
		s.install(p, transitional(id(1, p), id(11, p), p))
		s.install(q, transitional(id(2, q), id(11, p), p, q))
		s.install(p, regular(id(1, p), id(11, p), p, q))
		s.install(q, regular(id(2, q), id(11, p), p, q))
		return s
	})},
	{"configuration is wrong about where a member came from", CFG6, func() *script {
		s := two()
		s.install(p, s.next(p, id(11, p), p))
		c := regular(id(10, p), id(11, p), p)
		c.Came = []ring.RingID{id(9, p)}
		s.install(p, c)
		return s
	}},
	{"delivered in a configuration that is not in force", CFG7, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.deliver(p, m)
		s.events[len(s.events)-1].In = trace.ConfID{Kind: ring.Transitional, Old: id(10, p), New: id(11, p)}
		return s
	}},
	{"delivered before any configuration", CFG7, func() *script {
		s := newScript()
		s.add(trace.Event{Kind: trace.Deliver, Process: p})
		return s
	}},
	{"originated in a configuration that is not in force", CFG7, func() *script {
		s := two()
		s.originate(p, ring.Agreed)
		s.events[len(s.events)-2].In = trace.ConfID{New: id(9, p)}
		return s
	}},
	{"orders contradict each other", CFG8, alone(func() *script {
		s := two()
		a, b := s.originate(p, ring.Agreed), s.originate(q, ring.Agreed)
		s.deliver(p, a, b)
		s.deliver(q, b, a)
		return s.finish()
	})},
	{"own message not delivered", SELF1, func() *script {
		s := two()
		s.originate(p, ring.Reliable)
		return s.form(11, p)
	}},
	{"companions deliver different sets", VS1, func() *script {
		s := three()
		m := s.originate(r, ring.Agreed)
		s.recv(p, m)
		s.deliver(p, m)
		return s.form(11, p, q)
	}},
	{"companions split differently", VS2, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.recv(q, m)
		s.deliver(p, m)
		for _, at := range []ring.Process{p, q} {
			s.install(at, s.next(at, id(11, p), p, q))
		}
		s.deliver(q, m)
		return s.form(11, p, q)
	}},
	{"companions deliver in different sequences", VS3, alone(func() *script {
		s := two()
		a, b := s.originate(p, ring.Agreed), s.originate(q, ring.Agreed)
		s.deliver(p, a, b)
		s.deliver(q, b, a)
		return s.form(11, p, q)
	})},
	{"a sender's second message without its first", FIFO1, alone(func() *script {
		s := three()
		s.originate(r, ring.FIFO)
		b := s.originate(r, ring.FIFO)
		s.recv(p, b)
		s.install(p, s.next(p, id(11, p), p))
		s.deliver(p, b)
		return s
	})},
	{"a client's messages change places", FIFO2, func() *script {
		s := two()
		a, b := s.originate(p, ring.FIFO), note{}
		s.count[p] = 0 // the client counts again from 1
		b = s.originate(p, ring.FIFO)
		b.Counter = 2
		s.events[len(s.events)-2].Message.Counter = 2
		s.deliver(p, a, b)
		return s
	}},
	{"a lane's messages change places", FIFO2, func() *script {
		s := two()
		s.accepted(p, 2, ring.FIFO)
		s.originate(p, ring.FIFO)
		return s
	}},
	{"a cause is missing", CAU1, alone(func() *script {
		s := three()
		a := s.originate(r, ring.Causal)
		s.recv(q, a)
		s.deliver(q, a)
		b := s.originate(q, ring.Causal)
		s.recv(p, b)
		s.install(p, s.next(p, id(11, p), p, q))
		s.deliver(p, b)
		return s
	})},
	{"places do not increase", TOT1, alone(func() *script {
		s := two()
		a, b := s.originate(p, ring.Agreed), s.originate(p, ring.Agreed)
		s.deliver(p, b, a)
		return s
	})},
	{"back to an older ring", TOT2, alone(func() *script {
		s := two()
		old := s.originate(p, ring.Agreed)
		s.form(11, p)
		s.everywhere(p, ring.Agreed, p)
		s.deliver(p, old)
		return s
	})},
	{"a hole in a regular configuration", GAP1, func() *script {
		s := two()
		s.originate(p, ring.Agreed)
		s.deliver(p, s.originate(p, ring.Agreed))
		return s
	}},
	{"a companion's message is skipped", GAP2, func() *script {
		s := two()
		s.originate(q, ring.Agreed)
		m := s.originate(p, ring.Agreed)
		s.install(p, s.next(p, id(11, p), p, q))
		s.deliver(p, m)
		return s
	}},
	{"a stranger's message after a hole", GAP3, func() *script {
		s := three()
		s.originate(q, ring.Agreed)
		m := s.originate(r, ring.Agreed)
		s.recv(p, m)
		s.install(p, s.next(p, id(11, p), p))
		s.deliver(p, m)
		return s
	}},
	{"a low service jumps a hole", LOW1, func() *script {
		s := two()
		s.originate(p, ring.Reliable)
		s.deliver(p, s.originate(p, ring.Reliable))
		return s
	}},
	{"a low service in a later configuration", LOW1, func() *script {
		s := two()
		m := s.originate(q, ring.Reliable)
		s.recv(p, m)
		s.form(11, p)
		s.deliver(p, m)
		return s
	}},
	{"a member leaves without a safe message", SAFE1, alone(func() *script {
		s := two()
		s.everywhere(p, ring.Safe, p)
		return s.form(11, q)
	})},
	{"a safe message after a member has left without it", SAFE1, alone(func() *script {
		s := two()
		m := s.originate(p, ring.Safe)
		s.form(11, q)
		s.deliver(p, m)
		return s
	})},
	{"safe before a member has installed", SAFE2, func() *script {
		s := newScript().born(p, q)
		s.install(p, s.next(p, id(10, p), p, q))
		s.install(p, regular(id(1, p), id(10, p), p, q))
		m := s.originate(p, ring.Safe)
		s.recv(q, m)
		s.deliver(p, m)
		return s
	}},
	{"safe, but a member lacks it", SAFE3, func() *script {
		s := two()
		s.deliver(p, s.originate(p, ring.Safe))
		return s
	}},
	{"safe for the transitional configuration only, but before it", SAFE4, alone(func() *script {
		s := three()
		m := s.originate(p, ring.Safe)
		s.recv(q, m)
		s.deliver(p, m)
		s.install(p, s.next(p, id(11, p), p, q))
		return s
	})},
	{"a token accepted twice", RNG1, func() *script {
		s := two()
		s.token(trace.TokenIn, p, q, 1, ring.TokenAccepted)
		s.token(trace.TokenOut, p, q, 1, 0)
		s.token(trace.TokenIn, p, q, 1, ring.TokenAccepted)
		return s
	}},
	{"two hold the token", RNG2, func() *script {
		s := two()
		s.token(trace.TokenIn, q, p, 1, ring.TokenAccepted)
		s.token(trace.TokenIn, p, q, 1, ring.TokenAccepted)
		return s
	}},
	{"a token passed on twice", RNG2, func() *script {
		s := two()
		s.token(trace.TokenIn, q, p, 1, ring.TokenAccepted)
		s.token(trace.TokenOut, q, p, 1, 0)
		s.token(trace.TokenOut, q, p, 1, 0)
		return s
	}},
	{"a token that nobody passed on to its maker", RNG2, func() *script {
		s := two()
		s.token(trace.TokenIn, q, p, 1, ring.TokenAccepted)
		s.token(trace.TokenOut, q, p, 3, 0)
		return s
	}},
	{"an old token is taken for malformed", RNG3, func() *script {
		s := two()
		s.token(trace.TokenIn, q, p, 1, ring.TokenAccepted)
		s.token(trace.TokenOut, q, p, 1, 0)
		s.token(trace.TokenIn, q, p, 1, ring.TokenMalformed)
		return s
	}},
	{"a token is left out", RNG3, func() *script {
		s := two()
		s.token(trace.TokenIn, p, q, 2, ring.TokenAccepted)
		return s
	}},
	{"a token from another than the predecessor", RNG3, func() *script {
		s := three()
		s.token(trace.TokenIn, p, q, 1, ring.TokenAccepted)
		return s
	}},
	{"tokens from two", RNG3, func() *script {
		s := three()
		s.token(trace.TokenIn, p, r, 1, ring.TokenAccepted)
		s.token(trace.TokenOut, p, r, 1, 0)
		s.token(trace.TokenIn, p, q, 2, ring.TokenAccepted)
		return s
	}},
	{"the last token again, but it was another", RNG3, func() *script {
		s := two()
		s.token(trace.TokenIn, p, q, 1, ring.TokenAccepted)
		s.token(trace.TokenIn, p, q, 2, ring.TokenResend)
		return s
	}},
	{"stable, but a member lacks it", RNG4, func() *script {
		s := two()
		s.originate(p, ring.Agreed)
		s.mark(trace.Stable, p, 1)
		return s
	}},
	{"stable mark goes down", RNG4, func() *script {
		s := two()
		s.everywhere(p, ring.Agreed, p, q)
		s.mark(trace.Stable, p, 1)
		s.mark(trace.Stable, p, 0)
		return s
	}},
	{"discarded above the stable mark", RNG5, func() *script {
		s := two()
		s.everywhere(p, ring.Agreed, p, q)
		s.mark(trace.Discard, p, 1)
		return s
	}},
	{"a position goes up twice", MPX1, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.recv(q, m, m)
		return s
	}},
	{"one view, two orders", GRP1, func() *script {
		s := two()
		s.view(p, 1, "#a", [3]int32{1, 1, 1}, "#a", "#b")
		s.view(q, 2, "#b", [3]int32{1, 1, 1}, "#b", "#a")
		return s
	}},
	{"one view, two memberships", GRP2, alone(func() *script {
		s := two()
		s.view(p, 1, "#a", [3]int32{1, 1, 1}, "#a", "#b")
		s.view(q, 2, "#b", [3]int32{1, 1, 1}, "#b")
		return s
	})},
	{"a view without its receiver", GRP3, func() *script {
		s := two()
		s.view(p, 1, "#a", [3]int32{1, 1, 1}, "#b")
		return s
	}},
	{"one message in two views", GRP5, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, Message: m.Message})
		s.recv(q, m)
		s.deliver(p, m)
		s.deliver(q, m)
		s.view(p, 5, "#a", [3]int32{1, 1, 1}, "#a", "#b")
		s.view(q, 6, "#b", [3]int32{1, 1, 2}, "#a", "#b")
		s.hand(p, 5, m)
		s.hand(q, 6, m)
		return s
	}},
	{"a client receives another's messages out of order", CLI2, func() *script {
		s := two()
		a, b := s.originate(p, ring.Agreed), s.originate(p, ring.Agreed)
		for _, m := range []note{a, b} {
			s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, Message: m.Message})
		}
		s.hand(p, 5, b)
		s.hand(p, 5, a)
		return s
	}},
	{"never agreed", LIV1, func() *script {
		s := newScript().born(p, q)
		s.quiet(p, q)
		return s.finish()
	}},
	{"agreed too late", LIV1, func() *script {
		s := newScript().born(p, q)
		s.quiet(p, q)
		s.now = 2 * time.Second
		return s.form(10, p, q).finish()
	}},
	{"agreed after too many changes", LIV1, func() *script {
		s := newScript().born(p, q)
		s.quiet(p, q)
		s.states(p, ring.Gather)
		s.states(q, ring.Gather)
		return s.form(10, p).form(11, p).form(12, p).form(13, p, q).finish()
	}},
	{"changed after all had agreed", LIV2, func() *script {
		s := two()
		s.quiet(p, q)
		s.now = 500 * time.Millisecond
		s.form(11, p, q)
		return s.form(12, p, q).finish()
	}},
	{"accepted and never delivered", LIV3, func() *script {
		s := two()
		s.submit(p, ring.Agreed)
		s.quiet(p, q)
		return s.finish()
	}},
	{"delivered by some", LIV3, func() *script {
		s := two()
		s.everywhere(p, ring.Agreed, p)
		s.quiet(p, q)
		return s.finish()
	}},
	{"never found room", LIV3, func() *script {
		s := two()
		s.quiet(p, q)
		s.finish()
		s.events[len(s.events)-1].Counter = 1
		return s
	}},
	{"a client's message does not come back", LIV3, func() *script {
		s := two()
		m := s.everywhere(p, ring.Agreed, p, q)
		s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, First: true, Message: m.Message})
		s.quiet(p, q)
		return s.finish()
	}},
	{"safe, accepted and never delivered", LIV4, func() *script {
		s := two()
		s.submit(p, ring.Safe)
		s.quiet(p, q)
		return s.finish()
	}},
	{"safe, delivered by some", LIV4, func() *script {
		s := two()
		m := s.originate(p, ring.Safe)
		s.recv(q, m)
		s.deliver(p, m)
		s.quiet(p, q)
		return s.finish()
	}},
}

func TestBadRuns(t *testing.T) {
	for _, b := range badRuns {
		t.Run(b.want.String()+" "+b.name, func(t *testing.T) {
			s := b.run()
			if s.alone {
				wantVerdict(t, s.judge(b.want), b.want)
				return
			}
			wantVerdict(t, s.judge(), b.want)
		})
	}
}

// RNG-6: a panic of the code under test is a violation, at any time.
var badCore = []run{
	{"a panic at once", RNG6, func() *script {
		s := newScript()
		s.broke = "panic: index out of range"
		return s
	}},
	{"a panic at the end", RNG6, func() *script {
		s := good()
		s.broke = "panic: index out of range"
		return s
	}},
	{"a core is apart too long", LIV5, func() *script { return core(700 * time.Millisecond) }},
	{"a core never comes together", LIV5, func() *script {
		s := newScript().born(p, q)
		s.quiet(p, q)
		s.events[len(s.events)-1].Text = CoreOnly
		s.now = 5 * time.Second
		return s.finish()
	}},
}

// GRP-11 is judged by nothing: see Property.NotOffered.
var goodGroups = []run{{"clients of all kinds", GRP1, goodClients}}

var goodCore = []run{
	{"a core is together", LIV5, func() *script { return core(0) }},
	{"a core is apart for a moment", LIV5, func() *script { return core(300 * time.Millisecond) }},
}

// core is a core that is left alone by permanent faults for 10 s, of which it is
// apart for some time (LIV-5).
func core(away time.Duration) *script {
	s := three()
	s.quiet(p, q)
	s.events[len(s.events)-1].Text = CoreOnly
	s.now = 2 * time.Second
	s.form(11, p, r)
	s.now += away
	s.form(12, q).form(13, p, q)
	s.now = 11 * time.Second
	return s.finish()
}

func TestSettled(t *testing.T) {
	s := two()
	c := s.judge()
	if c.Settled(time.Hour) {
		t.Error("settled before the quiet phase")
	}
	s.quiet(p, q)
	if c = s.judge(); c.Settled(50 * time.Millisecond) {
		t.Error("settled in the aftermath")
	}
	if !c.Settled(150 * time.Millisecond) {
		t.Error("not settled")
	}
	// A ring that the last fault broke is still that of all, by name.
	s.states(q, ring.Gather)
	c = s.judge()
	if c.Settled(time.Second) {
		t.Error("settled while one gathers")
	}
	s.now = time.Second
	s.form(11, p, q)
	if c = s.judge(); c.Verdict() != nil || !c.Settled(time.Second) {
		t.Errorf("a change that a fault had begun: %v", c.Verdict())
	}
	m := s.originate(p, ring.Agreed)
	if s.judge().Settled(time.Second) {
		t.Error("settled with a message on its way")
	}
	s.recv(q, m)
	s.deliver(p, m)
	s.deliver(q, m)
	s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, First: true, Message: m.Message})
	if s.judge().Settled(time.Second) {
		t.Error("settled while a client waits for its own message")
	}
	s.hand(p, 1, m)
	if !s.judge().Settled(time.Second) {
		t.Error("not settled in the end")
	}
}

func TestFirstFailureIsTheVerdict(t *testing.T) {
	s := two()
	s.deliver(p, s.originate(p, ring.Safe))
	m := s.originate(p, ring.Agreed)
	s.deliver(p, m, m)
	c := s.judge()
	wantVerdict(t, c, SAFE3)
	if v := c.Verdict(); v.Index == 0 || v.Seq != 1 || v.Ring != id(10, p) || len(v.Processes) != 2 || v.String() == "" {
		t.Errorf("the verdict does not say what it is about: %+v", v)
	}
}
