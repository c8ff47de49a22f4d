//go:build linux

package lab

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// LoadOptions say what traffic a Load makes. Zero values are defaults.
type LoadOptions struct {
	Clients  int           // spread over the daemons in turn; default 10
	Interval time.Duration // between two messages of a client; default 25 ms
	// Outstanding is how many of its own messages a client sends ahead of
	// what has come back to it; default 100.
	Outstanding int
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
	return o
}

// loadGroup is the group all clients of a Load are in.
const loadGroup = "load"

const (
	// joinWithin and drainWithin bound a Load's start and end.
	joinWithin  = 10 * time.Second
	drainWithin = 30 * time.Second
	// flowWithin bounds how long a running Load may take for what a test
	// waits for.
	flowWithin = 30 * time.Second
)

// Load is clients on all daemons, each a member of one group, each sending
// messages of mixed service and size to it and checking all that come.
type Load struct {
	options LoadOptions
	clients []*worker
	cancel  context.CancelFunc
	senders sync.WaitGroup
	readers sync.WaitGroup
	stop    chan struct{} // closed: no more sending
	ended   bool
}

// StartLoad connects the clients, waits until each is in the group with all
// others, and lets them send until Stop or the end of the test.
func (l *Lab) StartLoad(t testing.TB, o LoadOptions) *Load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ld := &Load{options: o.withDefaults(), cancel: cancel, stop: make(chan struct{})}
	t.Cleanup(ld.end)
	for i := range ld.options.Clients {
		w := &worker{id: uint16(i + 1), daemon: l.Daemons[i%len(l.Daemons)].Name, recorder: newRecorder()}
		w.connect(t, ctx, l.path(w.daemon+".sock"))
		ld.clients = append(ld.clients, w)
		ld.readers.Add(1)
		go func() { defer ld.readers.Done(); w.receive(ctx) }()
	}
	Eventually(t, joinWithin, "all clients are in the group", func() error {
		for _, w := range ld.clients {
			if n := w.members(); n != len(ld.clients) {
				return fmt.Errorf("%v sees %d members of %d", w, n, len(ld.clients))
			}
		}
		return nil
	})
	for _, w := range ld.clients {
		w.resetCounts()
		ld.senders.Add(1)
		go func() { defer ld.senders.Done(); w.send(ctx, ld.options, ld.stop) }()
	}
	return ld
}

// end stops everything at once.
func (ld *Load) end() {
	if ld.ended {
		return
	}
	ld.ended = true
	ld.cancel()
	ld.senders.Wait()
	ld.readers.Wait()
	// With ctx over, Close only lets go of the connection.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, w := range ld.clients {
		w.conn.Close(ctx)
	}
}

// Flow waits until every client has received n more messages, and fails the
// test if something has gone wrong by then.
func (ld *Load) Flow(t testing.TB, n int) {
	t.Helper()
	var goal []int
	for _, w := range ld.clients {
		goal = append(goal, w.received()+n)
	}
	Eventually(t, flowWithin, fmt.Sprintf("%d more messages at every client", n), func() error {
		for i, w := range ld.clients {
			if err := w.wrong(); err != nil {
				t.Fatal(err)
			}
			if have := w.received(); have < goal[i] {
				return fmt.Errorf("%v has %d of %d", w, have, goal[i])
			}
		}
		return nil
	})
}

// Gap is the longest time any client has waited between two messages since
// the last call.
func (ld *Load) Gap() time.Duration {
	var longest time.Duration
	for _, w := range ld.clients {
		longest = max(longest, w.takeGap())
	}
	return longest
}

// Report is what became of a Load.
type Report struct {
	Sent, Delivered                                 int
	Lost, Duplicated, OutOfOrder, Corrupted, Differ int
	MembershipEvents                                int // at clients, while they sent
	First                                           string
}

func (r Report) String() string {
	return fmt.Sprintf("%d sent, %d delivered, %d lost, %d duplicated, %d out of order, %d corrupted, %d receivers with another sequence, %d membership events %s",
		r.Sent, r.Delivered, r.Lost, r.Duplicated, r.OutOfOrder, r.Corrupted, r.Differ, r.MembershipEvents, r.First)
}

// Well tells that nothing is wrong in the report.
func (r Report) Well() bool {
	return r.Lost+r.Duplicated+r.OutOfOrder+r.Corrupted+r.Differ+r.MembershipEvents == 0 && r.Sent > 0
}

// Stop ends the sending, waits until everything sent has arrived everywhere or
// nothing more comes, judges it, and ends the clients.
func (ld *Load) Stop(t testing.TB) Report {
	t.Helper()
	close(ld.stop)
	ld.senders.Wait()
	sent := map[uint16]uint32{}
	total := 0
	for _, w := range ld.clients {
		sent[w.id] = w.sent
		total += int(w.sent)
	}
	ld.drain(total)
	r := Report{Sent: total}
	var problems []string
	for _, w := range ld.clients {
		w.Lock()
		r.Delivered += len(w.recorder.sequence)
		r.Lost += w.recorder.lost(sent)
		r.Duplicated += w.recorder.faults.duplicated
		r.OutOfOrder += w.recorder.faults.outOfOrder
		r.Corrupted += w.recorder.faults.corrupted
		r.MembershipEvents += w.events
		if at, same := sameSequence(ld.clients[0].recorder.sequence, w.recorder.sequence); !same {
			r.Differ++
			problems = append(problems, fmt.Sprintf("%v differs from %v at place %d", w, ld.clients[0], at))
		}
		w.Unlock()
		if err := w.wrong(); err != nil {
			problems = append(problems, err.Error())
		}
	}
	r.First = strings.Join(problems, "; ")
	ld.end()
	return r
}

// drain waits until every client has received total messages, or until for
// drainWithin nothing has come to any of them.
func (ld *Load) drain(total int) {
	last, since := -1, time.Now()
	for {
		sum, all := 0, true
		for _, w := range ld.clients {
			n := w.received()
			sum += n
			all = all && (n >= total || w.over())
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
