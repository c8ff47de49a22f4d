package main

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mpspread/internal/admin"
	"mpspread/internal/bench"
	"mpspread/internal/cluster"
)

// benching is the flags of bench.
type benching struct {
	o                     bench.Options
	connect, service      string
	namespaces, plaintext bool
}

func (a *app) benchCommand() *cobra.Command {
	var b benching
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "measure throughput and latency, and check every message meanwhile",
		Long: `bench drives senders and receivers on several daemons from one process and
tells how many messages a second every receiver got, how long they took, the
longest time in which one got nothing, and the CPU time of the daemons. Every
receiver checks what comes: if a message is lost, comes twice, out of order or
damaged, or in another order than at another receiver, or if the membership
changes, there is no result.

Without --rate each sender keeps as many messages under way as --window says
(closed loop): that shows the throughput. With --rate messages are sent at fixed
times whatever becomes of those before (open loop), and latency counts from the
time a message was due.

With --connect it loads daemons that run already, of any make that speaks the
Spread client protocol; name one address for each daemon. Without it, it brings
three along, on two loopback networks or with --namespaces (root on Linux, ip
and nft) on two bridges between network namespaces, with an Ethernet's MTU.

A result is one of this machine, which daemons and clients share: compare it
with others of the same machine and time only.`,
		Example: `  spreadctl bench
  spreadctl bench --size 200 --rate 1000 --plaintext
  spreadctl bench --connect unix:/run/spread/h1,unix:/run/spread/h2 --size 1350 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.refuse("bench", "socket", "config", "network", "daemon", "all"); err != nil {
				return err
			}
			o, err := a.benchOptions(b)
			if err != nil {
				return err
			}
			result, err := bench.Run(cmd.Context(), o)
			if err != nil {
				return benchError(err)
			}
			if !a.json {
				a.printf("%s\n", result)
				return nil
			}
			return a.line(struct {
				Version int `json:"version"`
				*bench.Result
			}{admin.DocumentVersion, result})
		},
	}
	f := cmd.Flags()
	f.StringVar(&b.connect, "connect", "", "load these daemons, one address each: unix:/path or tcp:host:port, with commas")
	f.IntVar(&b.o.Size, "size", 100, "bytes of each message")
	f.StringVar(&b.service, "service", "agreed", "unreliable, reliable, fifo, causal, agreed or safe")
	f.IntVar(&b.o.Senders, "senders", 0, "sessions that send, in turn at each daemon (default: one a daemon)")
	f.IntVar(&b.o.Receivers, "receivers", 0, "sessions that receive; they are those that send, as far as these go (default: one a daemon)")
	f.Float64Var(&b.o.Rate, "rate", 0, "messages a second of all senders together, at fixed times (default: as many as go through)")
	f.IntVar(&b.o.Window, "window", 0, "messages each sender has under way without --rate (default: by size, 4 to 2048)")
	f.DurationVar(&b.o.Duration, "duration", 10*time.Second, "how long to measure")
	f.DurationVar(&b.o.Warmup, "warmup", 2*time.Second, "how long to run before it")
	f.StringVar(&b.o.Cut, "cut", "", "cut this network, A or B, halfway; not with --connect")
	f.BoolVar(&b.plaintext, "plaintext", false, "daemons brought along do not seal their packets")
	f.BoolVar(&b.namespaces, "namespaces", false, "put daemons brought along into network namespaces (root)")
	return cmd
}

// benchOptions judges the flags.
func (a *app) benchOptions(b benching) (bench.Options, error) {
	o := b.o
	switch {
	case o.Size < bench.MinSize || o.Size > bench.MaxSize:
		return o, usagef("--size is %d to %d", bench.MinSize, bench.MaxSize)
	case o.Senders < 0 || o.Senders > bench.MaxSessions:
		return o, usagef("--senders is 1 to %d", bench.MaxSessions)
	case o.Receivers < 0 || o.Receivers > bench.MaxSessions:
		return o, usagef("--receivers is 1 to %d", bench.MaxSessions)
	case !(o.Rate >= 0 && o.Rate <= bench.MaxRate): // NaN neither
		return o, usagef("--rate is 0 to %d", bench.MaxRate)
	case o.Window < 0 || o.Window > bench.MaxWindow:
		return o, usagef("--window is 1 to %d", bench.MaxWindow)
	case o.Rate > 0 && o.Window > 0:
		return o, usagef("--rate and --window exclude each other")
	case o.Duration < 100*time.Millisecond:
		return o, usagef("--duration is 100ms or more")
	case o.Warmup < 0:
		return o, usagef("--warmup is not negative")
	case b.connect != "" && (b.namespaces || b.plaintext || o.Cut != ""):
		return o, usagef("--connect excludes --namespaces, --plaintext and --cut: they are of daemons that are brought along")
	case o.Cut != "" && !slices.Contains(cluster.Networks, o.Cut):
		return o, usagef("--cut is one of %s", strings.Join(cluster.Networks, ", "))
	}
	var err error
	if o.Service, err = serviceNamed(b.service); err != nil {
		return o, err
	}
	self, err := daemonProcess()
	if err != nil {
		return o, err
	}
	o.Cluster = cluster.Options{Name: "bench", Self: self, Namespaces: b.namespaces, MTU: bench.MTU, Plaintext: b.plaintext}
	if b.connect != "" {
		o.Connect = strings.Split(b.connect, ",")
	}
	o.Out, o.Terminal = a.out, a.terminal
	if a.json {
		o.Out, o.Terminal = a.err, false
	}
	return o, nil
}

// benchError tells a daemon that is not there from other failures.
func benchError(err error) error {
	if c, ok := errors.AsType[*bench.ConnectError](err); ok {
		return connectError(c.Err, c.Address)
	}
	return err
}
