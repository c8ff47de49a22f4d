package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"mpspread/internal/sim"
)

// rechecks are the seeds of a batch that are run again, each in a process of
// its own: what two processes make of a seed must be the same to the bit
// (correctness reference 5.2).
type rechecks struct {
	o     *options
	seeds []uint64
	said  map[uint64][]string // outcomes of the first time
}

// newRechecks spreads the seeds to be run again evenly over the batch.
func newRechecks(o *options) *rechecks {
	a := &rechecks{o: o, said: make(map[uint64][]string)}
	n := int(math.Ceil(float64(o.seeds) * o.recheck / 100))
	for i := range n {
		a.seeds = append(a.seeds, o.start+uint64(i*o.seeds/n))
	}
	return a
}

// note keeps the outcome of a run whose seed will be run again.
func (a *rechecks) note(r *sim.Result) {
	if _, found := slices.BinarySearch(a.seeds, r.Plan.Seed); found {
		a.said[r.Plan.Seed] = append(a.said[r.Plan.Seed], outcome(r))
	}
}

// run runs them again and returns how many seeds came out differently.
func (a *rechecks) run(out, errs io.Writer) int {
	if len(a.seeds) == 0 {
		return 0
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: recheck: %v\n", err)
		return len(a.seeds)
	}
	different := 0
	for _, seed := range a.seeds {
		c := exec.Command(self, "-seed", strconv.FormatUint(seed, 10), "-mode", a.o.mode, "-layer", a.o.layer)
		said, err := c.Output()
		for _, line := range a.said[seed] {
			if !slices.Contains(strings.Split(string(said), "\n"), line) {
				fmt.Fprintf(out, "NOT DETERMINISTIC: first\n  %s\nin a fresh process (%v)\n  %s\n", line, err, strings.TrimSpace(string(said)))
				different++
				break
			}
		}
	}
	fmt.Fprintf(out, "%d seeds run again in fresh processes: %d differ\n", len(a.seeds), different)
	return different
}
