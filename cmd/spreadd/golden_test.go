package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mpspread/daemon"
)

var update = flag.Bool("update", false, "write the golden files anew")

// testApp is an app that touches nothing outside: no daemon, no addresses but
// the given ones, no configuration to be found.
func testApp(local ...string) (a *app, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return &app{
		stdout: stdout, stderr: stderr,
		software: "mpspread v0.0.0-test",
		local: func() (addrs []netip.Addr, err error) {
			for _, s := range local {
				addrs = append(addrs, netip.MustParseAddr(s))
			}
			return addrs, nil
		},
		realtime: func() bool { return false },
		daemon: func(context.Context, daemon.Options) error {
			return fmt.Errorf("a test must not run the daemon")
		},
	}, stdout, stderr
}

// TestGolden runs the commands of testdata/*.golden, each a line that begins
// with "$ ", and compares what they print and return. -update writes the
// files anew.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var have strings.Builder
			for line := range strings.Lines(string(want)) {
				if args, ok := strings.CutPrefix(line, "$ spreadd"); ok {
					have.WriteString(line)
					transcript(&have, strings.Fields(args))
				} else if strings.HasPrefix(line, "$") {
					t.Fatalf("not a command of ours: %s", line)
				}
			}
			if *update {
				if err := os.WriteFile(file, []byte(have.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if have.String() != string(want) {
				t.Errorf("have\n%s\nwant\n%s", have.String(), want)
			}
		})
	}
}

// transcript runs one command and writes its outputs and exit code.
func transcript(w *strings.Builder, args []string) {
	a, stdout, stderr := testApp("127.0.0.1", "192.0.2.7")
	code := a.execute(args)
	for _, output := range []struct {
		mark string
		*bytes.Buffer
	}{{"", stdout}, {"! ", stderr}} {
		for line := range strings.Lines(output.String()) {
			w.WriteString(strings.TrimRight(output.mark+strings.TrimSuffix(line, "\n"), " ") + "\n")
		}
	}
	fmt.Fprintf(w, "exit %d\n\n", code)
}
