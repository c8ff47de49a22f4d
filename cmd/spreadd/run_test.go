package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"mpspread/config"
	"mpspread/daemon"
)

// TestMain runs the tests, or is the program for one of them.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// seen is an app whose daemon only notes what it was to run.
func seen(local ...string) (a *app, got *daemon.Options) {
	a, _, _ = testApp(local...)
	a.realtime = func() bool { return true }
	got = new(daemon.Options)
	a.daemon = func(_ context.Context, o daemon.Options) error { *got = o; return nil }
	return a, got
}

// TestRunChoosesConfigurationAndName: the file, and which daemon of it, with
// and without flags, with and without the word run.
func TestRunChoosesConfigurationAndName(t *testing.T) {
	const good = "testdata/good.toml"
	for _, test := range []struct {
		name  string
		args  string
		files []string // looked for
		local string
		file  string
		self  string
	}{
		{"no file at all", "", []string{"testdata/none.toml"}, "192.0.2.7", "", "localhost"},
		{"run without file", "run", nil, "192.0.2.7", "", "localhost"},
		{"second place", "", []string{"testdata/none.toml", good}, "10.77.2.2", good, "h2"},
		{"first place", "", []string{good, "testdata/bad.toml"}, "10.77.1.1", good, "h1"},
		{"named file", "-c " + good, []string{"testdata/bad.toml"}, "10.77.1.3", good, "h3"},
		{"named file, run", "run -c " + good, nil, "10.77.1.3", good, "h3"},
		{"flags before run", "-c " + good + " run", nil, "10.77.1.3", good, "h3"},
		{"named daemon", "-c " + good + " -n h2", nil, "10.77.1.3", good, "h2"},
		{"long flags", "run --config " + good + " --name h2 --log-level debug", nil, "192.0.2.7", good, "h2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, got := seen(test.local)
			a.files = test.files
			if code := a.execute(strings.Fields(test.args)); code != exitOK {
				t.Fatalf("exit %d: %s", code, a.stderr)
			}
			if got.Config == nil || got.Config.File != test.file || got.Name != test.self {
				t.Errorf("have %+v", got)
			}
			if got.Log == nil || got.Software != "mpspread v0.0.0-test" || !got.Realtime {
				t.Errorf("have %+v", got)
			}
		})
	}
}

// TestRunExitCodes: what the daemon returns, and what keeps it from running.
func TestRunExitCodes(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		args   string
		files  []string
		daemon error
		local  error
		code   int
		stderr string
	}{
		{"the daemon fails", "", nil, errors.New("daemon: no socket"), nil, exitFailure, "spreadd: daemon: no socket\n"},
		{"its key file is bad", "-n h1 -c testdata/good.toml", nil, badKeyFile(t), nil, exitInvalid, "holds no key"},
		{"no such file", "-c testdata/none.toml", nil, nil, nil, exitFailure, "testdata/none.toml: no such file"},
		{"not to be looked at", "", []string{loop, "testdata/good.toml"}, nil, nil, exitFailure, "look for the configuration"},
		{"bad configuration", "-c testdata/bad.toml", nil, nil, nil, exitInvalid, "testdata/bad.toml:"},
		{"no such daemon", "-c testdata/good.toml -n h9", nil, nil, nil, exitFailure, `there is no daemon "h9" in testdata/good.toml`},
		{"not our file", "-c testdata/good.toml", nil, nil, nil, exitFailure, "no daemon of testdata/good.toml has an address of this host"},
		{"no addresses", "-c testdata/good.toml", nil, nil, errors.New("no netlink"), exitFailure, "no netlink"},
		{"log level", "--log-level loud", nil, nil, nil, exitUsage, `--log-level is debug, info, warn or error, not "loud"`},
		{"unknown flag", "-x", nil, nil, nil, exitUsage, "unknown shorthand flag"},
		{"flag without value", "-c", nil, nil, nil, exitUsage, "flag needs an argument"},
		{"argument", "run fast", nil, nil, nil, exitUsage, `run takes no arguments, but there is "fast"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, _, stderr := testApp("192.0.2.7")
			a.files = test.files
			a.daemon = func(context.Context, daemon.Options) error { return test.daemon }
			if test.local != nil {
				a.local = func() ([]netip.Addr, error) { return nil, test.local }
			}
			code := a.execute(strings.Fields(test.args))
			if code != test.code || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit %d, want %d; have %s, want %s", code, test.code, stderr, test.stderr)
			}
		})
	}
}

// badKeyFile is what the daemon returns for an empty key file.
func badKeyFile(t *testing.T) error {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.LoadKeys(path)
	return fmt.Errorf("daemon: %w", err)
}

// TestSignals: SIGINT and SIGTERM end the daemon politely, also when they
// come again while it takes its leave.
func TestSignals(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		a, _, stderr := testApp()
		a.daemon = func(ctx context.Context, _ daemon.Options) error {
			err := syscall.Kill(os.Getpid(), signal)
			<-ctx.Done()
			return errors.Join(err, syscall.Kill(os.Getpid(), signal))
		}
		if code := a.execute(nil); code != exitOK {
			t.Errorf("%v: exit %d, %s", signal, code, stderr)
		}
	}
}

// TestLog: JSON for machines, lines for people, nothing below the level.
func TestLog(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		a, _ := seen()
		a.terminal = terminal
		a.execute(nil)
		first, _, _ := strings.Cut(a.stderr.(interface{ String() string }).String(), "\n")
		var line map[string]any
		err := json.Unmarshal([]byte(first), &line)
		if terminal {
			if err == nil || !strings.Contains(first, "INFO\tstarting") {
				t.Errorf("for a terminal: %s", first)
			}
		} else if err != nil || line["msg"] != "starting" || line["daemon"] != "localhost" || line["level"] != "info" {
			t.Errorf("for the journal: %s, %v", first, err)
		}
	}
	a, _, stderr := testApp()
	a.daemon = func(context.Context, daemon.Options) error { return nil }
	if a.execute([]string{"--log-level", "warn"}); stderr.Len() > 0 {
		t.Errorf("below the level: %s", stderr)
	}
}
