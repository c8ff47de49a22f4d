// Package soak drives very many packets through a cluster while its networks
// lose packets, flap and run far out of step, and judges what becomes of every
// message (requirement S10). The mark to pass is that of 2001: 32 million
// packets with two networks out of step, where a 4-bit token counter had died
// before 10 000.
//
// Run may be called once at a time in a process.
package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"mpspread/internal/admin"
	"mpspread/internal/cluster"
)

// Options say what is driven through what.
type Options struct {
	// Packets is how many distinct data packets it is to be.
	Packets uint64
	// Size is that of each message, in bytes. By default two do not fit into
	// one packet.
	Size int
	// Rate is how many messages a second the clients send together at most; 0:
	// as fast as their messages come back.
	Rate int
	// Connect, if not empty, are addresses of clients' sockets of daemons
	// that run already. Their networks are left alone, and messages are
	// counted for packets. Else a cluster is brought along.
	Connect []string
	// Cluster is the one to bring along.
	Cluster cluster.Options
	// Loss is what both networks lose of all packets, 0 to 1.
	Loss float64
	// Course is what happens to its networks; nil: Course(10 s).
	Course []Phase

	Out      io.Writer // gets the progress
	Terminal bool
}

const (
	// MTU is that of the networks brought along, an Ethernet's; DefaultSize
	// lets one message fill more than half of a packet on it.
	MTU         = 1500
	DefaultSize = 720
	// MaxSize is that of the largest message Spread's protocol carries to one
	// group.
	MaxSize = 144_000 - 32
	// DefaultLoss is the loss of the historical mark's rerun.
	DefaultLoss = 0.01
	// FirstMark is where the 4-bit token had died.
	FirstMark = 10_000

	tick         = 100 * time.Millisecond
	ringTimeout  = 20 * time.Second // from the daemons' start to one ring of all
	drainTimeout = 15 * time.Second // for the last messages, without any coming
)

// Run runs a soak to its end, or to the first fault, and judges. Everything it
// started has ended, and what it made is removed, when it returns; if something
// failed the daemons' logs are kept, and named in the error or the verdict.
//
// If ctx ends before, the verdict is on what went through until then, and says
// so. An error tells that there is no verdict: something could not be started,
// or ctx ended before the first message.
func Run(ctx context.Context, o Options) (Verdict, error) {
	if o.Size == 0 {
		o.Size = DefaultSize
	}
	if o.Course == nil {
		o.Course = Course(10 * time.Second)
	}
	s := &soak{o: o, progress: progress{out: o.Out, terminal: o.Terminal, wanted: o.Packets}, verdict: Verdict{Wanted: o.Packets}}
	if len(o.Connect) > 0 {
		s.addresses = o.Connect
		return s.verdict, s.run(ctx)
	}
	return s.withCluster(ctx)
}

// soak is a running one. Its methods belong to one goroutine.
type soak struct {
	o         Options
	addresses []string
	cluster   *cluster.Cluster // nil: the user's
	watch     *cluster.Watch
	before    []*admin.Status // when the first message was sent
	latest    []*admin.Status // what each daemon said last
	load      *load
	started   time.Time
	phase     atomic.Pointer[Phase]
	rounds    atomic.Int64
	weather   chan error // what ended the course
	progress  progress
	verdict   Verdict
}

// withCluster runs it on a cluster of its own.
func (s *soak) withCluster(ctx context.Context) (Verdict, error) {
	c, err := cluster.New(s.o.Cluster)
	if err != nil {
		return s.verdict, err
	}
	s.cluster = c
	err = s.onCluster(ctx)
	if s.failed(ctx, err) {
		logs, keepErr := c.KeepLogs()
		if keepErr != nil {
			err = errors.Join(err, keepErr)
		} else if err != nil {
			err = fmt.Errorf("%w\nlogs of the daemons: %s", err, logs)
		} else {
			s.verdict.Failures = append(s.verdict.Failures, "logs of the daemons: "+logs)
		}
	}
	return s.verdict, errors.Join(err, c.Remove())
}

// failed tells whether something went wrong, besides that ctx has ended.
func (s *soak) failed(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return err == nil && !s.verdict.clean()
	}
	return err != nil || !s.verdict.OK()
}

func (s *soak) onCluster(ctx context.Context) error {
	defer func() {
		for _, failure := range s.cluster.Stop() {
			s.verdict.Failures = append(s.verdict.Failures, failure.Error())
		}
	}()
	if err := s.cluster.Start(); err != nil {
		return err
	}
	s.watch = cluster.NewWatch(context.WithoutCancel(ctx), s.cluster.AdminSockets())
	defer s.watch.Stop()
	for _, socket := range s.cluster.ClientSockets() {
		s.addresses = append(s.addresses, "unix:"+socket)
	}
	err := s.until(ctx, ringTimeout, func() bool {
		all := s.watch.Statuses()
		return cluster.OneRing(all) && cluster.Noticed(all, nil)
	})
	if err != nil {
		return fmt.Errorf("soak: no ring of all daemons: %w", err)
	}
	if err := s.cluster.Lose(s.o.Loss); err != nil {
		return err
	}
	return s.run(ctx)
}

// run drives the packets and judges.
func (s *soak) run(ctx context.Context) error {
	var err error
	if s.load, err = connect(ctx, s.addresses, s.o.Size); err != nil {
		return err
	}
	defer s.load.stop()
	s.started = time.Now()
	most := s.o.Packets
	if s.cluster != nil {
		s.before, most = s.watch.Statuses(), 0
		s.latest = slices.Clone(s.before)
	}
	stopWeather := s.startWeather(ctx)
	s.load.begin(most, s.o.Rate)
	err = s.drive(ctx)
	s.verdict.Took = time.Since(s.started)
	s.load.end()
	weatherErr := stopWeather()
	s.progress.end()
	if err != nil && ctx.Err() != nil {
		// What is under way still comes, and is judged.
		s.verdict.Interrupted, err, ctx = true, nil, context.WithoutCancel(ctx)
	}
	if err == nil {
		err = s.drain(ctx)
	}
	for _, e := range []error{err, weatherErr} {
		if e != nil && !errors.Is(e, errWrong) {
			s.verdict.Failures = append(s.verdict.Failures, e.Error())
		}
	}
	s.count(ctx)
	s.load.stop()
	s.verdict.judge(s.load)
	return nil
}

// startWeather lets the course happen until the function returned is called,
// which tells what failed.
func (s *soak) startWeather(ctx context.Context) (stop func() error) {
	s.phase.Store(&Phase{Name: "networks as they are"})
	if s.cluster == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	s.weather = make(chan error, 1)
	go func() {
		s.weather <- weather(ctx, s.cluster, s.o.Course, func(p Phase) {
			if p.Name == s.o.Course[0].Name {
				s.rounds.Add(1)
			}
			s.phase.Store(&p)
		})
	}()
	return func() error { cancel(); return <-s.weather }
}

// drive waits until the packets have gone through, or something is wrong.
func (s *soak) drive(ctx context.Context) error {
	every := time.NewTicker(tick)
	defer every.Stop()
	for {
		packets := s.packets(s.statuses())
		s.mark(packets)
		now := s.state(packets)
		s.progress.show(now)
		if now.changes > 0 {
			return errWrong
		}
		if packets >= s.o.Packets {
			return nil
		}
		if err := s.wait(ctx, every); err != nil {
			return err
		}
	}
}

// statuses is what each daemon said last, if it did.
func (s *soak) statuses() []*admin.Status {
	if s.cluster == nil {
		return nil
	}
	for i, st := range s.watch.Statuses() {
		if st != nil {
			s.latest[i] = st
		}
	}
	return s.latest
}

// packets is how many have gone through: as the daemons count, or for want of
// their counters messages that have come to all.
func (s *soak) packets(statuses []*admin.Status) uint64 {
	if s.cluster != nil {
		return grown(s.before, statuses, "ring_data_sent")
	}
	_, delivered := s.load.progress()
	least := delivered[0]
	for _, d := range delivered {
		least = min(least, d)
	}
	return least
}

// grown is by how much a counter of the daemons grew, summed up.
func grown(before, after []*admin.Status, counter string) uint64 {
	var n uint64
	for i, st := range after {
		if st != nil && before[i] != nil {
			n += st.Counters[counter] - before[i].Counters[counter]
		}
	}
	return n
}

// mark notes when the marks of 2001 were passed.
func (s *soak) mark(packets uint64) {
	for _, m := range []uint64{FirstMark, s.o.Packets} {
		n := len(s.verdict.Marks)
		if packets >= m && (n == 0 || s.verdict.Marks[n-1].Packets < m) {
			s.verdict.Marks = append(s.verdict.Marks, Mark{m, time.Since(s.started)})
		}
	}
}

func (s *soak) state(packets uint64) state {
	st := state{at: time.Since(s.started), packets: packets, phase: s.phase.Load().Name}
	if s.cluster == nil {
		return st
	}
	all := s.watch.Statuses()
	st.changes = cluster.Changes(s.before, all)
	for _, a := range all {
		if a == nil {
			st.missing++
		}
	}
	return st
}

// drain waits until every receiver has every message, or none comes any more.
func (s *soak) drain(ctx context.Context) error {
	best, last := uint64(0), time.Now()
	return s.until(ctx, time.Hour, func() bool {
		sent, delivered := s.load.progress()
		var sum uint64
		for _, d := range delivered {
			sum += d
		}
		if sum > best {
			best, last = sum, time.Now()
		}
		return sum >= sent*uint64(len(delivered)) || time.Since(last) > drainTimeout
	})
}

// count takes the daemons' counters after the last message.
func (s *soak) count(ctx context.Context) {
	s.verdict.Rounds = int(s.rounds.Load())
	if s.cluster == nil {
		s.verdict.Packets = s.packets(nil)
		return
	}
	after := s.watch.Fresh(ctx)
	s.verdict.Packets = s.packets(after)
	s.verdict.Retransmitted = grown(s.before, after, "ring_data_resent")
	s.verdict.Stale = grown(s.before, after, "ring_tokens_stale")
	s.verdict.MembershipChanges = cluster.Changes(s.before, after)
	if !cluster.OneRing(after) {
		s.verdict.Failures = append(s.verdict.Failures, "the daemons are not in one ring of all at the end")
	}
}

// until waits for a condition.
func (s *soak) until(ctx context.Context, limit time.Duration, done func() bool) error {
	every := time.NewTicker(tick)
	defer every.Stop()
	for begin := time.Now(); !done(); {
		if time.Since(begin) > limit {
			return fmt.Errorf("soak: not within %v", limit)
		}
		if err := s.wait(ctx, every); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for the next tick, and fails if ctx, a daemon or a client ends
// before.
func (s *soak) wait(ctx context.Context, every *time.Ticker) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-every.C:
	}
	if s.cluster != nil {
		if err := s.cluster.Ended(); err != nil {
			return err
		}
	}
	select {
	case err := <-s.weather:
		s.weather <- err // for who stops it
		if err != nil {
			return err
		}
	default:
	}
	if s.load != nil {
		return s.load.failure()
	}
	return nil
}
