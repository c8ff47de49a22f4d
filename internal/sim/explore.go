package sim

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/trace"
)

// Exhaustive exploration of small rings (correctness reference 5.4).
//
// From some point of a run on, the next event is a choice: which of the ring's
// packets on their way arrives next, whether one of them is lost or arrives
// twice, whether a daemon crashes, whether a client hands its next message in,
// or time passes. An explorer runs the plan again and again, each time along
// another list of choices, and remembers the states it has been in: a state is
// everything the daemons hold, the packets on their way, the timers, and what
// each process has originated, installed and delivered so far. A state reached
// again is not followed again. Hellos are no choice: they arrive in time, so
// who hears whom is right but for crashes.
//
// The natural order (the oldest packet first) is explored first, then all that
// deviates from it once, then twice, and so on (delay bounding: Emmi, Qadeer,
// Rakamaric, "Delay-Bounded Scheduling", POPL 2011). The schedules with the
// most deviations that the budget has not reached are what is left unexplored.
// Along every schedule all properties are judged; at its end what is left of
// the run goes on in the natural order, the faults being over, and the
// properties of the end are judged too.

// Arena is a small cluster to explore.
type Arena struct {
	Name string
	Plan *Plan
	From time.Duration // when choosing begins
	// Depth is how many choices a schedule has, Faults how many of them may
	// lose or double a packet or crash a daemon.
	Depth, Faults int
}

// Exploration is what came of exploring an arena.
type Exploration struct {
	Arena                      *Arena
	States, Transitions, Runs  int
	Deviations                 int  // all schedules with at most so many were explored; -1: none
	Complete                   bool // no schedule of the arena is left
	Violation                  *check.Violation
	Path                       []int    // choices that lead to it
	Said                       []string // the same in words
	Exercised                  check.Exercised
	Deliveries, Configurations uint64
	Virtual                    time.Duration
}

// check refuses what the explorer would take for something else: it looks into
// rings, and leaves packet counters out of what tells states apart.
func (a *Arena) check() {
	if a.Plan.Mode != RingMode || !a.Plan.Unfiltered {
		panic("sim: arena " + a.Name + " is not of bare rings to which every copy goes up")
	}
}

// Explore goes through an arena until nothing is left, a property is violated
// or more, which is asked before every run, says no.
func Explore(a *Arena, more func() bool) *Exploration {
	a.check()
	x := &explorer{
		arena: a, visited: make(map[uint64]int32), plans: make(map[reflect.Type][]int),
		result: Exploration{Arena: a, Deviations: -1}, ways: [][]way{{{}}},
	}
	for cost := 0; cost < len(x.ways); cost++ {
		for len(x.ways[cost]) > 0 {
			if !more() {
				return &x.result
			}
			last := len(x.ways[cost]) - 1
			next := x.ways[cost][last]
			x.ways[cost] = x.ways[cost][:last]
			if x.follow(next.path(), cost); x.result.Violation != nil {
				return &x.result
			}
		}
		x.result.Deviations = cost
	}
	x.result.Complete = true
	return &x.result
}

// Replay runs one schedule of an arena and calls each with every event.
func Replay(a *Arena, path []int, each func(e *trace.Event)) *Exploration {
	x := &explorer{arena: a, plans: make(map[reflect.Type][]int), result: Exploration{Arena: a, Deviations: -1}, each: each}
	x.follow(path, 0)
	return &x.result
}

// way is a schedule that is still to be followed: another one up to some
// depth, then one more choice.
type way struct {
	from   *steps
	depth  int
	choice int
}

// steps are the choices of a run that was followed.
type steps []int

func (w way) path() []int {
	if w.from == nil {
		return nil
	}
	return append(slices.Clone((*w.from)[:w.depth]), w.choice)
}

type explorer struct {
	arena   *Arena
	visited map[uint64]int32 // states, with the least depth each was reached at
	ways    [][]way          // schedules to follow, by their deviations
	plans   map[reflect.Type][]int
	result  Exploration
	each    func(e *trace.Event)
}

// follow runs the schedule that begins with path, in the natural order after
// it, to the depth of the arena or to a state that is known.
func (x *explorer) follow(path []int, cost int) {
	x.result.Runs++
	c := &chooser{faults: x.arena.Faults, histories: make([]trace.Digest, x.arena.Plan.Daemons), sums: make([]uint64, x.arena.Plan.Daemons)}
	plan := *x.arena.Plan
	plan.Load = nil // handed in by choice
	w := newWorld(&plan, Options{Each: func(e *trace.Event) {
		c.note(e)
		if x.each != nil {
			x.each(e)
		}
	}})
	c.w = w
	w.guarded(func() { x.schedule(w, c, path, cost) })
	x.result.Exercised.Add(w.checker.Exercised())
	x.result.Deliveries += w.checker.Deliveries()
	x.result.Configurations += w.checker.Changes()
	x.result.Virtual += w.now
	if v := w.checker.Verdict(); v != nil {
		x.result.Violation, x.result.Path, x.result.Said = v, c.taken, c.said
	}
}

func (x *explorer) schedule(w *World, c *chooser, path []int, cost int) {
	w.plan.Load = x.arena.Plan.Load
	w.plan.RunFor = never // the faults end when the schedule does
	for !w.heap.empty() && w.heap.items[0].at <= x.arena.From {
		w.step()
	}
	w.choices = c
	taken := new(steps)
	defer func() { *taken = c.taken }()
	for len(c.taken) < x.arena.Depth && w.checker.Verdict() == nil {
		depth := len(c.taken)
		if depth >= len(path) && x.visited != nil && x.known(c, depth) {
			return
		}
		options := c.options()
		if depth >= len(path) {
			x.branch(taken, depth, cost, len(options))
		}
		n := 0
		if depth < len(path) {
			n = path[depth]
		}
		if n >= len(options) {
			panic(fmt.Sprintf("sim: choice %d of %d: the schedule belongs to another arena", n, len(options)))
		}
		if depth+1 >= len(path) {
			x.result.Transitions++
		}
		c.taken = append(c.taken, n)
		c.said = append(c.said, options[n].say(c))
		c.take(options[n])
	}
	c.release()
	w.heap.push(occasion{at: w.now, kind: quietBegins})
	w.plan.RunFor = w.now
	for !w.over && !w.heap.empty() && w.checker.Verdict() == nil {
		w.step()
	}
}

// known tells whether a state was reached before with as much to go, and
// remembers it.
func (x *explorer) known(c *chooser, depth int) bool {
	state := c.state(x.plans)
	least, seen := x.visited[state]
	if seen && int(least) <= depth {
		return true
	}
	if !seen {
		x.result.States++
	}
	x.visited[state] = int32(depth)
	return false
}

// branch notes the choices that are not taken now.
func (x *explorer) branch(taken *steps, depth, cost, options int) {
	if x.visited == nil || options < 2 {
		return
	}
	for len(x.ways) <= cost+1 {
		x.ways = append(x.ways, nil)
	}
	for n := 1; n < options; n++ {
		x.ways[cost+1] = append(x.ways[cost+1], way{taken, depth, n})
	}
}
