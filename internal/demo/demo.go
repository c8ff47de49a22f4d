package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mpspread/internal/admin"
	"mpspread/internal/cluster"
)

// tick is how often the course of the demonstration is looked at.
const tick = 50 * time.Millisecond

// Times allowed.
const (
	ringTimeout  = 10 * time.Second // from the daemons' start to one ring of all
	drainTimeout = 3 * time.Second  // for the last messages, without any coming
)

// Options say how the demonstration is run.
type Options struct {
	// Self is the command line of a program that calls cluster.RunDaemon with
	// the two arguments added: configuration file and daemon's name.
	Self []string
	// Out gets the table, or lines if it is not a Terminal.
	Out      io.Writer
	Terminal bool
	Style    admin.Style
	// Plan is the course; nil: Plan().
	Plan []Phase
	// Rate is messages a second of each sender, at most MaxRate; 0:
	// DefaultRate.
	Rate int
}

// Bounds of Options.Rate.
const (
	DefaultRate = 1000
	MaxRate     = 100_000
)

// Run starts three daemons and a client on each, runs the plan, ends
// everything and gives the verdict. All processes have ended and the private
// directory is removed when it returns; if something failed the daemons' logs
// are kept, and named in the error or the verdict's Failures.
//
// An error tells that there is no verdict: something could not be started,
// a daemon ended too early, or ctx did.
func Run(ctx context.Context, o Options) (Verdict, error) {
	if o.Plan == nil {
		o.Plan = Plan()
	}
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	c, err := cluster.New(cluster.Options{Name: "demo", Self: o.Self})
	if err != nil {
		return Verdict{}, err
	}
	// What it cannot remove it leaves: a temporary file is no reason to fail.
	defer func() { _ = c.Remove() }()
	v, err := run(ctx, o, c)
	if err == nil && v.OK() || ctx.Err() != nil {
		return v, err
	}
	logs, keepErr := c.KeepLogs()
	if keepErr != nil {
		return v, errors.Join(err, keepErr)
	}
	if err != nil {
		return v, fmt.Errorf("%w\nlogs of the daemons: %s", err, logs)
	}
	v.Failures = append(v.Failures, "logs of the daemons: "+logs)
	return v, nil
}

// show is a running demonstration.
type show struct {
	o         Options
	cluster   *cluster.Cluster
	watch     *cluster.Watch
	load      *load
	before    []*admin.Status // when the first message was sent
	screen    screen
	unnoticed []string
}

func run(ctx context.Context, o Options, c *cluster.Cluster) (v Verdict, err error) {
	s := &show{o: o, cluster: c, screen: screen{out: o.Out, terminal: o.Terminal, style: o.Style}}
	defer func() {
		for _, failure := range c.Stop() {
			v.Failures = append(v.Failures, failure.Error())
		}
	}()
	_, _ = fmt.Fprintf(o.Out, "three daemons (%s) on two loopback networks, UDP port %d, sealed; a client on each multicasts in agreed order\n",
		strings.Join(cluster.Daemons, " "), c.Port())
	if err := c.Start(); err != nil {
		return v, err
	}
	s.watch = cluster.NewWatch(ctx, c.AdminSockets())
	defer s.watch.Stop()
	if err := s.until(ctx, ringTimeout, "the daemons did not form one ring of all", func() bool {
		return cluster.OneRing(s.watch.Statuses()) && cluster.Noticed(s.watch.Statuses(), nil)
	}); err != nil {
		return v, err
	}
	if s.load, err = startLoad(ctx, c.ClientSockets(), o.Rate); err != nil {
		return v, err
	}
	defer s.load.stop()
	return s.perform(ctx)
}

// perform runs the plan on a ring that works, and judges.
func (s *show) perform(ctx context.Context) (Verdict, error) {
	s.before = s.watch.Statuses()
	s.load.begin()
	var cut []string
	for _, phase := range s.o.Plan {
		if err := s.switchTo(cut, phase.Cut); err != nil {
			return Verdict{}, err
		}
		cut = phase.Cut
		if err := s.phase(ctx, phase); err != nil {
			return Verdict{}, err
		}
	}
	s.load.end()
	if err := s.drain(ctx); err != nil {
		return Verdict{}, err
	}
	// A status that is newer than the last message.
	after := s.watch.Fresh(ctx)
	v := s.load.verdict()
	v.MembershipChanges = max(v.MembershipChanges, cluster.Changes(s.before, after))
	v.Unnoticed = s.unnoticed
	if !cluster.OneRing(after) {
		v.Failures = append(v.Failures, "the daemons are not in one ring of all at the end")
	}
	return v, nil
}

// switchTo cuts and heals what differs between two phases.
func (s *show) switchTo(from, to []string) error {
	for _, n := range cluster.Networks {
		was, is := slices.Contains(from, n), slices.Contains(to, n)
		if was == is {
			continue
		}
		if err := s.cluster.Cut(n, is); err != nil {
			return err
		}
	}
	return nil
}

// phase lets a phase run its time, and longer if the daemons have not noticed
// it by then.
func (s *show) phase(ctx context.Context, p Phase) error {
	begin := time.Now()
	every := time.NewTicker(tick)
	defer every.Stop()
	told := false
	for {
		told = told || cluster.Noticed(s.watch.Statuses(), p.Cut)
		s.screen.show(s.frame(p, told))
		switch span := time.Since(begin); {
		case span >= p.For+noticeLimit:
			s.unnoticed = append(s.unnoticed, frame{cut: p.Cut}.heading())
			return nil
		case span >= p.For && told:
			return nil
		}
		if err := s.wait(ctx, every); err != nil {
			return err
		}
	}
}

func (s *show) frame(p Phase, told bool) frame {
	sent, delivered := s.load.progress()
	return frame{
		at: s.load.elapsed(), cut: p.Cut, noticed: told, before: s.before, statuses: s.watch.Statuses(),
		sent: sent, delivered: delivered,
	}
}

// drain waits until every receiver has every message, or none comes any more.
func (s *show) drain(ctx context.Context) error {
	every := time.NewTicker(tick)
	defer every.Stop()
	var best uint64
	for last := time.Now(); time.Since(last) < drainTimeout; {
		sent, delivered := s.load.progress()
		var sum uint64
		for _, d := range delivered {
			sum += d
		}
		if sum >= sent*uint64(len(delivered)) {
			return nil
		}
		if sum > best {
			best, last = sum, time.Now()
		}
		if err := s.wait(ctx, every); err != nil {
			return err
		}
	}
	return nil
}

// until waits for a condition.
func (s *show) until(ctx context.Context, limit time.Duration, failure string, done func() bool) error {
	every := time.NewTicker(tick)
	defer every.Stop()
	for begin := time.Now(); !done(); {
		if time.Since(begin) > limit {
			return fmt.Errorf("demo: %s within %v", failure, limit)
		}
		if err := s.wait(ctx, every); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for the next tick, and fails if ctx or a daemon ends before.
func (s *show) wait(ctx context.Context, every *time.Ticker) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-every.C:
	}
	if err := s.cluster.Ended(); err != nil {
		return err
	}
	if s.load != nil {
		return s.load.failure()
	}
	return nil
}
