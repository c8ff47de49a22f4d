package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"mpspread/internal/cluster"
)

const (
	joinTimeout  = 10 * time.Second
	drainTimeout = 5 * time.Second // for the last messages, without any coming
	// overrun is how long an open loop may go on after its end to send what was
	// due before.
	overrun = 5 * time.Second
	tick    = 20 * time.Millisecond
	// lead is how long before the first message everything is ready.
	lead = 20 * time.Millisecond
	// collectAt is how much garbage this process lets pile up, in percent of
	// what is in use: it is to take little from the daemons beside it.
	collectAt = 1000
)

// run is one measurement. Its methods belong to one goroutine; what receivers
// and senders read is set before they begin.
type run struct {
	o         Options
	addresses []string
	cluster   *cluster.Cluster // nil: the user's
	group     string
	sessions  []*session
	senders   []*sender
	receivers []*receiver

	ctx    context.Context
	cancel context.CancelCauseFunc
	all    sync.WaitGroup // receiving goroutines

	running    atomic.Bool   // memberships are changes, ends of sessions are failures
	changes    atomic.Uint64 // membership messages while running, over all receivers
	clock      clock
	schedule   *schedule // nil: closed loop
	windows    []*window // of a closed loop, by sender
	departures []*departures
	measured   span

	meter meter
	used  usage
}

// measure runs it on daemons that are there.
func measure(ctx context.Context, o Options, addresses []string, c *cluster.Cluster) (*Result, error) {
	o.fill(len(addresses))
	defer debug.SetGCPercent(debug.SetGCPercent(collectAt))
	r := &run{o: o, addresses: addresses, cluster: c, clock: clock{time.Now()}}
	// Nobody else's clients are in this group.
	r.group = fmt.Sprintf("bench-%d-%d", os.Getpid(), rand.Uint32())
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.stop()
	r.build()
	if err := r.connect(); err != nil {
		return nil, err
	}
	r.meter = newMeter(addresses)
	err := r.drive()
	if err == nil || errors.Is(err, errWrong) {
		err = r.drain()
	}
	r.stop()
	if err != nil {
		return nil, err
	}
	return r.result()
}

// fail ends the run.
func (r *run) fail(err error) { r.cancel(err) }

// build makes the sessions.
func (r *run) build() {
	for i := range max(r.o.Senders, r.o.Receivers) {
		s := &session{address: r.addresses[i%len(r.addresses)], joined: make(chan struct{})}
		if i < r.o.Senders {
			s.sender = &sender{number: i, late: newHistogram()}
			r.senders = append(r.senders, s.sender)
			r.windows = append(r.windows, newWindow(r.o.Window, r.o.Receivers))
			r.departures = append(r.departures, newDepartures(r.o.Window))
		}
		if i < r.o.Receivers {
			s.receiver = newReceiver(i, r.o.Senders)
			r.receivers = append(r.receivers, s.receiver)
		}
		r.sessions = append(r.sessions, s)
	}
}

// connect opens all sessions and waits until every receiver sees every other
// in the group.
func (r *run) connect() error {
	limit, done := context.WithTimeout(r.ctx, joinTimeout)
	defer done()
	for _, s := range r.sessions {
		if err := s.connect(limit, r.group); err != nil {
			return err
		}
		r.all.Go(func() { s.receive(r) })
	}
	for _, s := range r.sessions {
		select {
		case <-s.joined:
		case <-limit.Done():
			if r.ctx.Err() != nil {
				return context.Cause(r.ctx)
			}
			return fmt.Errorf("bench: the session at %s does not see all %d receivers: are all daemons in one ring?", s.address, r.o.Receivers)
		}
	}
	return nil
}

// drive sends for as long as is to be measured.
func (r *run) drive() error {
	begin := r.clock.now() + int64(lead)
	r.measured.from = begin + int64(r.o.Warmup)
	r.measured.to = r.measured.from + int64(r.o.Duration)
	if r.o.Rate > 0 {
		r.schedule = &schedule{begin: begin, senders: int64(r.o.Senders), rate: r.o.Rate}
	}
	r.running.Store(true)
	sending, end := context.WithCancel(r.ctx)
	defer end()
	finished := r.send(sending)
	err := r.watch(finished)
	end()
	select {
	case <-finished:
	case <-time.After(drainTimeout):
		r.fail(errStalled)
		<-finished
	}
	if err == nil && r.ctx.Err() != nil {
		err = context.Cause(r.ctx)
	}
	return err
}

// Why a run ends.
var (
	errStalled = errors.New("bench: the daemons take no more messages")
	errBehind  = errors.New("bench: the daemons do not take that rate: messages due 5 s ago are still waiting to be sent")
	errWrong   = errors.New("bench: what came shows a fault")
	errNothing = errors.New("bench: no result: some receiver got nothing while it was measured")
	errEnded   = errors.New("bench: ended")
)

// send starts the senders. The channel is closed when all have ended; one that
// fails ends the run.
func (r *run) send(ctx context.Context) <-chan struct{} {
	var senders sync.WaitGroup
	for i, s := range r.senders {
		send := s.closed
		if r.schedule != nil {
			send = s.open
		}
		senders.Go(func() {
			if err := send(ctx, r); err != nil {
				r.fail(fmt.Errorf("bench: the sender at %s: %w", r.sessions[i].address, err))
			}
		})
	}
	finished := make(chan struct{})
	go func() { senders.Wait(); close(finished) }()
	return finished
}

// watch does what is due at its time, and shows how it goes, until the
// measurement is over and an open loop has sent all that it is to send.
func (r *run) watch(finished <-chan struct{}) error {
	progress := newProgress(r)
	defer progress.end()
	every := time.NewTicker(tick)
	defer every.Stop()
	events, over, done := r.events(), false, r.schedule == nil
	for !over || !done {
		var due <-chan time.Time
		if len(events) > 0 {
			due = time.After(r.clock.until(events[0].at))
		}
		select {
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		case <-due:
			if err := events[0].do(); err != nil {
				return err
			}
			over = over || events[0].at == r.measured.to
			events = events[1:]
		case <-every.C:
			if err := r.look(); err != nil {
				return err
			}
			progress.show()
		case <-finished:
			done, finished = true, nil
		}
	}
	return nil
}

// events are what happens in the run, in order.
func (r *run) events() []event {
	var before usage
	return []event{
		{r.measured.from, func() error { before = r.meter.read(); return nil }},
		{(r.measured.from + r.measured.to) / 2, r.cut},
		{r.measured.to, func() error { r.used = r.meter.read().since(before); return nil }},
		{r.measured.to + int64(overrun), func() error { return errBehind }},
	}
}

// event is something to do at a time.
type event struct {
	at int64
	do func() error
}

// cut takes the network away that is to be cut.
func (r *run) cut() error {
	if r.o.Cut == "" {
		return nil
	}
	return r.cluster.Cut(r.o.Cut, true)
}

// look tells what has gone wrong so far.
func (r *run) look() error {
	if r.cluster != nil {
		if err := r.cluster.Ended(); err != nil {
			return err
		}
	}
	for _, v := range r.receivers {
		if v.wrong.Load() {
			return errWrong
		}
	}
	return nil
}

// drain waits until every receiver has everything, or nothing comes any more.
func (r *run) drain() error {
	every := time.NewTicker(tick)
	defer every.Stop()
	var sent, best uint64
	for _, s := range r.senders {
		sent += s.sent.Load()
	}
	for last := time.Now(); time.Since(last) < drainTimeout; {
		var came uint64
		for _, v := range r.receivers {
			came += v.came.Load()
		}
		if came >= sent*uint64(len(r.receivers)) {
			return nil
		}
		if came > best {
			best, last = came, time.Now()
		}
		select {
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		case <-every.C:
		}
		if err := r.look(); err != nil && !errors.Is(err, errWrong) {
			return err
		}
	}
	return nil // what is missing is counted
}

// stop ends all sessions and waits for their goroutines. It may be called
// again.
func (r *run) stop() {
	r.running.Store(false)
	r.cancel(errEnded)
	for _, s := range r.sessions {
		if s.conn != nil {
			_ = s.conn.Close(context.Background()) // takes a second at most
		}
	}
	r.all.Wait()
}
