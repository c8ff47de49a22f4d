package scenario

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mpspread/internal/sim"
	"mpspread/internal/trace"
)

// Ids come in order and once, variants of one scenario have names of their own,
// and each scenario is tested somewhere.
func TestCatalogue(t *testing.T) {
	last := ""
	for _, s := range Catalogue() {
		if s.ID <= last || !regexp.MustCompile(`^SCN-\d\d$`).MatchString(s.ID) || s.Title == "" {
			t.Errorf("%q after %q", s.ID, last)
		}
		last = s.ID
		names := map[string]bool{}
		for _, c := range s.Cases {
			if names[c.Name] || len(c.Plans) == 0 || c.Watch == nil {
				t.Errorf("%s: variant %q twice, or with nothing to run or see", s.ID, c.Name)
			}
			names[c.Name] = true
		}
		if len(s.Cases)+len(s.Elsewhere) == 0 {
			t.Errorf("%s is tested nowhere", s.ID)
		}
		for _, e := range s.Elsewhere {
			exists(t, s.ID, e)
		}
	}
}

// exists fails unless what an entry names is there: a package, or tests in it.
func exists(t *testing.T, id, elsewhere string) {
	t.Helper()
	dir, tests, _ := strings.Cut(elsewhere, ": ")
	files, err := filepath.Glob(filepath.Join("..", "..", "..", dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("%s: no tests in %q", id, dir)
		return
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, name := range strings.Split(tests, ", ") {
		if name != "" && !strings.Contains(all.String(), "\nfunc "+name+"(") {
			t.Errorf("%s: no %s in %s", id, name, dir)
		}
	}
}

// What must make a case fail does, and says why.
func TestFailuresAreTold(t *testing.T) {
	plan := func() *sim.Plan {
		p := sim.NewPlan(sim.RingMode, 3, 1)
		p.Load = steady(p, formed, 2*time.Second, 20*time.Millisecond)
		return p
	}
	broken := plan()
	broken.RunFor = 4 * time.Second
	broken.Faults = []sim.Fault{partition(1800*time.Millisecond, time.Second, 0, 0, 1)}
	other := func(g *sim.Passage) {
		if g.Now > formed {
			g.At += time.Millisecond
		}
	}
	nothing := func(*sim.Plan) []Watch { return nil }
	tests := []struct {
		name string
		c    Case
		want string
	}{
		{"nothing wrong", Case{Plans: []*sim.Plan{plan()}, Seeds: 2, Watch: func(p *sim.Plan) []Watch { return []Watch{noChange(formed, time.Hour), delivered(70), settled(p)} }}, ""},
		{"a situation missed", Case{Plans: []*sim.Plan{plan()}, Watch: func(*sim.Plan) []Watch {
			return []Watch{saw("a pause", func(e *trace.Event) bool { return e.Kind == trace.Pause })}
		}}, "seed 1: a pause: seen 0 times, not 1"},
		{"a situation missed in all runs", Case{Plans: []*sim.Plan{plan(), plan()}, Watch: func(*sim.Plan) []Watch { return []Watch{sometimes(recovered())} }}, "in none of 2 runs: no packet sent again in recovery"},
		{"a situation met in one run", Case{Plans: []*sim.Plan{broken, plan()}, Watch: func(*sim.Plan) []Watch {
			return []Watch{sometimes(saw("two in a ring", func(e *trace.Event) bool { return regular(e) && len(e.Conf.Members) == 2 }))}
		}}, ""},
		{"what must not happen", Case{Plans: []*sim.Plan{broken}, Watch: func(*sim.Plan) []Watch { return []Watch{noChange(formed, time.Hour)} }}, "a change of configuration:"},
		{"a violation", Case{Plans: []*sim.Plan{plan()}, Watch: nothing, Meddle: func(*sim.Plan) func(*sim.Passage) {
			return func(g *sim.Passage) { g.Lost = g.Now > 3*time.Second }
		}}, "LIV-"},
		{"a twin", Case{Plans: []*sim.Plan{plan()}, Watch: nothing, Twin: &Twin{}}, ""},
		{"a twin that differs", Case{Plans: []*sim.Plan{plan()}, Watch: nothing, Twin: &Twin{Meddle: func(*sim.Plan) func(*sim.Passage) { return other }}}, "not the run of its twin"},
	}
	for _, test := range tests {
		o := test.c.Run(0)
		got := strings.Join(o.Failures, "\n")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: failures %q, want %q", test.name, got, test.want)
		}
		if o.Runs == 0 || o.Simulated == 0 {
			t.Errorf("%s: %+v", test.name, o)
		}
	}
}

func TestTimeline(t *testing.T) {
	c := Case{Plans: []*sim.Plan{sim.NewPlan(sim.RingMode, 2, 1)}}
	var coarse, all strings.Builder
	c.Timeline(&coarse, false)
	c.Timeline(&all, true)
	if n, m := strings.Count(coarse.String(), "\n"), strings.Count(all.String(), "\n"); n == 0 || m < 2*n {
		t.Errorf("%d lines, all: %d", n, m)
	}
}
