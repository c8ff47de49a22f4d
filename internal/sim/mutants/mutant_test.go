package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const change = "\n--- a/ring/a.go\n+++ b/ring/a.go\n@@ -1 +1 @@\n-a\n+b\n"

func TestParseMutant(t *testing.T) {
	m, err := parseMutant("wrong", "Do it wrong.\n\nWhy: it is.\n\nProperty: INT-1 INT-2\nRun: -mode engine\n"+change)
	if err != nil {
		t.Fatal(err)
	}
	if m.name != "wrong" || m.title() != "Do it wrong." || m.test != nil ||
		!slices.Equal(m.expected, []string{"INT-1", "INT-2"}) || !slices.Equal(m.run, []string{"-mode", "engine"}) ||
		!slices.Equal(m.packages(), []string{"ring"}) {
		t.Errorf("%+v", m)
	}
	m, err = parseMutant("wrong", "Do it wrong.\n\nProperty: MPX-7\nTest: ./datalink TestSend\n"+change)
	if err != nil || !slices.Equal(m.test, []string{"./datalink", "TestSend"}) {
		t.Errorf("%+v, %v", m, err)
	}
	for _, tt := range []struct{ head, want string }{
		{"Do it wrong.\n", "which property"},
		{"Do it wrong.\nProperty: INT-1\nTest: ./datalink\n", "a package and a name"},
	} {
		if _, err := parseMutant("wrong", tt.head+change); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v", tt.head, err)
		}
	}
}

func TestSample(t *testing.T) {
	var list []*mutant
	for _, name := range strings.Fields("a b c d e f g h i j k l m") {
		list = append(list, &mutant{name: name})
	}
	seen := make(map[string]bool)
	for day := range 100 {
		turn := time.Unix(0, 0).AddDate(0, 0, day).Format(time.DateOnly)
		picked := sample(list, 5, turn)
		if !slices.Equal(picked, sample(list, 5, turn)) {
			t.Fatalf("%s: not the same twice", turn)
		}
		names := make(map[string]bool)
		for _, m := range picked {
			names[m.name], seen[m.name] = true, true
		}
		if len(names) != 5 {
			t.Fatalf("%s: %d different ones", turn, len(names))
		}
	}
	if len(seen) != len(list) {
		t.Errorf("in 100 turns only %d of %d had theirs", len(seen), len(list))
	}
}

func TestViolationLine(t *testing.T) {
	for _, tt := range []struct {
		line, property string
		seed           uint64
		ok             bool
	}{
		{"VIOLATION INT-1 seed 17 mode ring", "INT-1", 17, true},
		{"VIOLATION RNG-6 seed 1000001 mode engine event 5 at 1s", "RNG-6", 1000001, true},
		{"VIOLATION RNG-6", "", 0, false},
		{"VIOLATION RNG-6 seed x mode ring", "", 0, false},
		{"10 seeds, 0 violations", "", 0, false},
	} {
		property, seed, ok := violation(tt.line)
		if ok != tt.ok || ok && (property != tt.property || seed != tt.seed) {
			t.Errorf("%q: %q %d %v", tt.line, property, seed, ok)
		}
	}
}

func TestOutcome(t *testing.T) {
	found := func(p string, n int) finding { return finding{property: p, seeds: n} }
	for _, tt := range []struct {
		name     string
		findings []finding
		median   int
		found    bool
		survives bool
		by       string
	}{
		{"one start", []finding{found("INT-1", 4)}, 4, true, false, "INT-1"},
		{"three", []finding{found("INT-2", 9), found("INT-1", 4), found("INT-1", 5)}, 5, true, false, "INT-1 INT-2"},
		{"found once", []finding{{seeds: 10}, found("INT-1", 4), {seeds: 10}}, 10, false, false, "INT-1"},
		{"never", []finding{{seeds: 10}, {seeds: 10}}, 10, false, true, ""},
	} {
		o := &outcome{mutant: &mutant{}, findings: tt.findings}
		if n, ok := o.median(); n != tt.median || ok != tt.found || o.survives() != tt.survives || strings.Join(o.properties(), " ") != tt.by {
			t.Errorf("%s: median %d %v, survives %v, by %v", tt.name, n, ok, o.survives(), o.properties())
		}
	}
}

func TestReport(t *testing.T) {
	outcomes := []*outcome{
		{mutant: &mutant{name: "one"}, findings: []finding{{"INT-1", 3}, {"", 9}, {"INT-1", 1}}, took: 2 * time.Second},
		{mutant: &mutant{name: "two", test: []string{"./x", "TestX"}}, findings: []finding{{"TestX", 1}}, took: time.Second},
	}
	var out strings.Builder
	if code := report(&out, outcomes); code != 0 || !strings.Contains(out.String(), "2 mutants, 2 killed, 0 survive") {
		t.Errorf("%d\n%s", code, &out)
	}
	if !strings.Contains(out.String(), "one     INT-1      3 >9 1") {
		t.Errorf("%s", &out)
	}
	outcomes = append(outcomes, &outcome{mutant: &mutant{name: "three"}, findings: []finding{{"", 9}}},
		&outcome{mutant: &mutant{name: "four"}, err: errors.New("does not build")})
	out.Reset()
	if code := report(&out, outcomes); code != 1 || !strings.Contains(out.String(), "4 mutants, 2 killed, 2 survive") {
		t.Errorf("%d\n%s", code, &out)
	}
}
