package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mpspread/internal/admin"
	"mpspread/internal/cluster"
	"mpspread/internal/soak"
	"mpspread/internal/traffic"
)

// errSoak ends a soak with a bad verdict, errInterrupted one that was ended
// before; the verdict line has said what.
var (
	errSoak        = errors.New("the soak failed")
	errInterrupted = errors.New("the soak was interrupted")
)

// soaking is the flags of soak.
type soaking struct {
	packets    uint64
	size, rate int
	loss       float64
	phase      time.Duration
	connect    string
	namespaces bool
}

func (a *app) soakCommand() *cobra.Command {
	var s soaking
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "drive very many packets through a cluster whose networks are bad",
		Long: `soak drives packets through a cluster of three daemons, which it brings along,
while both networks lose packets, network B is late by up to 5 s, and each
network flaps; one of the two always works. A client on each daemon multicasts
and checks everything that comes: nothing lost, nothing twice, one order, no
membership change. It stops at the first fault, and ends with a verdict line.

The daemons are on two loopback networks, or with --namespaces (root on Linux,
ip and nft) each in a network namespace, on two bridges. With --connect it
loads daemons that run already, leaves their networks alone, and counts
messages for packets.

It ends with 0 if all was well, with 1 if not. Interrupted, it ends with 1 and
with a verdict on what went through until then.`,
		Example: `  spreadctl soak
  sudo spreadctl soak --namespaces --packets 32000000
  spreadctl soak --connect unix:/run/spread/4803 --packets 100000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.refuse("soak", "socket", "config", "network", "daemon", "all"); err != nil {
				return err
			}
			o, err := a.soakOptions(s)
			if err != nil {
				return err
			}
			verdict, err := soak.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			bad := errSoak
			if verdict.Interrupted {
				bad = errInterrupted
			}
			return a.conclude(verdict.OK(), &verdict, struct {
				Version int  `json:"version"`
				OK      bool `json:"ok"`
				soak.Verdict
			}{admin.DocumentVersion, verdict.OK(), verdict}, bad)
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&s.packets, "packets", 1_000_000, "distinct data packets to drive through; copies do not count")
	f.IntVar(&s.size, "size", soak.DefaultSize, "bytes of each message")
	f.IntVar(&s.rate, "rate", 0, "messages a second of all clients together, at most (default: as many as go through)")
	f.Float64Var(&s.loss, "loss", soak.DefaultLoss, "share of packets that each receiver loses on each network, 0 to 0.5")
	f.DurationVar(&s.phase, "phase", 10*time.Second, "how long each phase of the course lasts")
	f.StringVar(&s.connect, "connect", "", "load these daemons instead, a client at each: unix:/path or tcp:host:port, with commas")
	f.BoolVar(&s.namespaces, "namespaces", false, "put the daemons into network namespaces (root)")
	return cmd
}

// soakOptions judges the flags.
func (a *app) soakOptions(s soaking) (soak.Options, error) {
	switch {
	case s.packets < 1:
		return soak.Options{}, usagef("--packets is 1 or more")
	case s.size < traffic.MinSize || s.size > soak.MaxSize:
		return soak.Options{}, usagef("--size is %d to %d", traffic.MinSize, soak.MaxSize)
	case s.rate < 0:
		return soak.Options{}, usagef("--rate is not negative")
	case !(s.loss >= 0 && s.loss <= 0.5): // NaN neither
		return soak.Options{}, usagef("--loss is 0 to 0.5")
	case s.phase < 100*time.Millisecond:
		return soak.Options{}, usagef("--phase is 100ms or more")
	case s.connect != "" && s.namespaces:
		return soak.Options{}, usagef("--connect and --namespaces exclude each other")
	}
	self, err := daemonProcess()
	if err != nil {
		return soak.Options{}, err
	}
	o := soak.Options{
		Packets: s.packets, Size: s.size, Rate: s.rate, Loss: s.loss, Course: soak.Course(s.phase), Out: a.out, Terminal: a.terminal,
		Cluster: cluster.Options{Name: "soak", Self: self, Namespaces: s.namespaces, MTU: soak.MTU},
	}
	if s.connect != "" {
		o.Connect = strings.Split(s.connect, ",")
	}
	if a.json {
		o.Out, o.Terminal = a.err, false
	}
	return o, nil
}
