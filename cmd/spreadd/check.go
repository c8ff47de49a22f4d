package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"mpspread/config"
	"mpspread/daemon"
)

const checkHelp = `Reads the configuration FILE and says what is wrong with it: each error with
file, line, column and key. Without FILE it is the one that "spreadd run" would
find. The key file and the files of client.tls are checked too, where they are
there and can be read.

Warnings tell what is allowed but perhaps not meant; they do not change the exit
status. With --effective, everything the file comes to is shown: the defaults,
the timers that follow from failure_detection and how long a crash takes to be
settled, and the hash that must be the same on all hosts.

Exit status: 0 the configuration is valid, 5 it is not, 1 it cannot be read.`

func (a *app) checkCommand() *cobra.Command {
	var effective bool
	cmd := &cobra.Command{
		Use:     "check [FILE]",
		Short:   "check a configuration file",
		Long:    checkHelp,
		Example: "  spreadd check /etc/spread/spread.toml\n  spreadd check --effective spread.toml",
		Args:    atMost(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file := ""
			if len(args) > 0 {
				file = args[0]
			}
			return a.check(file, effective)
		},
	}
	cmd.Flags().BoolVar(&effective, "effective", false, "show the values that take effect")
	return cmd
}

func (a *app) check(file string, effective bool) error {
	cfg, err := a.load(file)
	if err != nil {
		return err
	}
	warnings := cfg.Warnings(a.realtime())
	if cfg.KeyFile != "" {
		w, err := checkKeys(cfg.KeyFile)
		if err != nil {
			return err
		}
		warnings = append(warnings, w...)
	}
	w, err := checkTLS(cfg)
	if err != nil {
		return err
	}
	warnings = append(warnings, w...)
	for _, w := range warnings {
		fmt.Fprintf(a.stderr, "%s: warning: %s\n", sourceOf(cfg), w)
	}
	if effective {
		return config.Effective(a.stdout, cfg)
	}
	fmt.Fprintf(a.stdout, "%s: valid, hash %016x\n", sourceOf(cfg), cfg.Hash())
	return nil
}

// checkKeys checks the key file. That it is not there, or not for this user
// to read, is only worth a warning: a configuration may be checked anywhere.
func checkKeys(file string) ([]config.Warning, error) {
	keys, err := config.LoadKeys(file)
	for i := range keys {
		keys[i].Wipe()
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return []config.Warning{{Key: "key_file", Msg: err.Error() + "; the daemon will need it"}}, nil
	}
	return nil, err
}

// checkTLS checks the files of client.tls, with the same lenience.
func checkTLS(cfg *config.Config) ([]config.Warning, error) {
	_, err := daemon.LoadTLS(cfg)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return []config.Warning{{Key: "client.tls", Msg: err.Error() + "; the daemon will need it"}}, nil
	}
	return nil, err
}
