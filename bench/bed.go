//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mpspread/internal/labnet"
)

// The two kinds of bed.
const (
	ideal = "ideal" // bare veth: runs of segments cross it whole
	wire  = "wire"  // each cable carries wireRate, which cuts runs into packets
)

const (
	wireRate = 1_000_000_000 // bits a second, of every cable each way
	networks = 2
	// cutNetwork is the one that is cut: the first, which Corosync uses when it
	// uses one at a time.
	cutNetwork = 0
	// settle is what daemons get to end their start, after their ring is there.
	settle = 500 * time.Millisecond
)

// bed is hosts on parallel networks, and a directory for what runs on them.
type bed struct {
	*labnet.Testbed
	dir, mode string
	quiet     float64 // loads are driven while less of the machine is in use
}

func newBed(dir, mode string, hosts int, quiet float64) (*bed, error) {
	if err := labnet.RemoveLeftovers(); err != nil {
		return nil, err
	}
	o := labnet.Options{Networks: networks, Bare: true}
	for h := range hosts {
		o.Hosts = append(o.Hosts, fmt.Sprintf("h%d", h+1))
	}
	testbed, err := labnet.New(o)
	if err != nil {
		return nil, err
	}
	b := &bed{Testbed: testbed, dir: filepath.Join(dir, mode), mode: mode, quiet: quiet}
	if err := b.prepare(); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bed) prepare() error {
	if b.mode == wire {
		for _, h := range b.Hosts {
			for n := range b.Networks {
				if err := b.Shape(h, n, wireRate); err != nil {
					return err
				}
			}
		}
	}
	return os.Mkdir(b.dir, 0o700)
}

func (b *bed) close() error { return b.Close() }

// contender is something to be measured.
type contender interface {
	// name is what it is called in the results.
	name() string
	// start starts its daemons, one on each host, in a directory of its own,
	// and returns when they are one ring.
	start(ctx context.Context, b *bed, dir string) (running, error)
}

// running is a contender's daemons.
type running interface {
	// measure drives a load through them.
	measure(ctx context.Context, l load) (outcome, error)
	// pids are the daemons' processes.
	pids() []int
	// stop ends them.
	stop() error
}

// round is one contender's turn: all loads, one after the other, with daemons
// that start for it and end with it.
func (b *bed) round(ctx context.Context, c contender, loads []load, round int, r *record) (err error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("%s-%d", c.name(), round))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	daemons, err := c.start(ctx, b, dir)
	if err != nil {
		return fmt.Errorf("starting %s: %w", c.name(), err)
	}
	defer func() { err = errors.Join(err, daemons.stop()) }()
	if err := wait(ctx, settle); err != nil {
		return err
	}
	for _, l := range loads {
		if len(l.only) > 0 && !slices.Contains(l.only, c.name()) {
			continue
		}
		s := sample{Mode: b.mode, Contender: c.name(), Load: l.name, Round: round}
		result, noise, err := b.quietly(ctx, daemons, l)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.Noise = noise
		if err != nil {
			s.Failure = err.Error()
		} else {
			s.Result = &result
		}
		r.add(s)
	}
	return nil
}

// drive measures one load, and cuts a network meanwhile if it says so.
func (b *bed) drive(ctx context.Context, daemons running, l load) (outcome, error) {
	if !l.cut {
		return withSystemCalls(ctx, daemons, l)
	}
	cut := make(chan error, 1)
	go func() {
		err := wait(ctx, l.warmup+l.duration/2)
		if err == nil {
			err = b.SetSwitch(cutNetwork, false)
		}
		cut <- err
	}()
	result, err := daemons.measure(ctx, l)
	err = errors.Join(err, <-cut, b.SetSwitch(cutNetwork, true))
	// The daemons notice that it is back before the next load.
	return result, errors.Join(err, wait(ctx, 3*time.Second))
}

// wait waits, unless ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
