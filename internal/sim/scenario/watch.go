package scenario

import (
	"fmt"
	"time"

	"mpspread/internal/engine"
	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// Watch looks at a run while it happens and tells at its end what it missed.
type Watch struct {
	See    func(e *trace.Event) // may be nil; e is valid during the call
	Packet func(p *sim.Passage) // may be nil; likewise
	// Status is shown what daemons tell operators (sim.Options); may be nil.
	Status func(daemon int, s *engine.Status)
	End    func(r *sim.Result) // may be nil
	Missed func() string       // "": as expected
	// Sometimes: it is enough if one of the case's runs has it.
	Sometimes bool
}

// sometimes makes a watch content with one run of the case.
func sometimes(w Watch) Watch {
	w.Sometimes = true
	return w
}

// saw wants an event.
func saw(what string, is func(e *trace.Event) bool) Watch { return sawAtLeast(1, what, is) }

// sawAtLeast wants some events.
func sawAtLeast(n int, what string, is func(e *trace.Event) bool) Watch {
	seen := 0
	return Watch{
		See: func(e *trace.Event) {
			if is(e) {
				seen++
			}
		},
		Missed: func() string {
			if seen >= n {
				return ""
			}
			return fmt.Sprintf("%s: seen %d times, not %d", what, seen, n)
		},
	}
}

// never wants no such event.
func never(what string, is func(e *trace.Event) bool) Watch {
	first := ""
	return Watch{
		See: func(e *trace.Event) {
			if first == "" && is(e) {
				first = sim.Line(e)
			}
		},
		Missed: func() string {
			if first == "" {
				return ""
			}
			return what + ": " + first
		},
	}
}

// noChange wants no regular configuration from a time on, up to another.
func noChange(from, to time.Duration) Watch {
	return never("a change of configuration", func(e *trace.Event) bool {
		return regular(e) && e.Time >= from && e.Time < to
	})
}

// atMost wants no process that lives to install more than n regular
// configurations from a time on.
func atMost(n int, from time.Duration) Watch {
	counts := map[ring.Process]int{}
	return Watch{
		See: func(e *trace.Event) {
			if regular(e) && e.Time >= from {
				counts[e.Process]++
			}
		},
		Missed: func() string {
			most := 0
			for _, c := range counts {
				most = max(most, c)
			}
			if most <= n {
				return ""
			}
			return fmt.Sprintf("a process installs %d configurations, not at most %d", most, n)
		},
	}
}

func regular(e *trace.Event) bool { return e.Kind == trace.Conf && e.Conf.Kind == ring.Regular }

// counted wants a counter of the rings to have moved.
func counted(what string, of func(c *ring.Counters) uint64) Watch { return countedAtLeast(1, what, of) }

// countedAtLeast wants one to have moved by so much.
func countedAtLeast(n uint64, what string, of func(c *ring.Counters) uint64) Watch {
	var is uint64
	return Watch{
		End: func(r *sim.Result) { is = of(&r.Counters) },
		Missed: func() string {
			if is >= n {
				return ""
			}
			return fmt.Sprintf("%s: counted %d times, not %d", what, is, n)
		},
	}
}

// delivered wants at least so many messages delivered, by all together.
func delivered(n uint64) Watch {
	var got uint64
	return Watch{
		End: func(r *sim.Result) { got = r.Deliveries },
		Missed: func() string {
			if got >= n {
				return ""
			}
			return fmt.Sprintf("%d deliveries, not %d", got, n)
		},
	}
}

// lost wants packets of a kind lost by the faults.
func lost(what string, is func(p *sim.Passage) bool) Watch {
	return passed("lost: "+what, func(p *sim.Passage) bool { return p.Lost && is(p) })
}

// passed wants a packet.
func passed(what string, is func(p *sim.Passage) bool) Watch {
	seen := false
	return Watch{
		Packet: func(p *sim.Passage) { seen = seen || is(p) },
		Missed: func() string {
			if seen {
				return ""
			}
			return "no packet " + what
		},
	}
}
