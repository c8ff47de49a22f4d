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
	// Self is the command line of a program that calls RunDaemon with the two
	// arguments that Run adds: configuration file and daemon's name.
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
	c, err := newCluster()
	if err != nil {
		return Verdict{}, err
	}
	defer c.remove()
	v, err := run(ctx, o, c)
	if err == nil && v.OK() || ctx.Err() != nil {
		return v, err
	}
	logs, keepErr := c.keepLogs()
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
	processes []*process
	watch     *watch
	load      *load
	before    []*admin.Status // when the first message was sent
	screen    screen
	unnoticed []string
}

func run(ctx context.Context, o Options, c *cluster) (v Verdict, err error) {
	s := &show{o: o, screen: screen{out: o.Out, terminal: o.Terminal, style: o.Style}}
	defer func() {
		for _, failure := range s.stopProcesses() {
			v.Failures = append(v.Failures, failure.Error())
		}
	}()
	_, _ = fmt.Fprintf(o.Out, "three daemons (%s) on two loopback networks, UDP port %d, sealed; a client on each multicasts in agreed order\n",
		strings.Join(daemonNames, " "), c.port)
	if err := s.startProcesses(c); err != nil {
		return v, err
	}
	s.watch = startWatch(ctx, each(c.admin))
	defer s.watch.stop()
	if err := s.until(ctx, ringTimeout, "the daemons did not form one ring of all", func() bool {
		return oneRing(s.watch.statuses()) && noticed(s.watch.statuses(), nil)
	}); err != nil {
		return v, err
	}
	if s.load, err = startLoad(ctx, each(c.clients), o.Rate); err != nil {
		return v, err
	}
	defer s.load.stop()
	return s.perform(ctx)
}

// each gives a path for every daemon.
func each(path func(daemon string) string) []string {
	var all []string
	for _, name := range daemonNames {
		all = append(all, path(name))
	}
	return all
}

// perform runs the plan on a ring that works, and judges.
func (s *show) perform(ctx context.Context) (Verdict, error) {
	s.before = s.watch.statuses()
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
	after := s.freshStatuses(ctx)
	v := s.load.verdict()
	v.MembershipChanges = max(v.MembershipChanges, changes(s.before, after))
	v.Unnoticed = s.unnoticed
	if !oneRing(after) {
		v.Failures = append(v.Failures, "the daemons are not in one ring of all at the end")
	}
	return v, nil
}

// freshStatuses asks every daemon now.
func (s *show) freshStatuses(ctx context.Context) []*admin.Status {
	s.watch.stop()
	all := make([]*admin.Status, len(s.processes))
	for i := range all {
		all[i] = ask(ctx, admin.Local{Socket: s.watch.sockets[i]})
	}
	return all
}

// switchTo cuts and heals at every daemon what differs between two phases.
func (s *show) switchTo(from, to []string) error {
	for _, p := range s.processes {
		for _, n := range networkNames {
			was, is := slices.Contains(from, n), slices.Contains(to, n)
			if was == is {
				continue
			}
			verb := verbHeal
			if is {
				verb = verbCut
			}
			if err := p.command(verb + " " + n); err != nil {
				return err
			}
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
		told = told || noticed(s.watch.statuses(), p.Cut)
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
		at: s.load.elapsed(), cut: p.Cut, noticed: told, before: s.before, statuses: s.watch.statuses(),
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
	for _, p := range s.processes {
		select {
		case <-p.ended:
			return fmt.Errorf("demo: daemon %s ended: %w", p.name, p.reason())
		default:
		}
	}
	if s.load != nil {
		return s.load.failure()
	}
	return nil
}

// startProcesses starts all daemons and waits until each is ready.
func (s *show) startProcesses(c *cluster) error {
	for _, name := range daemonNames {
		p, err := startProcess(s.o.Self, c, name)
		if err != nil {
			return err
		}
		s.processes = append(s.processes, p)
	}
	for _, p := range s.processes {
		if err := p.expect(lineReady, startTimeout); err != nil {
			return err
		}
	}
	return nil
}

// stopProcesses ends all daemons, at once, and tells which did not end well.
func (s *show) stopProcesses() []error {
	failures := make(chan error, len(s.processes))
	for _, p := range s.processes {
		go func() { failures <- p.stop(stopTimeout) }()
	}
	var all []error
	for range s.processes {
		if err := <-failures; err != nil {
			all = append(all, err)
		}
	}
	return all
}
