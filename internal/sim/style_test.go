package sim

import (
	"testing"
	"time"
)

// Every style draws plans that the world accepts, the same from one seed, and
// others than every other style.
func TestStyles(t *testing.T) {
	for _, mode := range []Mode{RingMode, EngineMode} {
		for _, style := range Styles() {
			for seed := range uint64(40) {
				p := Draw(seed, style, mode)
				if err := p.check(); err != nil || p.Drawn != style || p.Mode != mode || p.Seed != seed {
					t.Fatalf("%s: %v", p.Name(), err)
				}
				if !samePlan(p, Draw(seed, style, mode)) {
					t.Fatalf("%s: two plans", p.Name())
				}
			}
		}
	}
}

func TestMixedHasAllButLongRuns(t *testing.T) {
	seen := map[Style]int{}
	for seed := range uint64(100) {
		p := Mixed(RingMode)(seed)
		seen[p.Drawn]++
		if !samePlan(p, Draw(seed, p.Drawn, RingMode)) {
			t.Errorf("seed %d means another plan in a mixed batch", seed)
		}
	}
	if seen[Healing] < 50 || seen[Safety] == 0 || seen[Targeted] == 0 || seen[Soak] > 0 {
		t.Errorf("%v", seen)
	}
}

// What is handed in one by one ends early enough to be delivered before the run
// ends, but where an overload is meant never to end.
func TestLoadEndsBeforeTheRun(t *testing.T) {
	for _, style := range Styles() {
		for seed := range uint64(1000) {
			p := Draw(seed, style, EngineMode)
			for _, l := range p.Load {
				if p.Overload {
					break
				}
				if end := l.At + l.Every*time.Duration(l.Count-1); end > p.RunFor+p.Converge {
					t.Fatalf("%s: %+v ends at %v of a run that has its last fault at %v", p.Name(), l, end, p.RunFor)
				}
			}
		}
	}
}

// A run under faults without end stops at its end, without a quiet phase.
func TestSafetyRunsEndWithTheirFaults(t *testing.T) {
	for seed := range uint64(10) {
		p := Draw(seed, Safety, RingMode)
		if r := run(t, p, Options{}); r.Virtual != p.RunFor {
			t.Errorf("seed %d ran for %v, not %v", seed, r.Virtual, p.RunFor)
		}
	}
}

// A soak is minutes of real timing and stays affordable.
func TestSoak(t *testing.T) {
	p := Draw(1, Soak, EngineMode)
	p.RunFor /= 15
	if testing.Short() {
		p.RunFor /= 10
	}
	r := run(t, p, Options{})
	if r.Virtual < p.RunFor || r.Deliveries == 0 {
		t.Errorf("%v simulated, %d deliveries", r.Virtual, r.Deliveries)
	}
	if p.RunFor > soakLongest || p.FailureDetection != 500*time.Millisecond {
		t.Errorf("%v, %v", p.RunFor, p.FailureDetection)
	}
}
