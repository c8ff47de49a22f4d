package check

import (
	"slices"
	"testing"

	"mpspread/internal/trace"
	"mpspread/ring"
)

func wantGood(t *testing.T, name string, c *Checker) {
	t.Helper()
	if v := c.Verdict(); v != nil {
		t.Errorf("%s: %s", name, v)
	}
}

// What is no violation although it looks like one.
func TestNoViolation(t *testing.T) {
	for name, s := range map[string]func() *script{
		"later copies count for nothing": func() *script {
			s := two()
			m := s.originate(p, ring.Agreed)
			s.recv(q, m)
			s.recv(q, m)
			s.events[len(s.events)-1].First = false
			return s
		},
		"stale, foreign and malformed tokens": func() *script {
			s := two()
			for _, v := range []ring.Verdict{ring.TokenStale, ring.TokenForeign, ring.TokenMalformed} {
				s.token(trace.TokenIn, p, r, 99, v)
			}
			return s
		},
		"a holder dies, or gathers, and the token is sent again": func() *script {
			s := three()
			s.token(trace.TokenIn, q, p, 1, ring.TokenAccepted)
			s.add(trace.Event{Kind: trace.State, Process: q, State: ring.Commit})
			s.add(trace.Event{Kind: trace.State, Process: q, State: ring.Gather})
			s.token(trace.TokenIn, r, q, 1, ring.TokenAccepted)
			s.add(trace.Event{Kind: trace.Crash, Process: r})
			s.token(trace.TokenIn, p, r, 1, ring.TokenAccepted)
			return s
		},
		"a token in Recovery, before anybody has installed": func() *script {
			s := newScript().born(p, q)
			s.add(trace.Event{Kind: trace.TokenIn, Process: q, From: p, Ring: id(10, p), TSeq: 1, Verdict: ring.TokenAccepted})
			s.add(trace.Event{Kind: trace.TokenOut, Process: q, Ring: id(10, p), TSeq: 1})
			s.add(trace.Event{Kind: trace.Stable, Process: q, Ring: id(10, p)})
			return s.form(10, p, q)
		},
		"a crash excuses from a safe message": func() *script {
			s := two()
			m := s.originate(p, ring.Safe)
			s.recv(q, m)
			s.add(trace.Event{Kind: trace.Crash, Process: q})
			s.deliver(p, m)
			s.mark(trace.Stable, p, 1)
			return s
		},
		"a safe message delivered by both, in different configurations": func() *script {
			s := two()
			m := s.originate(p, ring.Safe)
			s.recv(q, m)
			s.deliver(p, m)
			s.install(q, s.next(q, id(11, q), q))
			s.deliver(q, m)
			return s.form(11, q)
		},
		"packets come in any order": func() *script {
			s := two()
			a, b, c := s.originate(p, ring.Agreed), s.originate(p, ring.Agreed), s.originate(p, ring.Agreed)
			s.recv(q, c, a, b)
			s.mark(trace.Stable, q, 3)
			s.deliver(q, a, b, c)
			return s
		},
		"a submission that was refused": func() *script {
			s := two()
			s.add(trace.Event{Kind: trace.Submit, Process: p, Client: 1})
			s.originate(p, ring.Agreed)
			return s
		},
		"messages too short to name their client": func() *script {
			s := two()
			for range 2 {
				s.add(trace.Event{Kind: trace.Submit, Process: p, First: true, Message: trace.Message{Length: 1, Digest: 8}})
			}
			for n := range uint64(2) {
				m := note{trace.Message{Sender: p, Counter: n + 1, Length: 1, Digest: 8}, id(10, p), ring.Seq(n + 1)}
				s.place(p, m)
				s.recv(p, m)
				s.deliver(p, m)
				s.hand(p, 5, m)
			}
			return s
		},
		"a report of recovery without its configuration": func() *script {
			s := two()
			s.add(trace.Event{Kind: trace.Commit, Process: p, Ring: id(10, p)})
			return s
		},
		"an obligation reaches past a hole": func() *script {
			s := three()
			s.originate(r, ring.Agreed) // lost with r
			kept := s.originate(q, ring.Safe)
			s.recv(p, kept)
			s.commit(p, id(11, p), p, q) // of a recovery that was broken off
			s.install(p, s.next(p, id(12, p), p))
			s.deliver(p, kept)
			return s
		},
		"a fault ends the quiet": func() *script {
			s := two()
			s.quiet(p, q)
			s.add(trace.Event{Kind: trace.Fault})
			return s.form(11, p).finish()
		},
		"clients leave, close, and get signals": func() *script {
			s := two()
			m := s.originate(p, ring.Agreed)
			s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, First: true, Message: m.Message})
			s.view(p, 1, "#a", [3]int32{1, 1, 1}, "#a")
			s.add(trace.Event{Kind: trace.ClientSignal, Process: p, Client: 1, View: &trace.View{Group: "g", ID: [3]int32{1, 1, 1}}})
			s.add(trace.Event{Kind: trace.ClientLeave, Process: p, Client: 1, View: &trace.View{Group: "g"}})
			s.add(trace.Event{Kind: trace.ClientClose, Process: p, Client: 1, Text: "disconnect"})
			s.recv(q, m)
			s.deliver(p, m)
			s.deliver(q, m)
			s.quiet(p, q)
			return s.finish()
		},
		"messages held back are in the views of those that went on together": func() *script {
			s := two()
			m := s.originate(p, ring.Agreed)
			s.add(trace.Event{Kind: trace.ClientSend, Process: p, Client: 1, Message: m.Message})
			s.recv(q, m)
			s.deliver(p, m)
			s.deliver(q, m)
			s.form(11, p).form(12, q)
			s.view(p, 5, "#a", [3]int32{1, 11, 1}, "#a")
			s.view(q, 6, "#b", [3]int32{1, 12, 1}, "#b")
			s.hand(p, 5, m)
			s.hand(q, 6, m)
			return s
		},
		"nobody is left": func() *script {
			s := newScript()
			s.quiet()
			return s.finish()
		},
	} {
		wantGood(t, name, s().judge())
	}
}

// Traces merged from several hosts: clocks disagree, so only what holds in
// each process's own order is judged, and origins may stand late.
func TestMergedTrace(t *testing.T) {
	s := two()
	first, second := s.originate(q, ring.Safe), s.originate(p, ring.Safe)
	// The second origin is written down first, and nobody's recv at all.
	var merged []trace.Event
	for _, e := range s.events {
		if e.Kind != trace.Originate && e.Kind != trace.Recv {
			merged = append(merged, e)
		}
	}
	s.events = merged
	s.place(p, second)
	s.place(q, first)
	s.deliver(p, first, second)
	s.deliver(q, first, second)
	s.mark(trace.Stable, p, 2)
	s.form(11, p, q)
	c := New(Options{})
	for i := range s.events {
		c.Event(&s.events[i])
	}
	wantGood(t, "merged", c)
	if n := c.Exercised(); n[SAFE3] > 0 || n[SAFE2] == 0 {
		t.Error("a merged trace is judged by the instant, or not at all")
	}
}

func TestExercisedAddsUp(t *testing.T) {
	var e Exercised
	e.Add(good().judge().Exercised())
	e.Add(good().judge().Exercised())
	if one := good().judge().Exercised(); e[TOT1] != 2*one[TOT1] || one[TOT1] == 0 {
		t.Error("the counts do not add up")
	}
	if list := e.Never(); slices.Contains(list, TOT1) || !slices.Contains(list, LIV5) {
		t.Errorf("never exercised: %v", list)
	}
}

// Only the property asked for is judged.
func TestOnly(t *testing.T) {
	s := two()
	s.deliver(p, s.originate(p, ring.Safe)) // SAFE-3
	wantGood(t, "another property", s.judge(TOT1))
	wantVerdict(t, s.judge(SAFE3), SAFE3)
}
