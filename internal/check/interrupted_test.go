package check

import (
	"testing"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// interrupted is a club whose ring gets a third daemon, with a member of g of
// its own, and loses it again before the state of the groups is agreed: what a
// said meanwhile is handed over in the ring after it.
func interrupted() (s *script, said note) {
	s, said = interrupting()
	return s.form(12, p, q), said
}

// interrupting is interrupted, before the third daemon is lost.
func interrupting() (s *script, said note) {
	s = newScript().born(p, q, r)
	s.open(p, 1, "#a#h1")
	s.open(q, 2, "#b#h2")
	s.open(r, 3, "#c#h3")
	c := []string{"#c#h3"}
	s.does(3, groups.ActJoin, g, r)
	s.sees(3, groups.CauseJoin, 1, c, 0, c)
	s.form(10, p, q)
	s.exchange(p, q)
	for _, client := range []uint64{1, 2} {
		s.does(client, groups.ActJoin, g, p, q)
	}
	s.sees(1, groups.CauseJoin, 1, a, 0, a)
	s.sees(1, groups.CauseJoin, 2, ab, 0, b)
	s.sees(2, groups.CauseJoin, 2, ab, 0, b)
	s.form(11, p, q, r)
	n := s.ordered(p, trace.Message{Act: groups.ActAnnounce, Service: ring.Agreed}, p, q)
	s.deliver(p, n)
	s.deliver(q, n)
	said = s.says(1, p, q)
	return s, said
}

// handedOver is interrupted, when the state is agreed after all.
func handedOver() *script {
	s, said := interrupted()
	s.exchange(p, q)
	s.gets(said, 1, 2)
	return s
}

// lateSignal is handedOver when the ring breaks again: a has a message from
// between the configurations, and reads all of it late.
func lateSignal() (s *script, last note) {
	s = handedOver()
	last = s.ordered(p, s.asks(1, s.request(1, groups.ActMessage, ring.Agreed, "g")), p)
	s.install(p, s.next(p, id(13, p), p))
	s.deliver(p, last)
	return s.form(13, p), last
}

func TestInterruptedExchange(t *testing.T) {
	for name, run := range map[string]func() *script{
		"handed over later": handedOver,
		"a signal, then a message": func() *script {
			s, last := lateSignal()
			s.signaled(1, 10, 2)
			s.gets(last, 1)
			s.sees(1, groups.CauseNetwork, 1, a, 0, a)
			return s
		},
		"a signal, then the view": func() *script {
			s, said := interrupted()
			last := s.ordered(p, s.asks(1, s.request(1, groups.ActMessage, ring.Agreed, "g")), p)
			s.install(p, s.next(p, id(13, p), p))
			s.deliver(p, last)
			s.form(13, p) // agrees on all three
			s.signaled(1, 10, 2)
			s.sees(1, groups.CauseNetwork, 1, a, 0, a)
			s.gets(said, 1)
			s.gets(last, 1)
			return s
		},
		"a signal, then the end": func() *script {
			s := handedOver()
			s.form(13, p)
			s.signaled(1, 10, 2)
			s.closes(1, "disconnect")
			return s
		},
		"a daemon dies with its sessions": func() *script {
			s, _ := interrupted()
			s.add(trace.Event{Kind: trace.Crash, Process: q})
			return s
		},
	} {
		wantGood(t, name, run().judge())
	}
	s, said := interrupted()
	s.gets(said, 1)
	wantVerdict(t, s.judge(), GRP9)
	s, last := lateSignal()
	s.gets(last, 1)
	wantVerdict(t, s.judge(), GRP7)
	s, _ = lateSignal()
	s.signaled(1, 10, 2)
	s.quiet(p)
	wantVerdict(t, s.finish().judge(LIV3), LIV3)
}

// After a signal from between the configurations the messages from there come,
// then the view.
func TestSignalIsNotForTheNextView(t *testing.T) {
	s, _ := lateSignal()
	s.signaled(1, 10, 2)
	s.sees(1, groups.CauseNetwork, 1, a, 0, a)
	wantVerdict(t, s.judge(), CLI2)
}

// reunion is a club with c that is broken in two after an exchange was
// interrupted, and comes together again before anything is agreed.
func reunion() (s *script, said note) {
	s = newScript().born(p, q, r, u)
	s.open(p, 1, "#a#h1")
	s.open(q, 2, "#b#h2")
	s.open(r, 3, "#c#h3")
	s.does(3, groups.ActJoin, g, r)
	s.sees(3, groups.CauseJoin, 1, cc, 0, cc)
	s.form(10, p, q)
	s.exchange(p, q)
	for _, client := range []uint64{1, 2} {
		s.does(client, groups.ActJoin, g, p, q)
	}
	s.sees(1, groups.CauseJoin, 1, a, 0, a)
	s.sees(1, groups.CauseJoin, 2, ab, 0, b)
	s.sees(2, groups.CauseJoin, 2, ab, 0, b)
	s.form(11, p, q, r, u)
	said = s.says(1, p, q, r, u)
	s.form(12, p, q, r, u)
	s.form(13, p, r)
	s.form(14, q, u)
	s.form(15, p, q, r, u)
	s.exchange(p, q, r, u)
	return s, said
}

var (
	u   = ring.Process{Daemon: 4, Incarnation: 0xd}
	cc  = []string{"#c#h3"}
	ac  = []string{"#a#h1", "#c#h3"}
	abc = []string{"#a#h1", "#b#h2", "#c#h3"}
)

// What was said while all were together all get in one view, though they were
// apart since; who has not come along all the way is in a set of its own.
func TestReunion(t *testing.T) {
	s, said := reunion()
	s.signaled(1, 10, 2) // b was away
	s.sees(1, groups.CauseNetwork, 1, abc, 0, a, b, cc)
	s.gets(said, 1)
	s.signaled(1, 15, 1)
	s.sees(1, groups.CauseNetwork, 2, ac, 0, ac)
	s.sees(1, groups.CauseNetwork, 3, abc, 0, ac, b)
	s.signaled(2, 10, 2)
	s.sees(2, groups.CauseNetwork, 1, abc, 1, a, b, cc)
	s.gets(said, 2)
	s.signaled(2, 15, 1)
	s.sees(2, groups.CauseNetwork, 4, b, 0, b)
	s.sees(2, groups.CauseNetwork, 3, abc, 1, ac, b)
	s.sees(3, groups.CauseNetwork, 1, abc, 2, a, b, cc)
	s.gets(said, 3)
	s.signaled(3, 15, 1)
	s.sees(3, groups.CauseNetwork, 2, ac, 0, ac)
	s.sees(3, groups.CauseNetwork, 3, abc, 0, ac, b)
	s.quiet(p, q, r, u)
	wantGood(t, "reunion", s.finish().judge())

	s, _ = reunion()
	s.signaled(1, 10, 2)
	s.sees(1, groups.CauseNetwork, 1, abc, 0, ab, cc)
	wantVerdict(t, s.judge(), GRP6)
	s, _ = reunion()
	s.signaled(1, 10, 2)
	s.sees(1, groups.CauseNetwork, 1, ac, 0, a, cc)
	wantVerdict(t, s.judge(), GRP1)
}

// Two that set out for one ring, of which one went elsewhere, do not share what
// they have.
func TestPartedOnTheWay(t *testing.T) {
	s, said := interrupting()
	c := regular(id(11, p), id(12, p), p, q)
	c.Came = []ring.RingID{id(11, p), id(11, p)}
	s.install(p, transitional(id(11, p), id(12, p), p, q))
	s.install(p, c)
	s.form(13, p, q) // q comes from 11
	s.exchange(p, q)
	s.signaled(1, 10, 2)
	s.sees(1, groups.CauseNetwork, 1, a, 0, a)
	s.gets(said, 1)
	s.sees(1, groups.CauseNetwork, 3, ab, 0, a, b)
	s.signaled(2, 10, 2)
	s.sees(2, groups.CauseNetwork, 2, b, 0, b)
	s.gets(said, 2)
	s.sees(2, groups.CauseNetwork, 3, ab, 1, a, b)
	s.quiet(p, q)
	wantGood(t, "parted on the way", s.judge())
}

// Who says that it has agreed must be where it says, have agreed on all before,
// and have delivered what it takes; and so must the others that have.
func TestWordOfAgreement(t *testing.T) {
	says := func(s *script, at ring.Process, of, in uint64) *script {
		s.add(trace.Event{Kind: trace.Agree, Process: at, Ring: id(of, p), In: trace.ConfID{Kind: ring.Regular, New: id(in, p)}})
		return s
	}
	for name, run := range map[string]func(*script) *script{
		"of a ring it was never in":    func(s *script) *script { return says(s, p, 9, 12) },
		"in a ring it was never in":    func(s *script) *script { return says(s, p, 11, 9) },
		"of a ring that came later":    func(s *script) *script { return says(s, p, 12, 11) },
		"again":                        func(s *script) *script { return says(s, p, 10, 10) },
		"before what was before":       func(s *script) *script { s.exchange(p, q); return s },
		"without what the others have": func(s *script) *script { return says(s, p, 11, 12) },
		"without a whole table":        func(s *script) *script { return says(s, p, 11, 11) },
	} {
		s, _ := interrupted()
		if name == "before what was before" {
			s.waiting[p] = s.waiting[p][1:]
		}
		wantVerdict(t, run(s).judge(), GRP9)
	}

	// p and q go on together; what p has agreed on q must have, too.
	s, _ := interrupted()
	waiting := s.waiting[q]
	s.waiting[q] = nil
	s.exchange(p, q)
	s.waiting[q] = waiting
	s.form(13, p, q)
	s.exchange(p, q)
	wantVerdict(t, s.judge(), GRP9)
}

// A message to a private name that nobody has reaches one who takes the name
// before the state is agreed, and nobody who does later.
func TestLatePrivateName(t *testing.T) {
	for _, k := range []struct{ late, received, good bool }{{false, true, true}, {false, false, false}, {true, false, true}, {true, true, false}} {
		s := apart().form(13, p, q)
		n := s.does(2, groups.ActMessage, []string{"#z#h1"}, p, q)
		if !k.late {
			s.open(p, 9, "#z#h1")
		}
		s.exchange(p, q)
		if k.late {
			s.open(p, 9, "#z#h1")
		}
		s.sees(1, groups.CauseNetwork, 1, ab, 0, a, b)
		s.sees(2, groups.CauseNetwork, 1, ab, 1, a, b)
		if k.received {
			s.gets(n, 9)
		}
		s.quiet(p, q)
		switch c := s.finish().judge(); {
		case k.good:
			wantGood(t, "private", c)
		case k.late:
			wantVerdict(t, c, GRP4)
		default:
			wantVerdict(t, c, LIV3)
		}
	}
}

// The run can end only when all clients have what is due to them.
func TestSettledWithClients(t *testing.T) {
	s := club()
	s.quiet(p, q)
	if !s.judge().Settled(1 << 30) {
		t.Error("not settled")
	}
	n := s.says(1, p, q)
	if s.judge().Settled(1 << 30) {
		t.Error("settled while messages are due")
	}
	s.gets(n, 1, 2)
	s.stalls(77, true) // nobody
	if !s.judge().Settled(1 << 30) {
		t.Error("not settled in the end")
	}
}

// What a recent forgets is what was used least recently.
func TestRecent(t *testing.T) {
	var r recent[int, int]
	for i := range 3 * recentSize {
		r.put(i, i+1)
	}
	if r.get(3*recentSize-1) != 3*recentSize || r.get(2*recentSize) != 2*recentSize+1 || r.get(0) != 0 {
		t.Error("forgets too much, or nothing")
	}
}

func TestWhatIsNotOffered(t *testing.T) {
	if GRP11.NotOffered() == "" || GRP10.NotOffered() != "" {
		t.Error("GRP-11 is of a mode that there is not")
	}
}

// Traces of code so broken that other properties have failed before: what is
// judged alone must not end the checker.
func TestBrokenTraces(t *testing.T) {
	s := newScript()
	s.install(p, transitional(id(1, p), id(2, p), p))
	s.install(p, transitional(id(2, p), id(3, p), p))
	wantGood(t, "two transitional configurations and none before", s.judge(TOT1))

	s = apart()
	c := regular(id(11, p), id(13, p), p, q)
	c.Came = []ring.RingID{id(11, p), id(11, p)} // q was never there
	s.install(p, s.next(p, id(13, p), p))
	s.install(p, c)
	s.install(q, s.next(q, id(13, p), q))
	s.install(q, c)
	s.exchange(p, q)
	s.says(1, p, q)
	s.sees(1, groups.CauseNetwork, 1, ab, 0, ab)
	wantGood(t, "from a ring it was never in", s.judge(TOT1))

	s = newScript()
	s.add(trace.Event{Kind: trace.Start, Process: p})
	s.quiet(p)
	wantGood(t, "no configuration at all", s.finish().judge(LIV4))

	s = newScript().born(p, q, r)
	s.add(trace.Event{Kind: trace.TokenIn, Process: r, From: p, Ring: id(10, p), TSeq: 1, Verdict: ring.TokenAccepted})
	s.form(10, p, q)
	s.install(r, regular(id(3, r), id(10, p), p, q))
	wantGood(t, "a token of a ring without it", s.judge(TOT1))

	s = two()
	n := s.originate(p, ring.Agreed)
	n.Client, n.ClientCounter = 0, 0
	s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, Message: n.Message})
	wantGood(t, "a message without a number", s.judge())

	s = two()
	first, second := s.originate(q, ring.Unreliable), s.originate(p, ring.Unreliable)
	s.events = s.events[:len(s.events)-4]
	s.place(p, second)
	s.deliver(p, second)
	s.place(q, first)
	wantGood(t, "an origin written down late", s.judge(TOT1))
}

// Where only RNG-6 is judged the trace may contradict itself.
func TestOnlyThatProcessesLive(t *testing.T) {
	s := two()
	n := s.originate(p, ring.Agreed)
	s.deliver(q, n, n)
	c := s.judge(RNG6)
	wantGood(t, "lies", c)
	c.Broke("panic: index out of range")
	wantVerdict(t, c, RNG6)
}
