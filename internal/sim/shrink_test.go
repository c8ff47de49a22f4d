package sim

import (
	"slices"
	"testing"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// tries allows some tries, and counts them.
func tries(n int) func() bool {
	return func() bool { n--; return n >= 0 }
}

// noneInTransitional judges by a property that does not hold and is not meant
// to: "no message is delivered in a transitional configuration". Violating it
// takes a membership change at least.
func noneInTransitional(p *Plan) *check.Violation {
	var found *check.Violation
	Run(p, Options{Each: func(e *trace.Event) {
		if e.Kind == trace.Deliver && e.In.Kind == ring.Transitional && found == nil {
			found = &check.Violation{Index: e.Index, Time: e.Time}
		}
	}})
	return found
}

func TestMinimize(t *testing.T) {
	bothModes(t, func(t *testing.T, mode Mode) {
		shrunk := 0
		for seed := uint64(1); shrunk < 1 && seed < 100; seed++ {
			p := Generate(seed, mode)
			if p.Entries() < 20 || noneInTransitional(p) == nil {
				continue
			}
			shrunk++
			before := clonePlan(p)
			small := minimize(p, noneInTransitional, tries(300))
			if !samePlan(p, before) {
				t.Fatal("the plan that was to be shrunk has changed")
			}
			if noneInTransitional(small) == nil {
				t.Fatalf("seed %d: the smaller plan does not violate the property", seed)
			}
			if small.Entries() > 10 || small.Daemons > 4 {
				t.Errorf("seed %d: %d entries of %d are left, on %d daemons and %d networks: %+v", seed, small.Entries(), p.Entries(), small.Daemons, small.Networks, small)
			}
			if err := small.check(); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		}
		if shrunk == 0 {
			t.Error("no seed was shrunk")
		}
	})
}

// A property of the checker is kept fixed: a bound that nobody can meet needs
// neither fault nor message.
func TestMinimizeByProperty(t *testing.T) {
	p := Generate(2, RingMode)
	p.Converge = time.Millisecond
	small := Minimize(p, check.LIV1, tries(500))
	v := Run(small, Options{Only: []check.Property{check.LIV1}}).Violation
	if v == nil || v.Property != check.LIV1 || len(small.Load) > 0 || small.Entries() > 1 {
		t.Errorf("%v: %+v", v, small)
	}
}

func TestMinimizeLeavesAGoodPlanAlone(t *testing.T) {
	p := Generate(2, RingMode)
	if Minimize(p, check.TOT1, tries(500)) != p {
		t.Error("a plan without violation was shrunk")
	}
	if q := Generate(2, RingMode); !samePlan(p, q) {
		t.Error("it was changed")
	}
}

// What makes a core a core stays.
func TestMinimizeKeepsCores(t *testing.T) {
	for seed := uint64(1); ; seed++ {
		p := GeneratePermanent(seed, RingMode)
		if len(p.Core) == 0 {
			continue
		}
		small := minimize(p, func(*Plan) *check.Violation { return &check.Violation{Property: check.LIV5, Time: p.RunFor} }, tries(20))
		// The judge finds a violation in everything, so all goes that may; cutShort
		// has made the end of the run the end of the question, core and all.
		if !small.Endless || small.Core != nil {
			t.Fatalf("seed %d: %+v", seed, small)
		}
		kept := minimize(p, func(q *Plan) *check.Violation {
			if q.Endless {
				return nil
			}
			return &check.Violation{Property: check.LIV5, Time: p.RunFor}
		}, tries(300))
		if !slices.Equal(kept.Core, p.Core) && len(kept.Core) != len(p.Core) {
			t.Fatalf("seed %d: core %v was %v", seed, kept.Core, p.Core)
		}
		for _, f := range kept.Faults {
			if !f.Permanent {
				t.Errorf("seed %d: %v could have gone", seed, &f)
			}
		}
		return
	}
}

func TestWithout(t *testing.T) {
	for n := range 20 {
		for mask := range 1 << min(n, 8) {
			list := make([]int, n)
			for i := range list {
				list[i] = i
			}
			needed := func(i int) bool { return i < 8 && mask&(1<<i) != 0 }
			without(n, func(from, to int) bool {
				if slices.ContainsFunc(list[from:to], needed) {
					return false
				}
				list = slices.Delete(list, from, to)
				return true
			})
			if slices.ContainsFunc(list, func(i int) bool { return !needed(i) }) {
				t.Fatalf("of %d with mask %b: %v is left", n, mask, list)
			}
		}
	}
}
