package check

import (
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

func (s *script) missing(at ring.Process, m note, attempt uint64) {
	s.add(trace.Event{Kind: trace.Request, Process: at, Ring: m.ring, Seq: m.seq, Counter: attempt})
}

func (s *script) answer(by, asker ring.Process, m note, attempt uint64) {
	s.add(trace.Event{Kind: trace.Answer, Process: by, From: asker, Ring: m.ring, Seq: m.seq, Counter: attempt})
}

// passOn is a visit of the token that q passes on.
func (s *script) passOn(at ring.Process) { s.passOnOf(id(10, p), at) }

func (s *script) passOnOf(id ring.RingID, at ring.Process) {
	s.tseq[id]++
	s.add(trace.Event{Kind: trace.TokenIn, Process: at, From: p, Ring: id, TSeq: s.tseq[id], Verdict: ring.TokenAccepted})
	s.add(trace.Event{Kind: trace.TokenOut, Process: at, Ring: id, TSeq: s.tseq[id]})
}

// vainly asks in vain so often that the bound of two loss timers (2 s) is
// passed with the last request of attempts, made at that time.
func (s *script) vainly(at ring.Process, m note, attempts uint64, last time.Duration) {
	begin := s.now
	for n := uint64(1); n < attempts; n++ {
		s.missing(at, m, n)
	}
	s.now = begin + last
	s.missing(at, m, attempts)
}

var goodRequests = []run{
	{"asked for, answered by one after the other, received", RNG7, func() *script {
		s := three()
		m := s.originate(p, ring.Agreed)
		s.recv(r, m)
		s.missing(q, m, 1)
		s.answer(r, q, m, 1)
		s.missing(q, m, 2)
		s.answer(p, q, m, 2)
		s.recv(q, m)
		s.deliver(q, m)
		return s
	}},
	{"asked for as often as may be", RNG7, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.vainly(q, m, 33, 2*time.Second)
		s.missing(q, m, 34)
		s.now += time.Second
		s.missing(q, m, 1) // of recovery
		s.vainly(q, m, 32, 3*time.Second)
		s.missing(q, m, 33)
		return s
	}},
	{"a slow clock is late", RNG7, func() *script {
		s := two()
		s.options.SlowestClock = 500
		m := s.originate(p, ring.Agreed)
		s.vainly(q, m, 40, 3*time.Second)
		s.missing(q, m, 41)
		return s
	}},
	{"no bound without the setting", RNG7, func() *script {
		s := two()
		s.options.FailureDetection = 0
		m := s.originate(p, ring.Agreed)
		s.vainly(q, m, 40, time.Hour)
		s.missing(q, m, 41)
		for range 20 {
			s.now += time.Hour
			s.passOn(q)
		}
		return s
	}},
	{"one may answer often: nobody else can, or it is not known for the how-manieth time", RNG7, func() *script {
		s := three()
		m := s.originate(p, ring.Agreed)
		other := s.originate(r, ring.Agreed)
		for n := range uint64(5) {
			s.missing(q, m, n+1)
			s.answer(p, q, m, n+1)
		}
		s.recv(r, m)
		s.missing(q, m, 6)
		s.answer(p, q, m, 6) // that r can now does not tell of the past
		for range 5 {
			s.answer(p, q, m, 0)
			s.answer(p, q, other, 1) // never asked for
		}
		return s
	}},
	{"not in a row, or another in between", RNG7, func() *script {
		s := three()
		m := s.originate(p, ring.Agreed)
		s.recv(r, m)
		for _, n := range []uint64{1, 2, 4, 5, 7, 8} {
			s.missing(q, m, n)
			s.answer(p, q, m, n)
		}
		s.answer(r, q, m, 9)
		s.answer(p, q, m, 10)
		s.answer(p, q, m, 11)
		return s
	}},
	{"dead, or not a member: it cannot answer", RNG7, func() *script {
		s := newScript().born(p, q, r).form(10, p, q)
		m := s.originate(p, ring.Agreed)
		s.add(trace.Event{Kind: trace.Recv, Process: r, From: p, Ring: m.ring, Seq: m.seq, First: true})
		for n := range uint64(4) {
			s.missing(q, m, n+1)
			s.answer(p, q, m, n+1)
		}
		return s
	}},
	{"in recovery companions answer as they can", RNG7, func() *script {
		s := three()
		m := s.originate(p, ring.Agreed)
		s.recv(r, m)
		s.states(q, ring.Operational, ring.Gather, ring.Commit, ring.Recovery)
		for n := range uint64(5) {
			s.missing(q, m, n+1)
			s.answer(p, q, m, n+1)
		}
		for range 20 {
			s.now += time.Second
			s.passOn(q)
		}
		return s
	}},
	{"waits for what may still come, then asks, and again in time", RNG7, func() *script {
		s := two()
		a := s.originate(p, ring.Agreed)
		s.passOn(q) // sees that it lacks the position
		s.now += 225 * time.Millisecond
		for range 9 {
			s.passOn(q)
		}
		s.missing(q, a, 1)
		s.now += 400 * time.Millisecond
		for range 9 {
			s.passOn(q)
		}
		s.recv(q, a)
		b := s.originate(p, ring.Agreed)
		s.now += time.Second
		s.passOn(q) // lacks another one now
		for range 9 {
			s.passOn(q)
		}
		s.missing(q, b, 1)
		s.recv(q, b)
		s.now += time.Second
		for range 9 {
			s.passOn(q)
		}
		return s
	}},
	{"nothing is lacking for long, then something", RNG7, func() *script {
		s := two()
		s.passOn(q)
		s.now += time.Hour
		m := s.originate(p, ring.Agreed)
		for range 9 {
			s.passOn(q)
		}
		s.missing(q, m, 1)
		return s
	}},
	{"no room on the token for a while", RNG7, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.passOn(q)
		s.now += time.Second
		for range 5 {
			s.passOn(q)
		}
		s.missing(q, m, 1)
		s.passOn(q)
		s.now += time.Second
		for range 5 {
			s.passOn(q)
		}
		return s
	}},
	{"the token of another ring than the installed one", INT3, func() *script {
		s := two()
		s.originate(p, ring.Agreed)
		old := id(10, p)
		s.form(11, q)
		for range 9 {
			s.now += time.Second
			s.passOnOf(old, q)
		}
		return s
	}},
}

var badRequests = []run{
	{"asks on after it should have left", RNG7, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.vainly(q, m, 33, 2*time.Second+1)
		s.missing(q, m, 34)
		return s
	}},
	{"one answers all", RNG7, func() *script {
		s := three()
		m := s.originate(p, ring.Agreed)
		s.recv(r, m)
		for n := range uint64(3) {
			s.missing(q, m, n+1)
			s.answer(p, q, m, n+1)
		}
		return s
	}},
	{"one answers all, though another did once", RNG7, func() *script {
		s := three()
		m := s.originate(p, ring.Agreed)
		s.recv(r, m)
		s.missing(q, m, 1)
		s.answer(r, q, m, 1)
		for n := uint64(2); n < 5; n++ {
			s.answer(p, q, m, n)
		}
		return s
	}},
	{"never asks", RNG7, func() *script {
		s := two()
		s.originate(p, ring.Agreed)
		s.passOn(q)
		s.now += 225*time.Millisecond + 1
		for range 6 {
			s.passOn(q)
		}
		return s
	}},
	{"never asks again", RNG7, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.passOn(q)
		s.missing(q, m, 1)
		s.now += 400*time.Millisecond + 1
		for range 6 {
			s.passOn(q)
		}
		return s
	}},
	{"never asks, with a state that is known", RNG7, func() *script {
		s := two()
		s.states(q, ring.Operational)
		s.originate(p, ring.Agreed)
		s.passOn(q)
		s.now += time.Second
		for range 6 {
			s.passOn(q)
		}
		return s
	}},
}
