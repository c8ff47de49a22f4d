package main

import (
	"runtime"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	a, stdout, _ := testApp()
	want := "mpspread v0.0.0-test, " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
	if code := a.execute([]string{"version"}); code != exitOK || stdout.String() != want {
		t.Errorf("exit %d, have %q, want %q", code, stdout, want)
	}
	if !strings.HasPrefix(version(), "mpspread ") {
		t.Errorf("have %q", version())
	}
}
