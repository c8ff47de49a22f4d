package check

import (
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// overload is p and q in a ring, of which q takes less than is offered, with a
// bound of 1 s.
func overload() *script {
	s := two()
	s.quiet(p, q)
	s.events[len(s.events)-1].Text = Overload
	return s
}

// turns lets the token come to a process after some time.
func (s *script) turns(at, from ring.Process, tseq uint64, after time.Duration) *script {
	s.now += after
	s.token(trace.TokenIn, at, from, tseq, ring.TokenAccepted)
	s.token(trace.TokenOut, at, ring.Process{}, tseq, 0)
	return s
}

var goodOverload = []run{
	{"it is slow, but goes on", LIV7, func() *script {
		s := overload()
		for n := range uint64(5) {
			m := s.everywhere(p, ring.Agreed, p)
			s.turns(q, p, n+1, time.Second)
			s.recv(q, m)
			s.deliver(q, m)
		}
		return s.finish()
	}},
	{"nothing to do", LIV7, func() *script { return overload().turns(q, p, 1, time.Hour).turns(q, p, 2, time.Hour).finish() }},
	{"it is shut out", LIV7, func() *script {
		s := overload()
		s.everywhere(p, ring.Agreed, p)
		s.turns(q, p, 1, time.Second)
		s.now += time.Second
		return s.form(11, q).finish()
	}},
	{"an older ring's token", LIV7, func() *script {
		s := overload()
		s.everywhere(p, ring.Agreed, p)
		s.turns(q, p, 1, time.Second)
		s.now += time.Hour
		s.add(trace.Event{Kind: trace.TokenIn, Process: q, From: p, Ring: id(11, p), TSeq: 1, Verdict: ring.TokenAccepted})
		return s
	}},
	{"no overload", RNG10, func() *script {
		s := two()
		s.states(p, ring.Operational)
		s.everywhere(p, ring.Agreed, p)
		s.turns(q, p, 1, time.Hour)
		s.quiet(p, q)
		return s.turns(q, p, 2, time.Second)
	}},
}

var badOverload = []run{
	{"formed, and nothing is delivered", LIV7, func() *script {
		s := overload()
		s.everywhere(p, ring.Agreed, p)
		return s.turns(q, p, 1, time.Second+1)
	}},
	{"formed, and nothing is sent", LIV7, func() *script {
		s := overload()
		s.turns(q, p, 1, time.Hour)
		s.accepted(q, 1, ring.Agreed)
		return s.turns(q, p, 2, time.Second+1)
	}},
	{"formed, and nothing safe is sent", LIV7, func() *script {
		s := overload()
		s.accepted(q, 1, ring.Safe)
		return s.turns(q, p, 1, time.Second+1)
	}},
}
