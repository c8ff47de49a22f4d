package sim

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// runsPerArena keeps the commit's test short; spreadsim -mode exhaustive goes
// on for as long as it is told.
const runsPerArena = 150

func TestExploreArenas(t *testing.T) {
	for _, a := range Arenas() {
		t.Run(a.Name, func(t *testing.T) {
			n := runsPerArena
			if testing.Short() {
				n = 30
			}
			if a.Plan.Daemons > 3 || a.Plan.Networks > 2 || len(a.Plan.Load) > 3 || a.Faults > 2 {
				t.Error("not a small ring")
			}
			x := Explore(a, tries(n))
			if x.Violation != nil {
				t.Fatalf("%v after\n%s", x.Violation, strings.Join(x.Said, "\n"))
			}
			if x.Deviations < 0 || x.States < n || x.Transitions < x.States || x.Runs != n || x.Deliveries == 0 {
				t.Errorf("%+v", x)
			}
		})
	}
}

// The ring of an arena has formed and rests when choosing begins, so that
// nothing of the forming is explored again and again.
func TestArenasBeginFormed(t *testing.T) {
	for _, a := range Arenas() {
		if a.From == 0 {
			continue
		}
		members := 0
		w := newWorld(a.Plan, Options{Each: func(e *trace.Event) {
			if e.Kind == trace.Conf && e.Conf.Kind == ring.Regular {
				members = len(e.Conf.Members)
			}
		}})
		for w.heap.items[0].at < a.From {
			w.step()
		}
		if want := a.Plan.Daemons; members != want && a.Name != "merging" {
			t.Errorf("%s: the last ring formed has %d members of %d", a.Name, members, want)
		}
	}
}

// The search leaves nothing out: what it finds within few choices is exactly
// what trying every list of choices finds.
func TestExploreIsComplete(t *testing.T) {
	for _, a := range Arenas() {
		small := *a
		small.Depth, small.Faults = 3, 1
		x := &explorer{arena: &small, visited: make(map[uint64]int32), plans: make(map[reflect.Type][]int), ways: [][]way{{{}}}}
		for cost := 0; cost < len(x.ways); cost++ {
			for len(x.ways[cost]) > 0 {
				next := x.ways[cost][0]
				x.ways[cost] = x.ways[cost][1:]
				x.follow(next.path(), cost)
			}
		}
		every := map[uint64]bool{}
		everyPath(&small, nil, every)
		if len(every) != len(x.visited) || len(every) < 10 {
			t.Errorf("%s: %d states found, there are %d", a.Name, len(x.visited), len(every))
		}
		for s := range every {
			if _, found := x.visited[s]; !found {
				t.Fatalf("%s: a state was not found", a.Name)
			}
		}
		if e := Explore(&small, func() bool { return true }); !e.Complete || e.States != len(every) {
			t.Errorf("%s: %+v", a.Name, e)
		}
	}
}

// everyPath collects the states on all lists of choices, without remembering
// any.
func everyPath(a *Arena, path []int, states map[uint64]bool) {
	x := &explorer{arena: a, plans: make(map[reflect.Type][]int)}
	c := &chooser{faults: a.Faults, histories: make([]trace.Digest, a.Plan.Daemons), sums: make([]uint64, a.Plan.Daemons)}
	plan := *a.Plan
	plan.Load = nil
	w := newWorld(&plan, Options{Each: c.note})
	c.w = w
	short := *a
	short.Depth = len(path)
	x.arena = &short
	// The state at the end of the path, before the rest of the run.
	w.plan.Load, w.plan.RunFor = a.Plan.Load, never
	for !w.heap.empty() && w.heap.items[0].at <= a.From {
		w.step()
	}
	w.choices = c
	for _, n := range path {
		c.take(c.options()[n])
	}
	if len(path) == a.Depth {
		return
	}
	states[c.state(x.plans)] = true
	for n := range c.options() {
		everyPath(a, append(slices.Clone(path), n), states)
	}
}

// A violation comes with the schedule that shows it, in numbers and words, and
// the numbers show it again.
func TestExploreFindsAndReplays(t *testing.T) {
	a := *Arenas()[0]
	p := clonePlan(a.Plan)
	p.Converge = 0
	a.Plan = p
	a.Depth, a.Faults = 30, 2
	x := Explore(&a, tries(5000))
	if x.Violation == nil || x.Violation.Property != check.LIV1 || len(x.Path) != len(x.Said) {
		t.Fatalf("%+v", x)
	}
	events := 0
	again := Replay(&a, x.Path, func(*trace.Event) { events++ })
	if !reflect.DeepEqual(again.Violation, x.Violation) || !slices.Equal(again.Said, x.Said) || events == 0 {
		t.Errorf("%v, %v", again.Violation, again.Said)
	}
}

func TestFingerprint(t *testing.T) {
	type inner struct {
		a []int
		m map[string]int
	}
	type outer struct {
		p, q *inner
		b    []byte
		d    time.Duration
		on   bool
		s    [2]uint8
		f    func()
	}
	base := func() *outer {
		in := &inner{a: []int{1, 2}, m: map[string]int{"x": 1, "y": 2}}
		return &outer{p: in, q: in, b: []byte{1, 2}, d: 3, f: func() {}}
	}
	sum := func(o *outer) uint64 {
		f := fingerprint{seen: map[uintptr]uint64{}, plans: map[reflect.Type][]int{}}
		f.add(reflect.ValueOf(o))
		return f.sum
	}
	want := sum(base())
	if sum(base()) != want {
		t.Fatal("two equal values differ")
	}
	for name, change := range map[string]func(o *outer){
		"element":    func(o *outer) { o.p.a[1] = 3 },
		"length":     func(o *outer) { o.p.a = o.p.a[:1] },
		"map value":  func(o *outer) { o.p.m["x"] = 2 },
		"map key":    func(o *outer) { delete(o.p.m, "x"); o.p.m["z"] = 1 },
		"nil":        func(o *outer) { o.q = nil },
		"not shared": func(o *outer) { o.q = base().q },
		"bytes":      func(o *outer) { o.b[0] = 9 },
		"time":       func(o *outer) { o.d++ },
		"bool":       func(o *outer) { o.on = true },
		"array":      func(o *outer) { o.s[1] = 1 },
	} {
		o := base()
		change(o)
		if sum(o) == want && name != "not shared" {
			t.Errorf("%s: not seen", name)
		}
	}
}

// What is left out exists by that name: a field that was renamed would be
// counted in without anybody noticing, and the exploration grow.
func TestIdleFieldsExist(t *testing.T) {
	found := map[string]bool{}
	var walk func(t reflect.Type)
	seen := map[reflect.Type]bool{}
	walk = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				found[t.String()+"."+t.Field(i).Name] = true
				walk(t.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeFor[ring.Ring]())
	for name := range idle {
		if !found[name] {
			t.Errorf("no field %s", name)
		}
	}
}
