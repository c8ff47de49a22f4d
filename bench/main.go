//go:build linux

// Command bench compares this daemon with Corosync and with what the kernel
// can carry at all, on one bed: hosts as network namespaces on parallel
// bridges. It starts daemons, drives the same loads through each in turn, and
// writes what it measured, a table with ratios and plots.
//
//	go run ./bench                 everything, about an hour; needs root, ip and tc
//	go run ./bench -quick          a look, a few minutes
//	go run ./bench -from FILE      table and plots of an earlier run's samples
//
// Corosync takes part if corosync, libcpg's header and a C compiler are there
// (on Debian: corosync libcpg-dev gcc).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	out, from, programs, base string
	modes, what, contenders   []string
	pairs, hosts              int
	quiet                     float64
	plan                      plan
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// parse reads the command line.
func parse(args []string) (options, error) {
	var o options
	var modes, what, contenders string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.out, "out", "bench/results", "directory for samples.json, table.md and the plots")
	f.StringVar(&o.from, "from", "", "measure nothing: make table and plots of this samples.json")
	f.StringVar(&o.programs, "programs", "", "directory with spreadd and spreadctl (default: build them)")
	f.StringVar(&o.base, "base", "", "directory with an older spreadd, to be compared as ours-base")
	f.StringVar(&modes, "mode", "ideal,wire", "ideal: bare veth, runs of segments cross it whole; wire: 1 Gb/s a cable")
	f.StringVar(&what, "what", "floor,throughput,latency,cut", "what to measure")
	f.StringVar(&contenders, "contenders", "", "only these, with commas (default: all there are)")
	f.IntVar(&o.pairs, "pairs", 0, "rounds in which every contender has its turn (default 5; 1 with -quick)")
	f.IntVar(&o.hosts, "hosts", 3, "hosts, each with a daemon and a client")
	f.DurationVar(&o.plan.duration, "duration", 0, "how long each load is measured (default 5s; 2s with -quick)")
	f.DurationVar(&o.plan.warmup, "warmup", 0, "how long it runs before that (default 2s; 1s with -quick)")
	f.IntVar(&o.plan.senders, "senders", 0, "clients that send (default: all, and of Corosync one where throughput is measured)")
	f.Float64Var(&o.quiet, "quiet", 1, "wait with each load until less than this share of the machine is in use")
	f.BoolVar(&o.plan.quick, "quick", false, "few loads, one round, shorter")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	pairs, duration, warmup := 5, 5*time.Second, 2*time.Second
	if o.plan.quick {
		pairs, duration, warmup = 1, 2*time.Second, time.Second
	}
	if o.pairs == 0 {
		o.pairs = pairs
	}
	if o.plan.duration == 0 {
		o.plan.duration = duration
	}
	if o.plan.warmup == 0 {
		o.plan.warmup = warmup
	}
	o.modes, o.what = strings.Split(modes, ","), strings.Split(what, ",")
	if contenders != "" {
		o.contenders = strings.Split(contenders, ",")
	}
	if f.NArg() > 0 || o.pairs < 1 || o.hosts < 2 || o.hosts > 30 || o.plan.senders < 0 || o.plan.senders > o.hosts || !(o.quiet > 0) || o.plan.duration < time.Second {
		return o, errors.New("no arguments, one pair or more, 2 to 30 hosts, as many senders at most, a second or more, and not without any use of the machine")
	}
	for _, m := range o.modes {
		if m != ideal && m != wire {
			return o, fmt.Errorf("mode %q is neither %s nor %s", m, ideal, wire)
		}
	}
	return o, nil
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.from != "" {
		r, err := readRecord(o.from)
		if err != nil {
			return err
		}
		return r.render(o.out)
	}
	r := newRecord(o)
	err = measure(ctx, o, r)
	// What was measured before something failed is not thrown away.
	return errors.Join(err, r.save(filepath.Join(o.out, "samples.json")), r.render(o.out))
}

// measure runs everything in every mode.
func measure(ctx context.Context, o options, r *record) error {
	dir, err := os.MkdirTemp("", "mpspread-bed-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	contenders, err := o.find(ctx, dir)
	if err != nil {
		return err
	}
	for _, mode := range o.modes {
		if err := o.onBed(ctx, dir, mode, contenders, r); err != nil {
			return err
		}
	}
	return nil
}

// onBed measures on a bed of its own.
func (o *options) onBed(ctx context.Context, dir, mode string, contenders []contender, r *record) (err error) {
	b, err := newBed(dir, mode, o.hosts, o.quiet)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	loads := o.plan.loads(o.what, mode)
	for round := range o.pairs {
		if slices.Contains(o.what, "floor") {
			for _, f := range floors {
				noise, err := b.await(ctx)
				if err != nil {
					return err
				}
				s, err := b.floor(ctx, f, o.plan.duration)
				if err != nil {
					return err
				}
				s.Round, s.Noise = round, noise
				r.add(s)
			}
		}
		for _, c := range contenders {
			if err := b.round(ctx, c, loads, round, r); err != nil {
				return err
			}
		}
	}
	return nil
}
