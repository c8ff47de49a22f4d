package main

import (
	"strings"
	"testing"
)

func TestScenario(t *testing.T) {
	code, out, _ := call(t, "-scenario", "scn-05/ring", "-seeds", "1")
	if code != 0 || !strings.Contains(out, "SCN-05  crossed cut") || !strings.Contains(out, "ok     ring") || !strings.HasPrefix(lastLine(out), "1 scenarios, 1 variants, 1 runs, 0 failed") {
		t.Errorf("code %d, output\n%s", code, out)
	}
	code, out, _ = call(t, "-scenario", "SCN-05/ring", "-seeds", "1", "-v")
	if code != 0 || !strings.Contains(out, "begins: crossed") {
		t.Errorf("the timeline: code %d, output\n%s", code, out)
	}
	for _, args := range [][]string{{"-scenario", "SCN-99"}, {"-scenario", "all", "-seed", "3"}, {"-scenario", "SCN-05/none"}, {"-scenario", "all", "-workers", "0"}} {
		if code, _, errs := call(t, args...); code != exitUsage || !strings.HasPrefix(errs, "spreadsim: ") {
			t.Errorf("%v: code %d, %q", args, code, errs)
		}
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
