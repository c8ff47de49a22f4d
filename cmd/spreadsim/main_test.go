package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/sim"
)

// asCommand makes the test binary the command itself, for what it runs in a
// fresh process.
const asCommand = "SPREADSIM_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

func call(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

var closing = regexp.MustCompile(`^3 seeds, 0 violations, \d+ deliveries, \d+ configuration changes, \d+\.\d+ hours simulated$`)

func TestMany(t *testing.T) {
	for _, mode := range modeNames() {
		if mode == string(sim.Soak) || mode == string(sim.Liveness) || mode == exhaustive {
			continue // minutes; under faults of its own; no seeds
		}
		code, out, _ := call(t, "-seeds", "3", "-start", "5", "-workers", "2", "-mode", mode)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if code != 0 || !closing.MatchString(lines[len(lines)-1]) {
			t.Errorf("%s: code %d, output\n%s", mode, code, out)
		}
		if !strings.Contains(out, "6 runs") || !strings.Contains(lines[len(lines)-2], "never exercised") {
			t.Errorf("%s: output\n%s", mode, out)
		}
	}
}

func TestOneSeedAndItsPlan(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan.json")
	code, out, _ := call(t, "-seed", "5", "-layer", "ring", "-save", file)
	if code != 0 || !strings.Contains(out, "seed 5 mode safety layer ring: no violation") {
		t.Fatalf("code %d, output\n%s", code, out)
	}
	code, again, _ := call(t, "-plan", file)
	if code != 0 || again != out {
		t.Errorf("the saved plan: code %d, %q, want %q", code, again, out)
	}
	_, timeline, _ := call(t, "-seed", "5", "-layer", "ring", "-v")
	if !strings.Contains(timeline, " installs r") || strings.Contains(timeline, "token_in") || !strings.HasSuffix(timeline, out) {
		t.Errorf("timeline\n%s", timeline)
	}
	_, all, _ := call(t, "-seed", "5", "-layer", "ring", "-vv")
	if !strings.Contains(all, "token_in") {
		t.Error("-vv leaves tokens out")
	}
}

func TestExhaustive(t *testing.T) {
	code, out, _ := call(t, "-mode", "exhaustive", "-budget", "200ms")
	if code != 0 || strings.Count(out, "arena ") != len(sim.Arenas()) || !strings.Contains(out, "covered: all schedules with up to 0 deviations") {
		t.Errorf("code %d, output\n%s", code, out)
	}
	if lines := strings.Split(strings.TrimSpace(out), "\n"); !strings.Contains(lines[len(lines)-1], " 0 violations, ") {
		t.Errorf("closing line %q", lines[len(lines)-1])
	}
	code, out, _ = call(t, "-mode", "exhaustive", "-arena", "order", "-path", "0.0.1.0")
	if code != 0 || !strings.Contains(out, " conf ") || !strings.HasSuffix(out, "no violation\n") {
		t.Errorf("code %d, output\n%s", code, out)
	}
	if s := pathString([]int{0, 12, 3}); s != "0.12.3" {
		t.Errorf("path %q", s)
	}
}

// hasty is a plan that cannot keep LIV-1: nobody agrees within a millisecond.
// Nobody stands still in it, or that could be LIV-8.
func hasty(seed uint64) *sim.Plan {
	p := sim.Draw(seed, sim.Healing, sim.RingMode)
	p.Converge = time.Millisecond
	p.Faults = slices.DeleteFunc(p.Faults, func(f sim.Fault) bool { return f.Kind == sim.Pause })
	return p
}

// failing is the first such plan that breaks the property, in a file.
func failing(t *testing.T) string {
	t.Helper()
	p := hasty(1)
	for seed := uint64(2); !breaks(p, check.LIV1); seed++ {
		if p = hasty(seed); seed > 100 {
			t.Fatal("no plan that cannot keep LIV-1 breaks it")
		}
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := savePlan(file, p); err != nil {
		t.Fatal(err)
	}
	return file
}

func breaks(p *sim.Plan, property check.Property) bool {
	v := sim.Run(p, sim.Options{}).Violation
	return v != nil && v.Property == property
}

func TestShrink(t *testing.T) {
	to := filepath.Join(t.TempDir(), "small")
	code, out, _ := call(t, "-plan", failing(t), "-shrink", "-o", to)
	if code != exitFound || !strings.Contains(out, "VIOLATION LIV-1 seed ") || !strings.Contains(out, "shrunk from") {
		t.Fatalf("code %d, output\n%s", code, out)
	}
	text, err := os.ReadFile(to + ".txt")
	if err != nil || !strings.Contains(string(text), "violates LIV-1") {
		t.Errorf("timeline: %v\n%s", err, text)
	}
	if code, out, _ := call(t, "-plan", to+".json"); code != exitFound || !strings.Contains(out, "LIV-1") {
		t.Errorf("the shrunk plan: code %d, output\n%s", code, out)
	}
	if _, _, errs := call(t, "-plan", failing(t), "-shrink", "-o", filepath.Join(to, "no", "dir"), "-budget", "1ms"); !strings.Contains(errs, "shrunk plan") {
		t.Errorf("an unwritable place: %q", errs)
	}
}

// A batch shrinks its first violation by itself, names all others in a line,
// and ends with 1.
func TestBatchWithViolations(t *testing.T) {
	var out, errs bytes.Buffer
	to := filepath.Join(t.TempDir(), "small")
	o := &options{seeds: 8, start: 1, workers: 1, reports: 1, budget: 300 * time.Millisecond, shrunk: to, planners: []sim.Planner{hasty}}
	if code := runMany(o, &out, &errs); code != exitFound {
		t.Errorf("code %d", code)
	}
	if n := strings.Count(out.String(), "VIOLATION LIV-1"); n < 2 || !strings.Contains(out.String(), fmt.Sprintf("8 seeds, %d violations", n)) {
		t.Errorf("%d violations named:\n%s", n, out.String())
	}
	if _, err := os.Stat(to + ".json"); err != nil || strings.Count(out.String(), "shrunk from") != 1 {
		t.Errorf("%v\n%s", err, out.String())
	}
	out.Reset()
	o.given = map[string]bool{"shrink": true}
	runMany(o, &out, &errs)
	if strings.Contains(out.String(), "shrunk from") {
		t.Error("-shrink=false does not turn it off")
	}
}

func TestRecheck(t *testing.T) {
	t.Setenv(asCommand, "1")
	code, out, _ := call(t, "-seeds", "10", "-layer", "ring", "-recheck", "30")
	if code != 0 || !strings.Contains(out, "3 seeds run again in fresh processes: 0 differ") {
		t.Errorf("code %d, output\n%s", code, out)
	}
	// What is not the same is told.
	o := &options{seeds: 2, start: 1, recheck: 100, mode: "healing", layer: "ring"}
	a := newRechecks(o)
	r := sim.Run(sim.Draw(1, sim.Healing, sim.RingMode), sim.Options{})
	r.Digest++
	a.note(r)
	var said, errs bytes.Buffer
	if n := a.run(&said, &errs); n != 1 || !strings.Contains(said.String(), "NOT DETERMINISTIC") {
		t.Errorf("%d differ:\n%s", n, said.String())
	}
}

// The present tree as the other build: two processes in one ring are what one
// is, to the bit.
func TestOtherBuild(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asCommand, "1")
	code, out, errs := call(t, "-seeds", "1", "-start", "4", "-workers", "2", "-other", self)
	if code != 0 || !strings.Contains(out, "2 of 2 runs with the other build are the same to the bit") {
		t.Errorf("code %d, output\n%s%s", code, out, errs)
	}
	_, alone, _ := call(t, "-seed", "4", "-layer", "ring")
	if _, both, _ := call(t, "-seed", "4", "-layer", "ring", "-other", self); both != alone {
		t.Errorf("one run: %q, alone %q", both, alone)
	}
	for _, other := range []string{filepath.Join(t.TempDir(), "none"), "/bin/true"} {
		if code, _, errs := call(t, "-seed", "4", "-layer", "ring", "-other", other); code != exitFound || !strings.Contains(errs, "other build") {
			t.Errorf("%s as the other build: code %d, %q", other, code, errs)
		}
	}
}

func TestWrongCalls(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-mode", "other"}, 2, "mixed, healing"},
		{[]string{"-mode", "ring"}, 2, "-layer ring"},
		{[]string{"-layer", "other"}, 2, "ring, engine or both"},
		{[]string{"-seeds", "0"}, 2, "at least 1"},
		{[]string{"-workers", "0"}, 2, "at least 1"},
		{[]string{"-reports", "-1"}, 2, "at least 0"},
		{[]string{"-budget", "0s"}, 2, "more than 0"},
		{[]string{"-recheck", "101"}, 2, "percent"},
		{[]string{"-nonsense"}, 2, "-nonsense"},
		{[]string{"more"}, 2, "no flag"},
		{[]string{"-seed", "1", "-seeds", "4"}, 2, "for one run"},
		{[]string{"-v"}, 2, "needs one run"},
		{[]string{"-plan", bad, "-seed", "1"}, 2, "the plan says"},
		{[]string{"-mode", "exhaustive", "-seeds", "3"}, 2, "no meaning"},
		{[]string{"-mode", "exhaustive", "-arena", "bull"}, 2, "order, networks"},
		{[]string{"-mode", "exhaustive", "-path", "0"}, 2, "needs -arena"},
		{[]string{"-mode", "exhaustive", "-arena", "order", "-path", "0.x"}, 2, "no choice"},
		{[]string{"-arena", "order"}, 2, "exhaustive"},
		{[]string{"-other", "x", "-recheck", "1"}, 2, "not with -other"},
		{[]string{"-other", "x", "-mode", "exhaustive"}, 2, "no meaning"},
		{[]string{"-serve", "-seeds", "1"}, 2, "stands alone"},
		{[]string{"-plan", bad}, 1, "plan"},
		{[]string{"-plan", filepath.Join(t.TempDir(), "none")}, 1, "none"},
		{[]string{"-seed", "1", "-layer", "ring", "-save", filepath.Join(t.TempDir(), "no", "dir")}, 1, "no"},
		{[]string{"-profile", filepath.Join(t.TempDir(), "no", "dir")}, 1, "no"},
	} {
		if code, out, errs := call(t, c.args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%v: code %d, want %d; %q %q", c.args, code, c.code, out, errs)
		}
	}
	if code, _, help := call(t, "-h"); code != 0 || !strings.Contains(help, "spreadsim -seed 17 -shrink") || !strings.Contains(help, "-recheck") {
		t.Errorf("help: code %d\n%s", code, help)
	}
}

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, 40)
	at := p.began
	totals := &sim.Totals{Seeds: 10, Runs: 20, Deliveries: 1234, Changes: 56}
	p.show(totals, at.Add(lineEvery-1))
	if b.Len() > 0 {
		t.Errorf("said too early: %q", b.String())
	}
	p.show(totals, at.Add(5*time.Second))
	want := "[##########..........] 10 seeds, 2 seeds/s, 1234 deliveries, 56 configuration changes, 0 violations, 5s left\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	p.clear()
	if b.String() != want {
		t.Error("where there is no terminal there is nothing to clear")
	}
	b.Reset()
	p.terminal = true
	p.show(totals, at.Add(6*time.Second))
	p.clear()
	if s := b.String(); !strings.HasPrefix(s, "\r[#") || !strings.HasSuffix(s, "\r\x1b[K") || strings.Contains(s, "\n") {
		t.Errorf("on a terminal: %q", s)
	}
}
