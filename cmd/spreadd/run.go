package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"mpspread/config"
	"mpspread/daemon"
)

// runFlags are the flags of run, which the command without a name has too.
type runFlags struct{ file, name, level string }

const runHelp = `Runs the daemon until it is interrupted (SIGINT, SIGTERM); then it takes leave
of the other daemons, which go on without it at once.

The configuration is FILE; without -c it is /etc/spread/spread.toml, or
spread.toml in the current directory. If neither exists, the daemon serves this
host alone: programs reach it at /tmp/4803 and at 127.0.0.1:4803.

One file serves all hosts. The daemon finds itself in it by the addresses of
this host; -n NAME says which one it is where that is not clear, or where the
addresses appear later.`

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:     "run",
		Short:   "run the daemon (the default)",
		Long:    runHelp,
		Example: "  spreadd run -c /etc/spread/spread.toml\n  spreadd run -c spread.toml -n h1",
		Args:    atMost(0),
		RunE:    func(*cobra.Command, []string) error { return a.run(f) },
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "configuration `FILE`")
	cmd.Flags().StringVarP(&f.name, "name", "n", "", "`NAME` of this daemon in the configuration")
	cmd.Flags().StringVar(&f.level, "log-level", "info", "log this `LEVEL` and above: debug, info, warn or error")
	return cmd
}

func (a *app) run(f runFlags) error {
	log, err := a.logger(f.level)
	if err != nil {
		return err
	}
	defer log.Sync()
	cfg, err := a.load(f.file)
	if err != nil {
		return err
	}
	name, err := a.self(cfg, f.name)
	if err != nil {
		return err
	}
	log.Info("starting", zap.String("software", a.software), zap.String("daemon", name),
		zap.String("configuration", sourceOf(cfg)), zap.Stringer("security", cfg.Security))

	// A log that nobody reads any more must not end the daemon.
	signal.Ignore(syscall.SIGPIPE)
	// Once one has come the signals stay caught until the process ends: programs
	// like timeout(1) send two at once, and the second must not cut the leave
	// short, or turn its exit status into a violent one.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = a.daemon(ctx, daemon.Options{
		Config: cfg, Name: name, Log: log, Software: a.software, Realtime: a.realtime(),
	})
	if ctx.Err() == nil {
		stop()
	}
	return err
}

// load reads the named configuration, or the first there is, or takes the
// built-in one.
func (a *app) load(file string) (*config.Config, error) {
	if file == "" {
		var err error
		if file, err = a.find(); err != nil {
			return nil, err
		}
	}
	if file == "" {
		return config.Default(), nil
	}
	return config.Load(file)
}

// find returns the first file that exists of those looked for; "" if none
// does. One that exists and cannot be read is not passed over.
func (a *app) find() (string, error) {
	for _, file := range a.files {
		_, err := os.Stat(file)
		switch {
		case err == nil:
			return file, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("look for the configuration: %w", err)
		}
	}
	return "", nil
}

// self finds the name of the daemon to run.
func (a *app) self(cfg *config.Config, name string) (string, error) {
	if name != "" {
		i, err := cfg.SelfByName(name)
		if err != nil {
			return "", err
		}
		return cfg.Daemons[i].Name, nil
	}
	local, err := a.local()
	if err != nil {
		return "", err
	}
	i, err := cfg.SelfByAddress(local)
	if err != nil {
		return "", err
	}
	return cfg.Daemons[i].Name, nil
}

func sourceOf(cfg *config.Config) string {
	if cfg.File == "" {
		return "built in, for this host alone"
	}
	return cfg.File
}
