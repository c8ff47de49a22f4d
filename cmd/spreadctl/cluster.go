package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mpspread/internal/cluster"
)

// clusterDaemon is the hidden command that is one daemon of a cluster which a
// command brings along.
const clusterDaemon = "cluster-daemon"

// daemonProcess is the start of its command line.
func daemonProcess() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	return []string{self, clusterDaemon}, nil
}

func (a *app) clusterDaemonCommand() *cobra.Command {
	return &cobra.Command{
		Use:    clusterDaemon + " CONFIG NAME",
		Short:  "one daemon of a cluster that demo, bench or soak brings along",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return cluster.RunDaemon(cmd.Context(), args[0], args[1], a.in, a.out)
		},
	}
}
