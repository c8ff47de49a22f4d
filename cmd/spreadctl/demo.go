package main

import (
	"errors"

	"github.com/spf13/cobra"

	"mpspread/internal/admin"
	"mpspread/internal/demo"
)

// errVerdict ends a demonstration that did not show what it is to show; the
// verdict line has said what.
var errVerdict = errors.New("the demonstration failed")

func (a *app) demoCommand() *cobra.Command {
	rate := demo.DefaultRate
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "three daemons on two networks of this machine, one network after the other cut",
		Long: `demo shows the whole product on this machine, without rights or files: three
daemons in processes of their own on two loopback networks (127.0.1.x and
127.0.2.x), a client on each that multicasts in agreed order, and one network
after the other cut and healed meanwhile. It takes less than 20 s and ends with
a verdict line, and with 0 only if nothing was lost, duplicated or out of order
and no membership changed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.refuse("demo", "socket", "config", "network", "daemon", "all"); err != nil {
				return err
			}
			if rate < 1 || rate > demo.MaxRate {
				return usagef("--rate is 1 to %d", demo.MaxRate)
			}
			self, err := daemonProcess()
			if err != nil {
				return err
			}
			o := demo.Options{Self: self, Out: a.out, Terminal: a.terminal, Style: a.style(), Rate: rate}
			if a.json {
				o.Out, o.Terminal, o.Style = a.err, false, admin.Style{}
			}
			verdict, err := demo.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			return a.conclude(verdict.OK(), verdict, struct {
				Version int  `json:"version"`
				OK      bool `json:"ok"`
				demo.Verdict
			}{admin.DocumentVersion, verdict.OK(), verdict}, errVerdict)
		},
	}
	cmd.Flags().IntVar(&rate, "rate", rate, "messages a second of each of the three clients")
	return cmd
}
