package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"

	"mpspread/internal/cluster"
)

// The processes that this test binary can be, by its first argument; those
// after it are configuration and name.
var roles = map[string]func(args []string) error{
	"daemon": func(args []string) error {
		return cluster.RunDaemon(context.Background(), args[0], args[1], os.Stdin, os.Stdout)
	},
	// fragile is a daemon of which h2 dies when it is told to cut a network.
	"fragile": func(args []string) error {
		in := io.Reader(os.Stdin)
		if args[1] == "h2" {
			in = fatal{in}
		}
		return cluster.RunDaemon(context.Background(), args[0], args[1], in, os.Stdout)
	},
	"failing": func([]string) error { return errors.New("cannot") },
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

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if role, ok := roles[os.Args[1]]; ok {
			if err := role(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m)
}

// as is the command line of this binary in a role.
func as(role string) []string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{self, role}
}
