package sim

import (
	"sync"
	"time"

	"mpspread/internal/check"
	"mpspread/ring"
)

// Totals sum up many runs.
type Totals struct {
	Seeds, Violations   int
	Deliveries, Changes uint64
	Events              uint64
	Simulated           time.Duration
	Exercised           check.Exercised
	Counters            ring.Counters
	Digest              uint64 // over the digests of all runs, whatever their order
}

func (t *Totals) add(r *Result) {
	t.Seeds++
	if r.Violation != nil {
		t.Violations++
	}
	t.Deliveries += r.Deliveries
	t.Changes += r.Changes
	t.Events += r.Events
	t.Simulated += r.Virtual
	t.Exercised.Add(&r.Exercised)
	addCounters(&t.Counters, &r.Counters)
	x := r.Plan.Seed ^ r.Digest
	t.Digest += splitmix(&x)
}

// Batch runs the seeds from start on, count of them in each of the modes, on
// some goroutines, and returns when all are done. each is called for every
// run as it ends, by one goroutine at a time.
func Batch(start uint64, count int, modes []Mode, workers int, each func(r *Result, t *Totals)) Totals {
	type job struct {
		seed uint64
		mode Mode
	}
	jobs := make(chan job)
	var mu sync.Mutex
	var totals Totals
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for j := range jobs {
				r := Run(Generate(j.seed, j.mode), Options{})
				mu.Lock()
				totals.add(r)
				each(r, &totals)
				mu.Unlock()
			}
		})
	}
	for i := range count {
		for _, m := range modes {
			jobs <- job{start + uint64(i), m}
		}
	}
	close(jobs)
	done.Wait()
	return totals
}
