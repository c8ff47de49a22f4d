package sim

import (
	"testing"
	"time"

	"mpspread/internal/trace"
)

// A packet comes again exactly so many packet numbers later, and is known.
func TestRecallComesBehindItsCount(t *testing.T) {
	const behind = 64
	p := NewPlan(EngineMode, 2, 2)
	p.Faults = []Fault{{Kind: Recall, At: 500 * time.Millisecond, For: time.Second, Network: -1, From: 0, To: -1, Count: behind}}
	p.Load = []Load{{At: 500 * time.Millisecond, Daemon: 0, Service: 4, Size: 1000, Count: 500, Every: time.Millisecond}}
	came := 0
	run(t, p, Options{Each: func(e *trace.Event) {
		if e.Kind == trace.Packet && e.Fate == trace.FateCopy && uint64(e.Seq) == e.Counter+behind {
			came++
		}
	}})
	if came < 10 {
		t.Errorf("%d packets came again %d numbers later", came, behind)
	}
}

// What goes astray reaches a member it was not for, which refuses the tokens.
func TestAstrayTokensAreForeign(t *testing.T) {
	p := NewPlan(RingMode, 3, 1)
	p.Faults = []Fault{{Kind: Astray, At: 500 * time.Millisecond, For: time.Second, Network: -1, From: 0, To: 1, Rate: 1000, Count: 3}}
	p.Load = []Load{{At: 600 * time.Millisecond, Daemon: 0, Service: 4, Size: 1000, Count: 100, Every: 2 * time.Millisecond}}
	if r := run(t, p, Options{}); r.Counters.TokensForeign < 50 {
		t.Errorf("%d tokens were foreign", r.Counters.TokensForeign)
	}
}
