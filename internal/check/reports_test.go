package check

import (
	"testing"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// report is what a process says of the path from another, or to it.
func (s *script) report(at, other ring.Process, network uint8, in bool, text string) {
	s.add(trace.Event{Kind: trace.Path, Process: at, From: other, Network: network, First: in, Text: text})
}

// reportAll is both ends' report of a network.
func (s *script) reportAll(network uint8, text string) {
	for _, pair := range []pairOf{{p, q}, {q, p}} {
		s.report(pair.to, pair.from, network, true, text)
		s.report(pair.from, pair.to, network, false, text)
	}
}

// known is wired, with lives let in and all paths reported.
func known() *script {
	s := wired()
	s.datagram(p, q, 1, trace.FateFresh, true)
	s.datagram(q, p, 1, trace.FateFresh, true)
	s.reportAll(0, "ok")
	s.reportAll(1, "ok")
	return s
}

// later lets time pass.
func (s *script) later(d time.Duration) *script {
	s.now += d
	s.add(trace.Event{Kind: trace.Drain, Process: p, Sizes: &trace.Sizes{}})
	return s
}

// twin is another machine with q's name.
var twin = ring.Process{Daemon: q.Daemon, Incarnation: 0xe}

// shutOut is known when p has let a twin of q in meanwhile, and q in again.
func shutOut() *script {
	s := known().later(2 * time.Second)
	s.datagram(p, twin, 1, trace.FateFresh, true)
	s.report(p, q, 1, true, "silent")
	s.datagram(p, q, 2, trace.FateFresh, true)
	return s
}

var goodReports = []run{
	{"death and recovery are reported in time", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkCut, 0)
		s.now += time.Second - 1
		s.reportAll(1, "silent")
		s.later(time.Second)
		s.path(p, q, 1, trace.LinkWorks, time.Millisecond)
		s.now += time.Second
		s.reportAll(1, "ok")
		s.later(time.Second)
		s.path(p, q, 1, trace.LinkCut, 0)
		s.reportAll(1, "wrong-network")
		return s.later(time.Second)
	}},
	{"packets on the way keep a path alive", MPX8, func() *script {
		s := known()
		s.path(p, q, 1, trace.LinkCut, 500*time.Millisecond)
		s.later(1400 * time.Millisecond)
		s.reportAll(1, "silent")
		return s.later(time.Second)
	}},
	{"slow clocks report later", MPX8, func() *script {
		s := known()
		s.options.SlowestClock = 500
		s.path(p, q, 1, trace.LinkCut, 0)
		s.later(1900 * time.Millisecond)
		s.reportAll(1, "silent")
		return s.later(time.Second)
	}},
	{"a path that loses some is reported in any way", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkBad, 0)
		s.reportAll(1, "lossy")
		s.later(2 * time.Second)
		s.reportAll(1, "silent")
		return s.later(2 * time.Second)
	}},
	{"who is not let in cannot be reported", RNG10, func() *script {
		s := wired()
		s.states(p, ring.Operational)
		s.reportAll(0, "silent")
		s.datagram(p, q, 1, trace.FateGreeted, true)
		return s.later(5 * time.Second)
	}},
	{"who says nothing of paths is not judged", RNG10, func() *script {
		s := known()
		var quiet []trace.Event
		for _, e := range s.events {
			if e.Kind != trace.Path {
				quiet = append(quiet, e)
			}
		}
		s.events = quiet
		s.states(p, ring.Operational)
		return s.later(5 * time.Second)
	}},
	{"who stands still reports nothing, and after it has time", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkCut, 0)
		s.add(trace.Event{Kind: trace.Pause, Process: p})
		s.later(5 * time.Second)
		s.path(p, q, 0, trace.LinkCut, 0)
		s.later(5 * time.Second)
		s.add(trace.Event{Kind: trace.Resume, Process: p})
		s.later(time.Second - 1)
		s.reportAll(1, "silent")
		s.reportAll(0, "silent")
		return s.later(5 * time.Second)
	}},
	{"shut out for a twin, and let in again", MPX8, func() *script {
		s := shutOut()
		s.now += time.Second - 1
		s.report(p, q, 1, true, "ok")
		return s.later(time.Second)
	}},
	{"shut out as it greets, then a twin is let in", MPX8, func() *script {
		s := known().later(2 * time.Second)
		s.datagram(p, q, 2, trace.FateGreeted, true)
		s.datagram(p, twin, 1, trace.FateFresh, true)
		s.report(p, q, 1, true, "silent")
		return s.later(5 * time.Second)
	}},
	{"the dead report nothing", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkCut, 0)
		s.add(trace.Event{Kind: trace.Crash, Process: q})
		return s.later(5 * time.Second)
	}},
	{"a report cannot come back", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 0, trace.LinkCut, 0)
		s.path(p, q, 1, trace.LinkCut, 0)
		s.report(p, q, 0, true, "silent")
		s.report(q, p, 0, true, "silent")
		s.report(p, q, 1, true, "silent")
		s.report(q, p, 1, true, "silent")
		return s.later(5 * time.Second)
	}},
	{"a report could come back, but not all the time", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkCut, 0)
		s.path(p, q, 0, trace.LinkBad, 0)
		s.now += 500 * time.Millisecond
		s.path(p, q, 0, trace.LinkWorks, time.Millisecond)
		s.report(p, q, 1, true, "silent")
		s.report(q, p, 1, true, "silent")
		s.later(600 * time.Millisecond)
		s.reportAll(1, "silent")
		return s.later(5 * time.Second)
	}},
	{"no bound, no judgement", RNG10, func() *script {
		s := known()
		s.options.PathReport = 0
		s.states(p, ring.Operational)
		s.path(p, q, 1, trace.LinkCut, 0)
		return s.later(time.Hour)
	}},
}

var badReports = []run{
	{"death is not reported", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkCut, 0)
		return s.later(time.Second)
	}},
	{"recovery is not reported", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkCut, 0)
		s.reportAll(1, "silent")
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkWorks, 0)
		return s.later(time.Second)
	}},
	{"death is reported at one end only", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.path(p, q, 1, trace.LinkCut, 0)
		s.report(p, q, 1, true, "silent")
		s.report(q, p, 1, true, "silent")
		return s.later(time.Second)
	}},
	{"a new life's paths are not reported", MPX8, func() *script {
		s := wired()
		s.reportAll(0, "silent")
		s.now = 5 * time.Second
		s.datagram(p, q, 1, trace.FateFresh, true)
		return s.later(time.Second + time.Millisecond)
	}},
	{"a network that is late is taken for dead", MPX8, func() *script {
		s := known()
		s.path(p, q, 1, trace.LinkWorks, 300*time.Millisecond)
		s.later(1250 * time.Millisecond)
		s.report(q, p, 1, true, "silent")
		return s.later(time.Second)
	}},
	{"working is reported as silent afterwards", MPX8, func() *script {
		s := known()
		s.later(2 * time.Second)
		s.report(q, p, 1, true, "silent")
		return s
	}},
	{"let in again, and not reported", MPX8, func() *script { return shutOut().later(2 * time.Second) }},
	{"silent after it stood still", MPX8, func() *script {
		s := known()
		s.add(trace.Event{Kind: trace.Pause, Process: p})
		s.reportAll(1, "silent")
		s.now += time.Second
		s.add(trace.Event{Kind: trace.Resume, Process: p})
		return s.later(time.Second + time.Millisecond)
	}},
}

// A report belongs to one path: those of other networks and processes do not
// make it true.
func TestReportsAreOfOnePath(t *testing.T) {
	s := known()
	s.later(2 * time.Second)
	s.path(p, q, 1, trace.LinkCut, 0)
	s.reportAll(1, "silent")
	s.later(time.Second)
	s.report(q, p, 0, true, "silent")
	wantVerdict(t, s.judge(), MPX8)
	s = known()
	s.later(2 * time.Second)
	s.path(p, q, 1, trace.LinkCut, 0)
	s.reportAll(1, "silent")
	s.later(time.Second)
	s.report(q, p, 1, false, "ok") // of a moment: hellos cross
	wantGood(t, "outward", s.judge())
}

// route says on which networks p sends something to q.
func (s *script) route(networks uint64) *script {
	s.add(trace.Event{Kind: trace.Route, Process: p, From: q, Counter: networks})
	return s
}

// oneDead is known, with the path from p to q over network 0 dead for so long
// that p must have noticed.
func oneDead() *script {
	s := known()
	s.path(p, q, 0, trace.LinkCut, 0)
	s.reportAll(0, "silent")
	return s.later(2 * time.Second)
}

func TestRoutes(t *testing.T) {
	for name, c := range map[string]struct {
		run  *script
		good bool
	}{
		"only where nothing arrives":            {oneDead().route(1), false},
		"where all arrives":                     {oneDead().route(2), true},
		"on both networks":                      {oneDead().route(3), true},
		"nowhere, as its interfaces are down":   {oneDead().route(0), true},
		"on a network of which nothing is said": {oneDead().route(1 << 7), true},
		"when it need not have noticed":         {func() *script { s := known(); s.path(p, q, 0, trace.LinkCut, 0); return s.later(aftermath).route(1) }(), true},
		"when there is no other path":           {func() *script { s := oneDead(); s.path(p, q, 1, trace.LinkCut, 0); return s.route(1) }(), true},
		"soon after something else went wrong":  {func() *script { s := oneDead(); s.add(trace.Event{Kind: trace.Fault}); return s.route(1) }(), true},
		"long after something else went wrong": {func() *script {
			s := oneDead()
			s.add(trace.Event{Kind: trace.Fault})
			return s.later(2 * time.Second).route(1)
		}(), false},
		"on what was dead and has come back now": {func() *script { s := oneDead(); s.path(p, q, 0, trace.LinkWorks, 0); return s.route(1) }(), true},
	} {
		judged := c.run.judge(MPX5)
		if v := judged.Verdict(); (v == nil) != c.good {
			t.Errorf("%s: %v", name, v)
		}
	}
}
