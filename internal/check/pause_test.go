package check

import (
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// stood is p, q and r in a ring; r has stood still, and the quiet begins.
func stood(form func(*script)) *script {
	s := three()
	s.add(trace.Event{Kind: trace.Pause, Process: r})
	s.now = time.Second
	s.form(11, p, q)
	s.add(trace.Event{Kind: trace.Resume, Process: r})
	s.quiet(p, q, r)
	form(s)
	return s
}

// pastBound is an event after the bound of the quiet phase.
func (s *script) pastBound() *script {
	s.now += time.Second + 1
	s.add(trace.Event{Kind: trace.Drain, Process: p, Sizes: &trace.Sizes{}})
	return s
}

var goodPause = []run{
	{"back in time", LIV8, func() *script {
		return stood(func(s *script) { s.now += time.Second; s.form(12, p, q, r) }).pastBound().finish()
	}},
	{"all stood still", LIV1, func() *script {
		s := two()
		for _, at := range []ring.Process{p, q} {
			s.add(trace.Event{Kind: trace.Pause, Process: at})
			s.add(trace.Event{Kind: trace.Resume, Process: at})
		}
		s.quiet(p, q)
		return s.pastBound().finish()
	}},
}

var badPause = []run{
	{"not back, others are together", LIV8, func() *script { return stood(func(*script) {}).pastBound() }},
	{"not back at the end", LIV8, func() *script { return stood(func(*script) {}).finish() }},
	{"back, but alone", LIV8, func() *script { return stood(func(s *script) { s.form(12, r) }).pastBound() }},
	{"in a ring with those that stood still only", LIV1, func() *script {
		s := three()
		for _, at := range []ring.Process{q, r} {
			s.add(trace.Event{Kind: trace.Pause, Process: at})
			s.add(trace.Event{Kind: trace.Resume, Process: at})
		}
		s.form(11, q, r)
		s.install(p, s.next(p, id(12, p), p))
		s.quiet(p, q, r)
		return s.pastBound()
	}},
	{"nobody is together", LIV1, func() *script {
		s := newScript().born(p, q, r)
		s.add(trace.Event{Kind: trace.Pause, Process: r})
		s.add(trace.Event{Kind: trace.Resume, Process: r})
		s.quiet(p, q, r)
		return s.pastBound()
	}},
	{"no configuration at all", LIV1, func() *script {
		s := newScript()
		s.add(trace.Event{Kind: trace.Start, Process: p})
		s.add(trace.Event{Kind: trace.Pause, Process: q})
		s.quiet(p, q)
		return s.pastBound()
	}},
	{"agreed, and apart when the bound passes", LIV1, func() *script {
		s := newScript().born(p, q)
		s.quiet(p, q)
		return s.pastBound()
	}},
}
