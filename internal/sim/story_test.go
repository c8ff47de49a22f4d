package sim

import (
	"strings"
	"testing"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

func TestStory(t *testing.T) {
	p := NewPlan(EngineMode, 2, 1)
	s := NewStory(p)
	a, b := ring.Process{Daemon: p.Order[0], Incarnation: 1}, ring.Process{Daemon: p.Order[1], Incarnation: 2}
	again := ring.Process{Daemon: p.Order[1], Incarnation: 3}
	old, next := ring.RingID{Epoch: firstEpoch + 3, Representative: a}, ring.RingID{Epoch: firstEpoch + 4, Representative: b}
	m := trace.Message{Sender: a, Counter: 7, Service: ring.Safe, Length: 24, Client: 5, ClientCounter: 2, Groups: []string{"g0"}}
	for _, c := range []struct {
		event trace.Event
		want  string // empty: not told
	}{
		{trace.Event{Kind: trace.Start, Process: a}, "d0    starts"},
		{trace.Event{Kind: trace.Start, Process: b}, "d1    starts"},
		{trace.Event{Kind: trace.State, Process: a, State: ring.Gather}, "d0    enters gather"},
		{trace.Event{Kind: trace.Conf, Process: b, Conf: &ring.Configuration{Old: old, New: next, Members: []ring.Process{a, b}}}, "d1    installs r4@d1: d0 d1"},
		{trace.Event{Kind: trace.Conf, Process: b, Conf: &ring.Configuration{Kind: ring.Transitional, Old: old, New: next, Members: []ring.Process{b}}}, "d1    goes from r3@d0 to r4@d1 together with d1"},
		{trace.Event{Kind: trace.Commit, Process: b, Conf: &ring.Configuration{Kind: ring.Transitional, Old: old, New: next, Members: []ring.Process{b}}}, "recovered all it can of r3@d0, with d1"},
		{trace.Event{Kind: trace.Originate, Process: a, Ring: old, Seq: 9, Message: m}, "originates d0's message 7 (safe, 24 bytes) at 9 of r3@d0"},
		{trace.Event{Kind: trace.Deliver, Process: b, Ring: old, Seq: 9, Message: m}, "delivers d0's message 7 (safe, 24 bytes) at 9 of r3@d0"},
		{trace.Event{Kind: trace.ClientDeliver, Process: b, Client: 6, Message: m}, "client 6 receives client 5's message 2 to g0 (safe, 24 bytes)"},
		{trace.Event{Kind: trace.ClientView, Process: b, Client: 6, View: &trace.View{Group: "g0", Members: []string{"#x#h0"}}}, "client 6 sees g0: #x#h0"},
		{trace.Event{Kind: trace.Fault, Text: "begins: loss"}, "*     fault begins: loss"},
		{trace.Event{Kind: trace.Quiet, Members: []ring.Process{a, b}, Bound: time.Second}, "nothing goes wrong for d0 d1; they have 1s"},
		{trace.Event{Kind: trace.Crash, Process: b}, "d1    crashes"},
		{trace.Event{Kind: trace.Start, Process: again}, "d1/2  starts"},
		{trace.Event{Kind: trace.TokenIn, Process: a, Ring: old}, ""},
		{trace.Event{Kind: trace.Recv, Process: a, Ring: old}, ""},
		{trace.Event{Kind: trace.Link, Process: a, Text: trace.LinkCut}, ""},
	} {
		line, tell := s.Tell(&c.event)
		if tell != (c.want != "") || !strings.Contains(line, c.want) {
			t.Errorf("%s: %q, want %q", c.event.Kind, line, c.want)
		}
	}
}

// Every line of a story can be read: no event is told that has no words.
func TestStoryOfARun(t *testing.T) {
	for _, mode := range []Mode{RingMode, EngineMode} {
		var b strings.Builder
		Timeline(&b, Draw(2, Targeted, mode), false)
		for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
			if strings.Contains(line, "ring=") || strings.Contains(line, "%!") {
				t.Errorf("%s: %s", mode, line)
			}
		}
	}
}
