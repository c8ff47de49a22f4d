package demo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mpspread/internal/cluster"
	"mpspread/internal/role"
)

// perform runs a plan with daemons of this test binary.
func perform(t *testing.T, as string, plan []Phase) (Verdict, string, error) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs three daemons for seconds")
	}
	// Directories made and left behind show here.
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var out strings.Builder
	v, err := Run(t.Context(), Options{Self: role.As(as), Out: &out, Plan: plan, Rate: 200})
	t.Logf("%s%s\n%v", out.String(), v, err)
	if left, err := filepath.Glob(filepath.Join(dir, "mpspread-demo-[0-9]*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	return v, out.String(), err
}

// kept reads the logs that were kept, and fails if text does not name them.
func kept(t *testing.T, text string) string {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(os.TempDir(), "mpspread-demo-log-*"))
	if err != nil || len(logs) != 1 || !strings.Contains(text, logs[0]) {
		t.Fatalf("logs %q, %v, but it says: %s", logs, err, text)
	}
	var all strings.Builder
	for _, name := range cluster.Daemons {
		log, err := os.ReadFile(filepath.Join(logs[0], name+".log"))
		if err != nil {
			t.Error(err)
		}
		all.Write(log)
	}
	return all.String()
}

func TestRun(t *testing.T) {
	v, out, err := perform(t, "daemon", []Phase{
		{For: 300 * time.Millisecond},
		{Cut: []string{"B"}, For: 300 * time.Millisecond},
		{For: 300 * time.Millisecond},
	})
	if err != nil || !v.OK() || v.Sent < 100 || v.Receivers != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	if !strings.Contains(out, "network B CUT") {
		t.Errorf("no word of the cut:\n%s", out)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "mpspread-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// With both networks cut the ring falls apart: the verdict has to say so.
func TestRunSeesAPartition(t *testing.T) {
	v, _, err := perform(t, "daemon", []Phase{
		{For: 300 * time.Millisecond},
		{Cut: []string{"A", "B"}, For: time.Second},
		{For: 300 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	if v.OK() || v.MembershipChanges == 0 {
		t.Errorf("%+v", v)
	}
	kept(t, v.String())
}

func TestRunSeesADaemonDie(t *testing.T) {
	_, _, err := perform(t, "fragile", []Phase{{Cut: []string{"B"}, For: 5 * time.Second}})
	if err == nil || !strings.Contains(err.Error(), "daemon h2 ended: exit status 3") {
		t.Fatalf("%v", err)
	}
	if log := kept(t, err.Error()); !strings.Contains(log, "killed by the test") {
		t.Errorf("log: %s", log)
	}
}

// An interrupt ends everything, without a verdict and without leaving
// anything.
func TestRunInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("runs three daemons")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	out := whenWritten{text: "both networks whole", then: cancel}
	_, err := Run(ctx, Options{Self: role.As("daemon"), Out: &out, Rate: 200})
	if err != context.Canceled {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// whenWritten does something once a text is written to it.
type whenWritten struct {
	text string
	then func()
}

func (w *whenWritten) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.text) {
		w.then()
	}
	return len(b), nil
}

func TestRunCannotStart(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var out strings.Builder
	_, err := Run(t.Context(), Options{Self: role.As("failing"), Out: &out})
	if err == nil || !strings.Contains(err.Error(), "daemon h1 ended: exit status 1") {
		t.Fatalf("%v", err)
	}
	if log := kept(t, err.Error()); log != "cannot\ncannot\ncannot\n" {
		t.Errorf("log: %q", log)
	}
}
