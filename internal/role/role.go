// Package role lets the binary of a test be other processes too: tests of what
// starts daemons start themselves, in a role. It is used by tests only.
package role

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Role is what a process does, with the arguments behind its name. An error ends
// it with status 1.
type Role func(args []string) error

// Main is a TestMain: the process is the role that its first argument names, or
// else runs the tests and looks whether they have left goroutines.
func Main(m *testing.M, roles map[string]Role) {
	if len(os.Args) > 1 {
		if play, ok := roles[os.Args[1]]; ok {
			if err := play(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m)
}

// As is the command line of this binary in a role.
func As(name string) []string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{self, name}
}

// RunDaemon is cluster.RunDaemon: a daemon's process, given its configuration
// and its name.
type RunDaemon func(ctx context.Context, config, name string, in io.Reader, out io.Writer) error

// Daemon is the role of a daemon.
func Daemon(run RunDaemon) Role {
	return func(args []string) error {
		return run(context.Background(), args[0], args[1], os.Stdin, os.Stdout)
	}
}

// DiesAtCommand is the role of a daemon of which h2 dies, with status 3, at the
// first thing it is told.
func DiesAtCommand(run RunDaemon) Role {
	return func(args []string) error {
		in := io.Reader(os.Stdin)
		if args[1] == "h2" {
			in = fatal{in}
		}
		return run(context.Background(), args[0], args[1], in, os.Stdout)
	}
}

// fatal ends the process at the first thing read.
type fatal struct{ io.Reader }

func (f fatal) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if n > 0 {
		fmt.Fprintln(os.Stderr, "killed by the test")
		os.Exit(3)
	}
	return n, err
}

// Fails is the role of a process that ends at once, saying "cannot".
func Fails([]string) error { return errors.New("cannot") }
