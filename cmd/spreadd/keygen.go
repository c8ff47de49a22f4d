package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"mpspread/config"
)

const keygenHelp = `Makes a key file with one fresh key, the active one, and writes it to standard
output, or to FILE, which must not exist yet, readable by its owner only (mode
0600). Every host of the cluster needs the same file, readable by the user that
the daemon runs as, and key_file in the configuration names it.

Whoever has the key can read and forge what the daemons send to each other.`

func (a *app) keygenCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "keygen",
		Short:   "make a key for the cluster",
		Long:    keygenHelp,
		Example: "  spreadd keygen -o /etc/spread/cluster.key",
		Args:    atMost(0),
		RunE:    func(*cobra.Command, []string) error { return a.keygen(file) },
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "write to `FILE`, which must not exist")
	return cmd
}

func (a *app) keygen(file string) error {
	key := config.GenerateKeyFile()
	defer clear(key)
	if file == "" {
		if _, err := a.stdout.Write(key); err != nil {
			return fmt.Errorf("write the key: %w", err)
		}
		return nil
	}
	if err := writeNew(file, key); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "spreadd: %s is made; copy it to every host of the cluster\n", file)
	return nil
}

// writeNew makes a file that only its owner can read. Nothing that exists is
// touched, not even through a symbolic link, and nothing half written is left.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists; a key in use must not get lost, so move it away first", path)
	}
	if err != nil {
		return fmt.Errorf("make the key file: %w", err)
	}
	_, err = f.Write(data)
	// Whatever the umask left of the mode: the owner must be able to read.
	err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("write the key file: %w", err), os.Remove(path))
	}
	return nil
}
