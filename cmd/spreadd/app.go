package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"mpspread/config"
	"mpspread/daemon"
)

// Exit codes; those of spreadctl mean the same.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitInvalid = 5 // configuration or key file
)

// app is what the commands use of the world outside; tests replace it.
type app struct {
	stdout, stderr io.Writer
	// terminal tells whether stderr is one, where people read.
	terminal bool
	// files are where a configuration is looked for if none is named.
	files    []string
	software string // name and version
	// local lists this host's addresses.
	local func() ([]netip.Addr, error)
	// realtime tells whether real-time priority is granted.
	realtime func() bool
	// daemon runs the daemon until ctx ends.
	daemon func(ctx context.Context, o daemon.Options) error
}

func newApp() *app {
	return &app{
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		terminal: isTerminal(os.Stderr),
		files:    []string{"/etc/spread/spread.toml", "spread.toml"},
		software: version(),
		local:    localAddresses,
		realtime: realtimeGranted,
		daemon: func(ctx context.Context, o daemon.Options) error {
			daemon.RaisePriority()
			return daemon.Run(ctx, o)
		},
	}
}

// execute runs the command line and returns the exit code.
func (a *app) execute(args []string) int {
	root := a.rootCommand()
	root.SetArgs(append([]string{}, args...)) // nil would mean os.Args
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	return a.report(root.Execute())
}

// usageError is a command line that is not understood.
type usageError struct{ error }

// report tells the user what went wrong and chooses the exit code.
func (a *app) report(err error) int {
	var usage usageError
	var invalid *config.Error
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(a.stderr, "spreadd: %v\nRun 'spreadd help' for usage.\n", err)
		return exitUsage
	case errors.As(err, &invalid):
		fmt.Fprintln(a.stderr, err) // each line begins with the file
		fmt.Fprintln(a.stderr, "spreadd: the configuration is not valid")
		return exitInvalid
	}
	fmt.Fprintf(a.stderr, "spreadd: %v\n", err)
	return exitFailure
}

const rootHelp = `spreadd is the daemon of mpspread. Every host of the cluster runs one; programs
connect to it, join named groups and send messages to them, and all members see
the same messages in the same order. Every packet travels on all networks of
the cluster, so that one can fail without anybody noticing.

Without a command it runs the daemon, as "spreadd run" does. Without any
configuration file it serves the programs of this host alone.`

const rootExample = `  spreadd                                try it: one daemon, on this host only
  spreadd keygen -o /etc/spread/cluster.key
  spreadd check --effective /etc/spread/spread.toml
  spreadd run -c /etc/spread/spread.toml`

func (a *app) rootCommand() *cobra.Command {
	root := a.runCommand()
	root.Use = "spreadd"
	root.Short = "group communication over several networks at once"
	root.Long = rootHelp
	root.Example = rootExample
	root.Args = noCommand
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.runCommand(), a.checkCommand(), a.keygenCommand(), a.versionCommand())
	return root
}

// noCommand refuses a first argument that is no command.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("; did you mean %q?", near[0])
	}
	return usageError{fmt.Errorf("there is no command %q%s", args[0], hint)}
}

// atMost accepts up to n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) <= n:
			return nil
		case n == 0:
			return usageError{fmt.Errorf("%s takes no arguments, but there is %q", cmd.Name(), args[0])}
		}
		return usageError{fmt.Errorf("%s takes %d argument at most, but there are %d", cmd.Name(), n, len(args))}
	}
}

// localAddresses are the addresses of this host's interfaces.
func localAddresses() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the addresses of this host: %w", err)
	}
	var addrs []netip.Addr
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			addrs = append(addrs, p.Addr())
		}
	}
	return addrs, nil
}
