package check

import (
	"testing"

	"mpspread/internal/trace"
)

func drained(sizes trace.Sizes) func() *script {
	return func() *script {
		s := two()
		s.quiet(p, q)
		s.add(trace.Event{Kind: trace.Drain, Process: p, Sizes: &sizes})
		return s
	}
}

var goodDrain = []run{{"nothing is left", LIV6, drained(trace.Sizes{Room: 8192, Budget: 1 << 20})}}

var badDrain = []run{
	{"packets are left", LIV6, drained(trace.Sizes{Held: 1})},
	{"begun messages are left", LIV6, drained(trace.Sizes{Begun: 1})},
	{"requests are left", LIV6, drained(trace.Sizes{Missing: 1})},
	{"clients wait", LIV6, drained(trace.Sizes{Waiting: 1})},
	{"parts are left", LIV6, drained(trace.Sizes{Parts: 1})},
	{"timers are left", LIV6, drained(trace.Sizes{Timers: 1})},
}

// Only in a quiet that lets everything end.
func TestDrainInQuiet(t *testing.T) {
	s := two()
	s.add(trace.Event{Kind: trace.Drain, Process: p, Sizes: &trace.Sizes{Held: 1}})
	wantGood(t, "no quiet", s.judge())
	s = two()
	s.quiet(p, q)
	s.events[len(s.events)-1].Text = CoreOnly
	s.add(trace.Event{Kind: trace.Drain, Process: p, Sizes: &trace.Sizes{Held: 1}})
	c := s.judge()
	wantGood(t, "a core", c)
	if c.Exercised()[LIV6] != 0 {
		t.Error("judged with faults in force")
	}
}
