package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mpspread/internal/admin"
)

// defaultTimeout lets a command on a dead network end within 5 s.
const defaultTimeout = 4 * time.Second

// app is one run of spreadctl: its streams and global flags.
type app struct {
	streams
	socket, config, network, daemon string
	all, json                       bool
	timeout                         time.Duration

	started bool // the command line was good, a command runs
	code    int  // exit code of a command that worked, such as ExitRedundancy
}

// run executes a command line and returns the exit code (design 8).
func run(ctx context.Context, args []string, s streams) int {
	a := &app{streams: s}
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // cobra takes nil for os.Args
	err := root.ExecuteContext(ctx)
	if err == nil {
		return a.code
	}
	code, fault := a.judge(err)
	if a.json {
		a.document(admin.Error{Version: admin.DocumentVersion, Error: fault})
	}
	_, _ = fmt.Fprintf(a.err, "spreadctl: %v\n", err)
	if code == admin.ExitUsage {
		_, _ = fmt.Fprintln(a.err, "try: spreadctl --help")
	}
	return code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "spreadctl",
		Short: "look at and use a multipath Spread cluster",
		Long: `spreadctl asks the daemons of a multipath Spread cluster for their state,
sends and receives messages, and demonstrates the whole product.

status, networks and ping ask the daemon of this host over its admin socket.
With --network, --daemon or --all they go as sealed datagrams straight to the
daemons instead, from the configuration and its key file alone, so that they
work where no ring and no local daemon lives: with --network over that network
and no other, else over all.

Exit codes: 0 all well, 1 failure, 2 usage, 3 daemon unreachable, 4 the ring is
fine but redundancy is lost, 5 configuration invalid.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		PersistentPreRun: func(*cobra.Command, []string) {
			a.started = true
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return usagef("no command given")
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	f := root.PersistentFlags()
	f.StringVar(&a.socket, "socket", "", "admin socket of the daemon to ask")
	f.StringVar(&a.config, "config", "", "configuration file; needed by --network, --daemon and --all (default "+defaultConfig+")")
	f.StringVar(&a.network, "network", "", "ask over this network only, by sealed datagrams")
	f.StringVar(&a.daemon, "daemon", "", "ask this daemon (default with --network: this host's)")
	f.BoolVar(&a.all, "all", false, "ask every configured daemon")
	f.BoolVar(&a.json, "json", false, "print JSON with stable keys")
	f.DurationVar(&a.timeout, "timeout", defaultTimeout, "how long to try")
	root.AddCommand(a.statusCommand(), a.networksCommand(), a.pingCommand(),
		a.sendCommand(), a.recvCommand(), a.demoCommand(), a.benchCommand(), a.soakCommand(), a.clusterDaemonCommand(), a.versionCommand())
	return root
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := a.refuse("version", "socket", "config", "network", "daemon", "all"); err != nil {
				return err
			}
			if a.json {
				a.document(struct {
					Version  int    `json:"version"`
					Software string `json:"software"`
				}{admin.DocumentVersion, admin.Software(release)})
				return nil
			}
			_, err := fmt.Fprintf(a.out, "spreadctl %s\n", admin.Software(release))
			return err
		},
	}
}

// usageError is a command line that cannot be obeyed.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// configError is a configuration or key file that cannot be used.
type configError struct{ err error }

func (e configError) Error() string { return e.err.Error() }
func (e configError) Unwrap() error { return e.err }

// judge gives an error's exit code and its code in an Error document.
func (a *app) judge(err error) (int, admin.Fault) {
	fault := func(exit int, code string) (int, admin.Fault) {
		return exit, admin.Fault{Code: code, Message: err.Error()}
	}
	var (
		usage       usageError
		config      configError
		unreachable *admin.UnreachableError
		none        *admin.NoSocketError
		several     *admin.AmbiguousError
	)
	switch {
	case !a.started, errors.As(err, &usage), errors.As(err, &several):
		return fault(admin.ExitUsage, admin.CodeUsage)
	case errors.As(err, &config):
		return fault(admin.ExitConfiguration, admin.CodeConfiguration)
	case errors.As(err, &unreachable), errors.As(err, &none):
		return fault(admin.ExitUnreachable, admin.CodeUnreachable)
	}
	return fault(admin.ExitFailure, admin.CodeFailed)
}
