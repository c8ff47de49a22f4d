package check

import (
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// path says what the path between two processes over a network is, in both
// directions.
func (s *script) path(a, b ring.Process, network uint8, text string, delay time.Duration) {
	s.oneWay(a, b, network, text, delay)
	s.oneWay(b, a, network, text, delay)
}

func (s *script) oneWay(from, to ring.Process, network uint8, text string, delay time.Duration) {
	s.add(trace.Event{Kind: trace.Link, Process: to, From: from, Network: network, Text: text, Bound: delay})
}

// wired is p and q in a ring over two networks.
func wired() *script {
	s := two()
	for network := range uint8(2) {
		s.path(p, q, network, trace.LinkWorks, time.Millisecond)
	}
	return s
}

// gathers is a process that gives its ring up after some time.
func (s *script) gathers(after time.Duration) *script {
	s.now += after
	s.states(p, ring.Gather)
	return s
}

// settledFor is how long a fault may still show (script.options).
const aftermath = 100 * time.Millisecond

var goodLinks = []run{
	{"one network is dead, messages go on", MPX5, func() *script {
		s := wired()
		s.path(p, q, 1, trace.LinkCut, 0)
		s.now = time.Second
		s.everywhere(p, ring.Safe, p, q)
		return s
	}},
	{"crossed: there over one network, back over the other", MPX5, func() *script {
		s := wired()
		s.oneWay(p, q, 0, trace.LinkCut, 0)
		s.oneWay(q, p, 1, trace.LinkBad, 0)
		s.now = time.Second
		s.everywhere(p, ring.Safe, p, q)
		return s
	}},
	{"one network is late, messages go on", MPX6, func() *script {
		s := wired()
		s.path(p, q, 1, trace.LinkWorks, 27*time.Millisecond)
		s.now = aftermath
		s.everywhere(p, ring.Safe, p, q)
		return s
	}},
	{"no path left in one direction", RNG10, func() *script {
		s := wired()
		s.oneWay(p, q, 0, trace.LinkCut, 0)
		s.oneWay(p, q, 1, trace.LinkBad, 0)
		return s.gathers(time.Second)
	}},
	{"too late to count", RNG10, func() *script {
		s := wired()
		s.path(p, q, 0, trace.LinkCut, 0)
		s.path(p, q, 1, trace.LinkWorks, 250*time.Millisecond+1)
		return s.gathers(time.Second)
	}},
	{"too late for a ring of three", RNG10, func() *script {
		s := three()
		s.path(p, q, 0, trace.LinkWorks, 0)
		s.path(q, r, 0, trace.LinkWorks, 0)
		s.path(p, r, 0, trace.LinkWorks, time.Second/6+1)
		return s.gathers(time.Second)
	}},
	{"a fault a moment ago", RNG10, func() *script {
		s := wired()
		s.now = time.Second
		s.add(trace.Event{Kind: trace.Fault})
		return s.gathers(aftermath - 1)
	}},
	{"a path that has just come", RNG10, func() *script {
		s := two()
		s.now = time.Second
		s.path(p, q, 0, trace.LinkWorks, 0)
		return s.gathers(aftermath - 1)
	}},
	{"a path that has just become late", RNG10, func() *script {
		s := wired()
		s.now = time.Second
		s.path(p, q, 1, trace.LinkWorks, 100*time.Millisecond)
		return s.gathers(aftermath - 1)
	}},
	{"somebody stands still", RNG10, func() *script {
		s := wired()
		s.add(trace.Event{Kind: trace.Pause, Process: q})
		return s.gathers(time.Second)
	}},
	{"somebody stood still a moment ago", RNG10, func() *script {
		s := wired()
		s.add(trace.Event{Kind: trace.Pause, Process: q})
		s.now = time.Second
		s.add(trace.Event{Kind: trace.Resume, Process: q})
		return s.gathers(aftermath - 1)
	}},
	{"somebody is not in it", RNG10, func() *script {
		s := wired()
		s.born(r)
		for _, at := range []ring.Process{p, q} {
			s.path(at, r, 0, trace.LinkWorks, 0)
		}
		return s.gathers(time.Second)
	}},
	{"somebody has left it", RNG10, func() *script {
		s := wired()
		s.install(q, s.next(q, id(11, q), q))
		return s.gathers(time.Second)
	}},
	{"somebody is dead", RNG10, func() *script {
		s := wired()
		s.add(trace.Event{Kind: trace.Crash, Process: q})
		return s.gathers(time.Second)
	}},
	{"a new life of which nothing is said", RNG10, func() *script {
		s := wired()
		s.add(trace.Event{Kind: trace.Crash, Process: q})
		s.born(newLife)
		s.form(11, p, newLife)
		return s.gathers(time.Second)
	}},
	{"not yet in any configuration", RNG10, func() *script {
		s := newScript()
		for _, at := range []ring.Process{p, q} {
			s.add(trace.Event{Kind: trace.Start, Process: at})
		}
		s.path(p, q, 0, trace.LinkWorks, 0)
		s.now = time.Second
		s.states(p, ring.Operational)
		s.add(trace.Event{Kind: trace.State, Process: p, State: ring.Gather})
		return s
	}},
	{"somebody gathers already", RNG10, func() *script {
		s := wired()
		s.states(p, ring.Gather)
		return s.gathers(time.Second)
	}},
	{"all in a transitional one", RNG10, func() *script {
		s := wired()
		for _, at := range []ring.Process{p, q} {
			s.states(at, ring.Gather, ring.Commit, ring.Recovery)
			s.install(at, s.next(at, id(11, p), p, q))
		}
		return s.gathers(time.Second)
	}},
	{"alone", RNG10, func() *script {
		s := wired()
		s.add(trace.Event{Kind: trace.Crash, Process: q})
		s.form(11, p)
		return s.gathers(time.Second)
	}},
	{"nothing is said of paths", RNG10, func() *script { return two().gathers(time.Hour) }},
}

var badLinks = []run{
	{"a change though one network works", MPX5, func() *script {
		s := wired()
		s.path(p, q, 1, trace.LinkCut, 0)
		return s.gathers(aftermath)
	}},
	{"a change though each direction works somewhere", MPX5, func() *script {
		s := wired()
		s.oneWay(p, q, 0, trace.LinkCut, 0)
		s.oneWay(q, p, 1, trace.LinkCut, 0)
		return s.gathers(aftermath)
	}},
	{"a change though the only path is as late as may be", MPX5, func() *script {
		s := two()
		s.path(p, q, 0, trace.LinkWorks, 250*time.Millisecond)
		return s.gathers(aftermath)
	}},
	{"a change though the ring of three is as late as may be", MPX5, func() *script {
		s := three()
		s.path(p, q, 0, trace.LinkWorks, 0)
		s.path(q, r, 0, trace.LinkWorks, 0)
		s.path(p, r, 0, trace.LinkWorks, time.Second/6)
		return s.gathers(aftermath)
	}},
	{"a change after a fault that only took paths away", MPX5, func() *script {
		s := wired()
		s.now = time.Second
		s.add(trace.Event{Kind: trace.Fault, First: true})
		s.path(p, q, 1, trace.LinkCut, 0)
		return s.gathers(time.Millisecond)
	}},
	{"a change that is told by the configuration only", MPX5, func() *script {
		s := wired()
		s.now = time.Second
		return s.form(11, p)
	}},
	{"a change though another path was mended before", MPX5, func() *script {
		s := wired()
		s.path(p, q, 1, trace.LinkCut, 0)
		s.now = 60 * time.Millisecond
		s.path(p, q, 1, trace.LinkWorks, time.Millisecond)
		return s.gathers(40 * time.Millisecond)
	}},
	{"a change after one that stood still has come back", MPX5, func() *script {
		s := wired()
		s.add(trace.Event{Kind: trace.Pause, Process: q})
		s.add(trace.Event{Kind: trace.Resume, Process: q})
		return s.gathers(aftermath)
	}},
	{"a change because a network is late", MPX6, func() *script {
		s := wired()
		s.path(p, q, 1, trace.LinkWorks, 27*time.Millisecond)
		return s.gathers(aftermath)
	}},
	{"a change because a network is later than counts", MPX6, func() *script {
		s := wired()
		s.path(p, q, 0, trace.LinkWorks, 5*time.Second)
		return s.gathers(aftermath)
	}},
	{"a change, and the difference is too small to be the cause", MPX5, func() *script {
		s := wired()
		s.path(p, q, 1, trace.LinkWorks, 26*time.Millisecond)
		return s.gathers(aftermath)
	}},
}
