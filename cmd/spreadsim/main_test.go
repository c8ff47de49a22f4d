package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func call(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

func TestMany(t *testing.T) {
	code, out, _ := call(t, "-seeds", "3", "-start", "5", "-workers", "2")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	closing := regexp.MustCompile(`^6 seeds, 0 violations, \d+ deliveries, \d+ configuration changes, \d+\.\d+ hours simulated$`)
	if code != 0 || !closing.MatchString(lines[len(lines)-1]) {
		t.Errorf("code %d, output\n%s", code, out)
	}
}

func TestOneSeedAndItsPlan(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan.json")
	code, out, _ := call(t, "-seed", "5", "-mode", "ring", "-save", file)
	if code != 0 || !strings.Contains(out, "seed 5 mode ring: no violation") {
		t.Fatalf("code %d, output\n%s", code, out)
	}
	code, again, _ := call(t, "-plan", file)
	if code != 0 || again != out {
		t.Errorf("the saved plan: code %d, %q, want %q", code, again, out)
	}
	_, timeline, _ := call(t, "-seed", "5", "-mode", "ring", "-v")
	if !strings.Contains(timeline, " conf ") || strings.Contains(timeline, "token_in") || !strings.HasSuffix(timeline, out) {
		t.Errorf("timeline\n%s", timeline)
	}
	_, all, _ := call(t, "-seed", "5", "-mode", "ring", "-vv")
	if !strings.Contains(all, "token_in") {
		t.Error("-vv leaves tokens out")
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
	}{
		{[]string{"-mode", "other"}, 2},
		{[]string{"-seeds", "0"}, 2},
		{[]string{"-workers", "0"}, 2},
		{[]string{"-nonsense"}, 2},
		{[]string{"more"}, 2},
		{[]string{"-plan", bad}, 1},
		{[]string{"-plan", filepath.Join(t.TempDir(), "none")}, 1},
		{[]string{"-seed", "1", "-mode", "ring", "-save", filepath.Join(t.TempDir(), "no", "dir")}, 1},
		{[]string{"-profile", filepath.Join(t.TempDir(), "no", "dir")}, 1},
	} {
		if code, out, errs := call(t, c.args...); code != c.code || errs == "" {
			t.Errorf("%v: code %d, want %d; %q %q", c.args, code, c.code, out, errs)
		}
	}
}
