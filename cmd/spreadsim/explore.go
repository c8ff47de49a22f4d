package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
)

// exhaustive is the mode that has no seeds: it explores small rings.
const exhaustive = "exhaustive"

// explore goes through the arenas, or the one that was named, for a share of
// the budget each.
func explore(o *options, out, errs io.Writer) int {
	arenas, err := arenasOf(o.arena)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %v\n", err)
		return exitUsage
	}
	if o.path != "" {
		return replay(o, arenas[0], out, errs)
	}
	var t sim.Totals
	said := time.Now()
	for _, a := range arenas {
		began := time.Now()
		runs := 0
		x := sim.Explore(a, func() bool {
			now := time.Now()
			if runs++; now.Sub(said) >= lineEvery {
				said = now
				fmt.Fprintf(errs, "arena %s: %d schedules, %v of %v\n", a.Name, runs, now.Sub(began).Round(time.Second), o.budget/time.Duration(len(arenas)))
			}
			return now.Sub(began) < o.budget/time.Duration(len(arenas))
		})
		t.AddExploration(x)
		fmt.Fprintln(out, explored(x))
		if x.Violation != nil {
			fmt.Fprintf(out, "VIOLATION %v\n", x.Violation)
			for i, s := range x.Said {
				fmt.Fprintf(out, "%4d  %s\n", i+1, s)
			}
			fmt.Fprintf(out, "replay: spreadsim -mode exhaustive -arena %s -path %s\n", a.Name, pathString(x.Path))
		}
	}
	lastLines(out, &t)
	if t.Violations > 0 {
		return exitFound
	}
	return 0
}

// explored says what an exploration has covered.
func explored(x *sim.Exploration) string {
	a := x.Arena
	covered := fmt.Sprintf("all schedules with up to %d deviations from the natural order", x.Deviations)
	switch {
	case x.Complete:
		covered = "all schedules"
	case x.Deviations < 0:
		covered = "not even the natural order"
	}
	return fmt.Sprintf("arena %s (%d daemons, %d networks, %d messages, %d faults, %d choices): %d states, %d transitions, %d schedules followed; covered: %s",
		a.Name, a.Plan.Daemons, a.Plan.Networks, len(a.Plan.Load), a.Faults, a.Depth, x.States, x.Transitions, x.Runs, covered)
}

func arenasOf(name string) ([]*sim.Arena, error) {
	if name == "" {
		return sim.Arenas(), nil
	}
	var names []string
	for _, a := range sim.Arenas() {
		if a.Name == name {
			return []*sim.Arena{a}, nil
		}
		names = append(names, a.Name)
	}
	return nil, fmt.Errorf("-arena %q: one of %s", name, strings.Join(names, ", "))
}

// replay shows one schedule as a timeline.
func replay(o *options, a *sim.Arena, out, errs io.Writer) int {
	path, err := parsePath(o.path)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: -path: %v\n", err)
		return exitUsage
	}
	x := sim.Replay(a, path, func(e *trace.Event) { fmt.Fprintln(out, sim.Line(e)) })
	if x.Violation != nil {
		fmt.Fprintf(out, "VIOLATION %v\n", x.Violation)
		return exitFound
	}
	fmt.Fprintln(out, "no violation")
	return 0
}

// pathString writes a schedule as one word: 0.0.3.1
func pathString(path []int) string {
	list := make([]string, len(path))
	for i, n := range path {
		list[i] = strconv.Itoa(n)
	}
	return strings.Join(list, ".")
}

func parsePath(s string) ([]int, error) {
	var path []int
	for _, part := range strings.Split(s, ".") {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%q is no choice", part)
		}
		path = append(path, int(n))
	}
	return path, nil
}
