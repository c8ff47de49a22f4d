//go:build linux

package lab

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mpspread/client"
)

// LoadOptions say what traffic a Load makes. Zero values are defaults.
type LoadOptions struct {
	Clients  int           // spread over the daemons in turn; default 10
	Interval time.Duration // between two messages of a client; default 25 ms
	// Outstanding is how many of its own messages a client sends ahead of
	// what has come back to it; default 100.
	Outstanding int
	// Sizes are those of the messages, drawn with equal chance; by default
	// from 0 to MaxPayload.
	Sizes []int
	// Changes: the membership may change, so that a client need not receive
	// what others sent, but only what it sent itself.
	Changes bool
	// Reconnect: a client whose connection ends makes a new one, under a new
	// name. Only with Changes.
	Reconnect bool
	// Churn: half of the clients join and leave a second group again and
	// again, and some messages go to both.
	Churn bool
}

func (o LoadOptions) withDefaults() LoadOptions {
	if o.Clients == 0 {
		o.Clients = 10
	}
	if o.Interval == 0 {
		o.Interval = 25 * time.Millisecond
	}
	if o.Outstanding == 0 {
		o.Outstanding = 100
	}
	if o.Sizes == nil {
		o.Sizes = payloadSizes
	}
	return o
}

// loadGroup is the group all clients of a Load are in, sideGroup the one that
// some join and leave.
const (
	loadGroup = "load"
	sideGroup = "side"
)

const (
	// joinWithin and drainWithin bound a Load's start and end.
	joinWithin  = 10 * time.Second
	drainWithin = 30 * time.Second
	// flowWithin bounds how long a running Load may take for what a test
	// waits for.
	flowWithin = 30 * time.Second
)

// Load is clients on all daemons, each a member of one group, each sending
// messages of mixed service and size to it, checking all that come, and writing
// down what it sees.
type Load struct {
	options LoadOptions
	lab     *Lab
	history *history
	ctx     context.Context
	cancel  context.CancelFunc
	seats   sync.WaitGroup // goroutines that keep the clients' seats taken
	stop    chan struct{}  // closed: no more sending, no new connections
	ended   bool

	mu      sync.Mutex
	clients []*worker // by seat, the present ones
	past    []*worker
	byID    []*worker // by id-1
}

// StartLoad connects the clients, waits until each is in the group with all
// others, and lets them send until Stop or the end of the test.
func (l *Lab) StartLoad(t testing.TB, o LoadOptions) *Load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ld := &Load{options: o.withDefaults(), lab: l, history: l.record(), ctx: ctx, cancel: cancel, stop: make(chan struct{})}
	t.Cleanup(ld.end)
	for i := range ld.options.Clients {
		w := ld.newWorker(l.Daemons[i%len(l.Daemons)])
		w.conn = dial(t, ctx, l.path(w.daemon+".sock"), workerName(w.id))
		if err := w.begin(ctx); err != nil {
			t.Fatalf("lab: %v: %v", w, err)
		}
		ld.clients = append(ld.clients, w)
	}
	for seat, w := range ld.clients {
		ld.seats.Add(1)
		go ld.occupy(seat, w)
	}
	Eventually(t, joinWithin, "all clients are in the group", func() error {
		for _, w := range ld.workers() {
			if n := w.members(); n != ld.options.Clients {
				return fmt.Errorf("%v sees %d members of %d", w, n, ld.options.Clients)
			}
		}
		return nil
	})
	for _, w := range ld.workers() {
		w.resetCounts()
		go w.send(ctx, ld.options, ld.stop)
	}
	return ld
}

func (ld *Load) newWorker(d *Daemon) *worker {
	ld.mu.Lock()
	defer ld.mu.Unlock()
	w := &worker{
		id: uint16(len(ld.byID) + 1), daemon: d.Name, load: ld, history: ld.history, quit: make(chan struct{}),
		recorder: newRecorder(ld.options.Changes, ld.options.Sizes),
	}
	w.process = ld.lab.process(d)
	ld.byID = append(ld.byID, w)
	return w
}

// occupy receives for the client in a seat and, where another is to follow
// one whose connection has ended, for all that follow.
func (ld *Load) occupy(seat int, w *worker) {
	defer ld.seats.Done()
	for {
		w.receive(ld.ctx)
		ld.leaveAlone(w)
		next := ld.follow(seat, w)
		if next == nil {
			return
		}
		w = next
	}
}

// leaveAlone lets go of a connection without waiting for anybody.
func (ld *Load) leaveAlone(w *worker) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w.conn.Close(ctx)
}

// follow connects the next client in a seat; nil if there is to be none.
func (ld *Load) follow(seat int, w *worker) *worker {
	if !ld.options.Reconnect {
		return nil
	}
	d := ld.lab.Daemon(w.daemon)
	next := ld.newWorker(d)
	for {
		select {
		case <-ld.stop:
			return nil
		case <-ld.ctx.Done():
			return nil
		case <-time.After(pollEvery):
		}
		conn, err := client.Connect(ld.ctx, "unix:"+ld.lab.path(w.daemon+".sock"), client.WithName(workerName(next.id)))
		if err != nil {
			continue // the daemon is not back
		}
		next.conn, next.process = conn, ld.lab.process(d)
		if next.begin(ld.ctx) == nil {
			break
		}
		ld.leaveAlone(next)
		next = ld.newWorker(d)
	}
	ld.mu.Lock()
	ld.past = append(ld.past, w)
	ld.clients[seat] = next
	ld.mu.Unlock()
	go next.send(ld.ctx, ld.options, ld.stop)
	return next
}

// workers are the clients now in the seats.
func (ld *Load) workers() []*worker {
	ld.mu.Lock()
	defer ld.mu.Unlock()
	return append([]*worker(nil), ld.clients...)
}

// sentBy is how many messages a client has handed in; 0 for none of ours.
func (ld *Load) sentBy(id uint16) uint32 {
	ld.mu.Lock()
	defer ld.mu.Unlock()
	if id == 0 || int(id) > len(ld.byID) {
		return 0
	}
	return ld.byID[id-1].count.Load()
}

// end stops everything at once.
func (ld *Load) end() {
	if ld.ended {
		return
	}
	ld.ended = true
	ld.cancel()
	ld.seats.Wait()
	for _, w := range ld.workers() {
		<-w.quit
		ld.leaveAlone(w)
	}
	if ld.lab.history == ld.history {
		ld.lab.history = nil
	}
}

// Flow waits until every client has received n more messages, and fails the
// test if something has gone wrong by then. A client that takes the place of
// another begins with none.
func (ld *Load) Flow(t testing.TB, n int) {
	t.Helper()
	goal := map[*worker]int{}
	for _, w := range ld.workers() {
		goal[w] = w.received() + n
	}
	Eventually(t, flowWithin, fmt.Sprintf("%d more messages at every client", n), func() error {
		if v := ld.history.violation(); v != "" {
			t.Fatalf("the checker: %s", v)
		}
		for _, w := range ld.workers() {
			if err := w.wrong(); err != nil {
				t.Fatal(err)
			}
			want, known := goal[w]
			if !known {
				want = n
			}
			if have := w.received(); have < want {
				return fmt.Errorf("%v has %d of %d", w, have, want)
			}
		}
		return nil
	})
}

// Gap is the longest time any client has waited between two messages since
// the last call.
func (ld *Load) Gap() time.Duration {
	var longest time.Duration
	for _, w := range ld.workers() {
		longest = max(longest, w.takeGap())
	}
	return longest
}

// Report is what became of a Load.
type Report struct {
	Sent, Delivered                                 int
	Lost, Duplicated, OutOfOrder, Corrupted, Differ int
	MembershipEvents                                int // at clients, while they sent
	Gap                                             time.Duration
	First                                           string
}

func (r Report) String() string {
	return fmt.Sprintf("%d sent, %d delivered, %d lost, %d duplicated, %d out of order, %d corrupted, %d receivers with another sequence, %d membership events, longest gap %v %s",
		r.Sent, r.Delivered, r.Lost, r.Duplicated, r.OutOfOrder, r.Corrupted, r.Differ, r.MembershipEvents, r.Gap.Round(time.Millisecond), r.First)
}

// Well tells that nothing is wrong in the report.
func (r Report) Well() bool {
	return r.Lost+r.Duplicated+r.OutOfOrder+r.Corrupted+r.Differ+r.MembershipEvents == 0 && r.First == "" && r.Sent > 0
}

// Stop ends the sending, waits until everything sent has arrived everywhere or
// nothing more comes, judges it, and ends the clients. Whatever the test had
// broken must be whole.
func (ld *Load) Stop(t testing.TB) Report {
	t.Helper()
	close(ld.stop)
	for _, w := range ld.workers() {
		<-w.quit
	}
	ld.drain()
	ld.history.finish()
	r := ld.judge()
	ld.end()
	return r
}

// judge makes the report.
func (ld *Load) judge() Report {
	var r Report
	var problems []string
	present := ld.workers()
	sent := map[uint16]uint32{}
	for _, w := range present {
		sent[w.id] = w.count.Load()
	}
	ld.mu.Lock()
	all := append(append([]*worker(nil), ld.past...), ld.clients...)
	ld.mu.Unlock()
	for _, w := range all {
		w.Lock()
		r.Sent += int(w.count.Load())
		r.Delivered += w.recorder.came
		r.Duplicated += w.recorder.faults.duplicated
		r.OutOfOrder += w.recorder.faults.outOfOrder
		r.Corrupted += w.recorder.faults.corrupted
		r.Gap = max(r.Gap, w.longest)
		w.Unlock()
		if err := w.wrong(); err != nil {
			problems = append(problems, err.Error())
		}
	}
	present[0].Lock()
	first := present[0].recorder.sequence
	present[0].Unlock()
	for _, w := range present {
		w.Lock()
		r.Lost += w.recorder.lost(sent)
		if ld.options.Changes {
			r.Lost += int(w.count.Load() - w.own)
		} else {
			r.MembershipEvents += w.events
		}
		if at, same := sameSequence(first, w.recorder.sequence); !same {
			r.Differ++
			problems = append(problems, fmt.Sprintf("%v differs from %v at place %d", w, present[0], at))
		}
		w.Unlock()
	}
	if v := ld.history.violation(); v != "" {
		problems = append(problems, "the checker: "+v)
	}
	r.First = strings.Join(problems, "; ")
	return r
}

// drain waits until every client has received the last message of every other,
// or until for drainWithin nothing has come to any of them.
func (ld *Load) drain() {
	last, since := -1, time.Now()
	for {
		sum, all := 0, true
		present := ld.workers()
		for _, w := range present {
			sum += w.received()
			for _, s := range present {
				all = all && (w.latest(s.id) == s.count.Load() || w.over())
			}
		}
		if sum != last {
			last, since = sum, time.Now()
		}
		if all || time.Since(since) > drainWithin {
			return
		}
		time.Sleep(pollEvery)
	}
}

// sameSequence compares two sequences and tells the first difference.
func sameSequence(a, b []entry) (at int, same bool) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i, false
		}
	}
	return min(len(a), len(b)), len(a) == len(b)
}
