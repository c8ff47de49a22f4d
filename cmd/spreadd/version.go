package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of a released build, set by the linker
// (-X main.release=1.2.3).
var release string

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Long:  "Prints the version of mpspread, of Go, and the system it was built for.",
		Args:  atMost(0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "%s, %s, %s/%s\n", a.software, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// version is the program's name and version: the release, else what the Go
// tool recorded of module and revision.
func version() string {
	info, ok := debug.ReadBuildInfo()
	switch {
	case release != "":
		return "mpspread " + release
	case !ok || info.Main.Version == "":
		return "mpspread (unknown version)"
	}
	return "mpspread " + info.Main.Version
}
