package check

import (
	"mpspread/internal/trace"
	"mpspread/ring"
)

// asPrimary marks the configuration in force at some processes.
func (s *script) asPrimary(operator bool, at ...ring.Process) *script {
	for _, a := range at {
		s.add(trace.Event{Kind: trace.Primary, Process: a, Ring: trace.IDOf(s.conf[a]).New, First: operator})
	}
	return s
}

func (s *script) crash(at ...ring.Process) *script {
	for _, a := range at {
		s.add(trace.Event{Kind: trace.Crash, Process: a})
	}
	return s
}

var goodPrimary = []run{
	{"one leads to the next", PRI1, func() *script {
		s := three().asPrimary(false, p, q, r)
		s.form(11, p, q).asPrimary(false, p, q)
		s.form(12, r)
		s.form(13, p, q, r).asPrimary(false, p, q, r)
		return s.finish()
	}},
	{"they share a member", PRI2, func() *script {
		s := three().asPrimary(false, p, q, r)
		return s.form(11, p, q).asPrimary(false, q, p).finish()
	}},
	{"one is cut off and does not know yet", PRI3, func() *script {
		s := three().asPrimary(false, p, q, r)
		return s.form(11, p, q).asPrimary(false, p, q).finish()
	}},
	{"who knew both died on the way", PRI1, func() *script {
		s := two().asPrimary(false, p, q)
		s.install(q, s.next(q, id(11, q), q))
		s.crash(q)
		s.form(12, p).born(r)
		s.now++
		s.install(r, s.next(r, id(13, r), q, r))
		s.install(r, regular(id(1, r), id(13, r), q, r))
		return s.asPrimary(false, r).finish()
	}},
	{"an operator makes one", PRI2, func() *script {
		s := newScript().born(p, q, r).form(10, p, q).asPrimary(false, p, q).crash(p, q)
		return s.form(11, r).asPrimary(true, r).finish()
	}},
	{"marks of what is not in force count for nothing", CFG1, func() *script {
		s := newScript().born(p, q).form(10, p).form(11, q)
		s.add(trace.Event{Kind: trace.Primary, Process: r, Ring: id(10, p)})
		s.add(trace.Event{Kind: trace.Primary, Process: p, Ring: id(9, p)})
		s.asPrimary(false, q)
		s.install(p, s.next(p, id(12, p), p))
		return s.asPrimary(false, p).finish()
	}},
}

var badPrimary = []run{
	{"from one to an older one", PRI1, alone(func() *script {
		s := two()
		s.asPrimary(false, p)
		s.conf[p] = nil
		s.install(p, regular(ring.RingID{}, id(9, p), p, q))
		return s.asPrimary(false, p).finish()
	})},
	{"a member of both, but it went neither way", PRI1, func() *script {
		s := newScript().born(p, q, r).form(10, p, q).asPrimary(false, p)
		s.form(11, p)
		s.form(12, q, r).asPrimary(false, r)
		return s.finish()
	}},
	{"a member of both still lives", PRI1, func() *script {
		s := newScript().born(p, q, r).form(10, p, q).asPrimary(false, p)
		s.install(p, s.next(p, id(11, p), p))
		s.form(12, q, r).asPrimary(false, r)
		return s.finish()
	}},
	{"nobody from the one before", PRI2, func() *script {
		s := newScript().born(p, q, r).form(10, p, q).asPrimary(false, p, q).crash(p, q)
		return s.form(11, r).asPrimary(false, r).finish()
	}},
	{"both halves", PRI3, func() *script {
		s := three().form(11, p, q).asPrimary(false, p, q)
		return s.form(12, r).asPrimary(false, r).finish()
	}},
	{"both halves for a while", PRI3, func() *script {
		s := three().form(11, p, q).asPrimary(false, p, q)
		s.form(12, r).asPrimary(false, r)
		return s.form(13, p).form(14, q).form(15, r).finish()
	}},
}
