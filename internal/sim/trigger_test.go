package sim

import (
	"strings"
	"testing"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// struck returns the first line of the trace that tells of a fault of a kind,
// and the event before it.
func struck(t *testing.T, p *Plan, kind FaultKind) (before trace.Event, text string) {
	t.Helper()
	var last trace.Event
	run(t, p, Options{Each: func(e *trace.Event) {
		if e.Kind == trace.Fault && text == "" && strings.HasPrefix(e.Text, "begins: "+string(kind)) {
			before, text = last, e.Text
		}
		last = *e
	}})
	return before, text
}

// Every event that a fault can wait for happens: with a cluster that is cut in
// two for a while, under load.
func TestEveryProtocolEventHappens(t *testing.T) {
	for _, on := range protocolEvents {
		p := quietPlan(EngineMode, 4, 2)
		p.RunFor = 5 * time.Second
		p.Load = busy(p, formed, 3*time.Second)
		for i := range 10 {
			p.Load = append(p.Load, Load{At: 2*time.Second - time.Duration(i)*time.Millisecond, Service: ring.Safe, Size: 1000, Count: 3})
		}
		// An idle ring holds its token, and somebody is in a hurry.
		p.Load = append(p.Load, Load{At: 4500 * time.Millisecond, Daemon: 2, Service: ring.Safe, Size: 100, Count: 1})
		p.Faults = []Fault{
			{Kind: Partition, At: 2 * time.Second, For: time.Second, Network: -1, From: -1, To: -1, Groups: []int{0, 0, 1, 1}},
			{Kind: Cut, At: 2*time.Second - 10*time.Millisecond, For: 10 * time.Millisecond, Network: -1, From: 0, To: 1},
			{Kind: Pause, At: 100 * time.Millisecond, On: on, Role: Actor, For: time.Millisecond, Network: -1, From: 0, To: -1, Count: 1000},
		}
		if _, text := struck(t, p, Pause); text == "" {
			t.Errorf("%s never happens", on)
		}
	}
}

// The n-th time counts, from At on; a role says who is struck.
func TestNthEventAndRole(t *testing.T) {
	for _, c := range []struct {
		role Role
		from string // of the four, whom the fifth visit of the token strikes
	}{
		{Actor, "from d0 "}, {Successor, "from d1 "}, {Predecessor, "from d3 "}, {Representative, "from d0 "},
	} {
		p := quietPlan(RingMode, 4, 1)
		p.Unfiltered = false
		p.RunFor = 4 * time.Second
		p.Load = busy(p, formed, 3*time.Second)
		var visits []ring.Process
		fault := ""
		p.Faults = []Fault{{Kind: Pause, At: 2 * time.Second, On: onTokenAccepted, Nth: 5, Role: c.role, For: time.Millisecond, Network: -1, From: 2, To: -1, Count: 1000}}
		run(t, p, Options{Each: func(e *trace.Event) {
			switch {
			case e.Kind == trace.TokenIn && e.Verdict == ring.TokenAccepted && e.Time >= 2*time.Second && fault == "":
				visits = append(visits, e.Process)
			case e.Kind == trace.Fault && fault == "":
				fault = e.Text
			}
		}})
		if len(visits) != 5 {
			t.Fatalf("%s: struck after %d visits", c.role, len(visits))
		}
		at := int(visits[4].Daemon) - 10
		want := strings.Replace(c.from, "0", string(rune('0'+at)), 1)
		switch c.role {
		case Successor:
			want = "from d" + string(rune('0'+(at+1)%4)) + " "
		case Predecessor:
			want = "from d" + string(rune('0'+(at+3)%4)) + " "
		case Representative:
			want = "from d0 "
		}
		if !strings.Contains(fault, want) {
			t.Errorf("%s: %q, want %q, the actor is %d", c.role, fault, want, at)
		}
	}
}

// The representative dies after it has sent the first commit token to the
// first member, before the copy for the other network: the copies of one step
// are not all or nothing.
func TestCrashBetweenTwoSends(t *testing.T) {
	p := quietPlan(RingMode, 3, 2)
	p.RunFor = 4 * time.Second
	p.Faults = []Fault{
		{Kind: Crash, At: 0, On: onCommitToken, Role: Actor, For: time.Second, Network: -1, From: 2, To: -1},
	}
	before, text := struck(t, p, Crash)
	if !strings.Contains(text, "from d0 ") {
		t.Errorf("%q: the representative is daemon 0", text)
	}
	if before.Kind != trace.Crash || before.Process.Daemon != p.Order[0] {
		t.Errorf("before the fault: %s", Line(&before))
	}
}

// A plan may be run twice: roles are filled in for one run only.
func TestRolesStayInTheRun(t *testing.T) {
	p := quietPlan(RingMode, 3, 1)
	p.Faults = []Fault{{Kind: Crash, At: time.Second, On: onTokenSent, Role: Successor, For: time.Second, Network: -1, From: 0, To: -1}}
	before := clonePlan(p)
	if a, b := run(t, p, Options{}), run(t, p, Options{}); a.Digest != b.Digest || !samePlan(p, before) {
		t.Error("the second run was another, or the plan has changed")
	}
}
