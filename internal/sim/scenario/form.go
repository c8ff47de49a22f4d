package scenario

import (
	"fmt"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// formTokenAgain is SCN-02. The copies reach the ring itself, past the
// duplicate filter.
func formTokenAgain() Scenario {
	s := Scenario{ID: "SCN-02", Title: "the commit token comes k times over k networks, also after recovery has begun", Elsewhere: []string{"ring: TestCommitTokenActsOnce"}}
	for _, k := range []int{2, 3, 8} {
		s.Cases = append(s.Cases, Case{
			Name: fmt.Sprintf("%d networks", k), Plans: []*sim.Plan{interrupted(k)}, Seeds: 5,
			Watch: func(*sim.Plan) []Watch { return []Watch{formTokenIgnored(uint64(k)), sometimes(recovered())} },
			Twin: &Twin{
				Meddle: func(*sim.Plan) func(*sim.Passage) {
					return func(g *sim.Passage) { g.Lost = g.RingKind() == ring.KindCommit && g.Network > 0 }
				},
				Counters: func(c *ring.Counters) { c.CommitsIgnored = 0 },
			},
		})
	}
	late := []time.Duration{500 * time.Microsecond, 2 * time.Millisecond, 5 * time.Millisecond, 9 * time.Millisecond, 15 * time.Millisecond, 50 * time.Millisecond, 300 * time.Millisecond}
	s.Cases = append(s.Cases, Case{
		Name: "late", Plans: []*sim.Plan{interrupted(1)}, Seeds: 5,
		Meddle: func(*sim.Plan) func(*sim.Passage) {
			return func(g *sim.Passage) {
				if g.RingKind() == ring.KindCommit {
					for _, after := range late {
						g.Again(after, g.To)
					}
				}
			}
		},
		Watch: func(*sim.Plan) []Watch {
			return []Watch{formTokenIgnored(20), sometimes(recovered()), arrivedIn(ring.KindCommit, late, ring.Commit, ring.Recovery, ring.Operational)}
		},
		Twin: &Twin{Counters: func(c *ring.Counters) { c.CommitsIgnored = 0 }},
	})
	return s
}

// interrupted is a cluster whose ring breaks and forms four times, with
// messages that have to be recovered each time.
func interrupted(networks int) *sim.Plan {
	p := sim.NewPlan(sim.RingMode, 4, networks)
	p.Unfiltered = true
	p.RunFor = 8 * time.Second
	p.Load = steady(p, formed, 7*time.Second, 3*time.Millisecond)
	for i, at := range []time.Duration{2 * time.Second, 5 * time.Second} {
		p.Faults = append(p.Faults,
			partition(at, 1500*time.Millisecond, 0, i, 1-i, 1),
			sim.Fault{Kind: sim.Loss, At: at - 20*time.Millisecond, For: 20 * time.Millisecond, Network: everyone, From: everyone, To: everyone, Rate: 700})
	}
	return p
}

func formTokenIgnored(n uint64) Watch {
	return countedAtLeast(n, "a copy of a commit token ignored", func(c *ring.Counters) uint64 { return c.CommitsIgnored })
}

// recovered wants messages of an old ring to have been sent again.
func recovered() Watch {
	return passed("sent again in recovery", func(g *sim.Passage) bool { return g.RingKind() == ring.KindRecovered })
}

// arrivedIn wants packets of a kind, that come again some times later, to
// arrive at daemons in each of some states.
func arrivedIn(kind ring.Kind, later []time.Duration, states ...ring.State) Watch {
	type arrival struct {
		at time.Duration
		to int
	}
	var arrivals []arrival
	s := newStates()
	return Watch{
		Packet: func(g *sim.Passage) {
			if g.RingKind() == kind && !g.Lost {
				for _, d := range later {
					arrivals = append(arrivals, arrival{g.At + d, g.To})
				}
			}
		},
		See: s.see,
		Missed: func() string {
			seen := map[ring.State]bool{}
			for _, a := range arrivals {
				seen[s.at(a.to, a.at)] = true
			}
			for _, want := range states {
				if !seen[want] {
					return fmt.Sprintf("no copy of a packet of kind %d arrived in %v", kind, want)
				}
			}
			return ""
		},
	}
}

// states remembers in which state each daemon was when. Daemons go by their
// position, as in sim.NewPlan.
type states struct {
	entered map[int][]entered
}

type entered struct {
	at    time.Duration
	state ring.State
}

func newStates() *states { return &states{make(map[int][]entered)} }

// position of a process, in plans made by sim.NewPlan.
func position(p ring.Process) int { return int(p.Daemon) - 10 }

func (s *states) see(e *trace.Event) {
	if e.Kind == trace.State {
		i := position(e.Process)
		s.entered[i] = append(s.entered[i], entered{e.Time, e.State})
	}
}

// at is the state a daemon was in at a time.
func (s *states) at(daemon int, t time.Duration) ring.State {
	is := ring.Gather
	for _, e := range s.entered[daemon] {
		if e.at > t {
			break
		}
		is = e.state
	}
	return is
}
