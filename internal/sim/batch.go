package sim

import (
	"sync"
	"time"

	"mpspread/internal/check"
	"mpspread/ring"
)

// Totals sum up many runs.
type Totals struct {
	Seeds, Runs         int
	Violations          int
	Deliveries, Changes uint64
	Events              uint64
	Simulated           time.Duration
	Exercised           check.Exercised
	Counters            ring.Counters
	Marks               Marks
	Digest              uint64 // over the digests of all runs, whatever their order
}

func (t *Totals) add(r *Result) {
	t.Runs++
	if r.Violation != nil {
		t.Violations++
	}
	t.Deliveries += r.Deliveries
	t.Changes += r.Changes
	t.Events += r.Events
	t.Simulated += r.Virtual
	t.Exercised.Add(&r.Exercised)
	addCounters(&t.Counters, &r.Counters)
	t.Marks.Add(&r.Marks)
	x := r.Plan.Seed ^ r.Digest
	t.Digest += splitmix(&x)
}

// AddExploration counts an arena as a seed, and each schedule as a run.
func (t *Totals) AddExploration(x *Exploration) {
	t.Seeds++
	t.Runs += x.Runs
	if x.Violation != nil {
		t.Violations++
	}
	t.Deliveries += x.Deliveries
	t.Changes += x.Configurations
	t.Simulated += x.Virtual
	t.Exercised.Add(&x.Exercised)
}

// Planner makes the plan of a seed.
type Planner func(seed uint64) *Plan

// Drawn plans with Draw.
func Drawn(style Style, mode Mode) Planner {
	return func(seed uint64) *Plan { return Draw(seed, style, mode) }
}

// Mixed plans in the style that the seed calls for (StyleOf).
func Mixed(mode Mode) Planner {
	return func(seed uint64) *Plan { return Draw(seed, StyleOf(seed), mode) }
}

// Random plans are those whose faults all end.
func Random(mode Mode) Planner { return Drawn(Healing, mode) }

// Permanent plans are those with faults that never end.
func Permanent(mode Mode) Planner { return Drawn(Liveness, mode) }

// Batch runs the seeds from start on, count of them with each of the planners,
// on some goroutines, and returns when all are done. each is called for every
// run as it ends, by one goroutine at a time. A seed counts with its first run.
func Batch(start uint64, count int, planners []Planner, workers int, each func(r *Result, t *Totals)) Totals {
	return BatchWith(start, count, planners, make([]Options, workers), each)
}

// BatchWith is Batch with a goroutine for each of the options, which it runs
// with.
func BatchWith(start uint64, count int, planners []Planner, workers []Options, each func(r *Result, t *Totals)) Totals {
	type job struct {
		seed  uint64
		plan  Planner
		first bool
	}
	jobs := make(chan job)
	var mu sync.Mutex
	var totals Totals
	var done sync.WaitGroup
	for _, o := range workers {
		done.Go(func() {
			for j := range jobs {
				r := Run(j.plan(j.seed), o)
				mu.Lock()
				totals.add(r)
				if j.first {
					totals.Seeds++
				}
				each(r, &totals)
				mu.Unlock()
			}
		})
	}
	for i := range count {
		for k, p := range planners {
			jobs <- job{start + uint64(i), p, k == 0}
		}
	}
	close(jobs)
	done.Wait()
	return totals
}
