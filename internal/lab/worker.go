//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mpspread/client"
	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// worker is one client of a Load. Its sender and its receiver are goroutines
// of their own; what both or the test use is behind the lock.
type worker struct {
	id      uint16
	daemon  string
	process ring.Process // the daemon's life
	conn    *client.Conn
	private string
	load    *Load
	history *history
	count   atomic.Uint32 // messages handed in
	quit    chan struct{} // closed when its sender has ended
	buf     []byte        // the sender's

	sync.Mutex
	recorder *recorder
	own      uint32 // of its own messages that came back
	group    int    // members of the group
	events   int    // of the group, memberships and signals, since resetCounts
	last     time.Time
	gap      time.Duration // the longest since takeGap
	longest  time.Duration // the longest of all
	err      error         // why receiving or sending ended
}

func (w *worker) String() string { return fmt.Sprintf("client %d at %s", w.id, w.daemon) }

// workerName is the private name of a worker; senderID reads it back from the
// private group, #w7#h1.
func workerName(id uint16) string { return fmt.Sprintf("w%d", id) }

func senderID(private string) (id uint16) {
	if _, err := fmt.Sscanf(private, "#w%d#", &id); err != nil {
		return 0
	}
	return id
}

// begin lets a worker that is connected join the group.
func (w *worker) begin(ctx context.Context) error {
	w.private = w.conn.Private()
	return w.join(ctx, loadGroup)
}

func (w *worker) join(ctx context.Context, group string) error {
	w.sent(groups.ActJoin, trace.Message{Groups: []string{group}})
	return w.conn.Join(ctx, group)
}

func (w *worker) leave(ctx context.Context, group string) error {
	w.sent(groups.ActLeave, trace.Message{Groups: []string{group}})
	return w.conn.Leave(ctx, group)
}

// send sends one message after the other, each at its time but not further
// ahead of what has come back than allowed.
func (w *worker) send(ctx context.Context, o LoadOptions, stop <-chan struct{}) {
	defer close(w.quit)
	tick := time.NewTicker(o.Interval)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if int(w.count.Load())-w.returned() >= o.Outstanding {
			continue
		}
		if err := w.sendNext(ctx, o); err != nil {
			w.fail(fmt.Errorf("sending: %w", err))
			return
		}
	}
}

// churnEvery is after how many messages a worker of a churning Load joins or
// leaves the side group.
const churnEvery = 40

// sendNext sends the next message, all about which follows from its counter.
func (w *worker) sendNext(ctx context.Context, o LoadOptions) error {
	counter := w.count.Load() + 1
	draw := mix(uint64(w.id)<<32 | uint64(counter) + 1<<20)
	m := client.Outgoing{
		Service: client.Service(draw % 6), Groups: []string{loadGroup}, Type: kind(counter),
	}
	w.buf = payload(w.buf[:0], o.Sizes, w.id, counter)
	m.Data = w.buf
	if o.Churn && draw>>8%4 == 0 {
		m.Groups = append(m.Groups, sideGroup)
	}
	w.sent(groups.ActMessage, trace.Message{
		Service: ring.Service(m.Service), Length: len(m.Data), Digest: trace.DigestOf(m.Data),
		ClientCounter: uint64(counter), Groups: m.Groups,
	})
	w.count.Store(counter)
	if err := w.conn.Send(ctx, m); err != nil {
		return err
	}
	switch {
	case !o.Churn || w.id%2 == 0 || counter%churnEvery != 0:
		return nil
	case counter/churnEvery%2 == 1:
		return w.join(ctx, sideGroup)
	}
	return w.leave(ctx, sideGroup)
}

// receive records what comes until the connection or ctx ends.
func (w *worker) receive(ctx context.Context) {
	for ev, err := range w.conn.Events(ctx) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				w.fail(fmt.Errorf("receiving: %w", err))
				w.history.add(trace.Event{Kind: trace.ClientClose, Process: w.process, Client: uint64(w.id), Text: err.Error()})
			}
			return
		}
		w.take(ev, time.Now())
	}
}

func (w *worker) take(ev client.Event, now time.Time) {
	w.wrote(ev)
	switch ev := ev.(type) {
	case *client.Message:
		w.takeMessage(ev, now)
	case *client.Membership:
		if ev.Group == loadGroup {
			w.Lock()
			w.group = len(ev.Members)
			w.events++
			w.Unlock()
		}
	case *client.Transition:
		if ev.Group == loadGroup {
			w.Lock()
			w.events++
			w.Unlock()
		}
	}
}

func (w *worker) takeMessage(m *client.Message, now time.Time) {
	sender := senderID(m.Sender)
	sent := w.load.sentBy(sender)
	w.Lock()
	defer w.Unlock()
	counter, ok := w.recorder.add(sender, sent, m.Type, m.Data)
	if ok {
		w.took(m, sender, counter)
	}
	if !slices.Contains(m.Groups, loadGroup) {
		w.recorder.note("message to %v", m.Groups)
	}
	if sender == w.id {
		w.own++
	}
	if !w.last.IsZero() {
		w.gap = max(w.gap, now.Sub(w.last))
		w.longest = max(w.longest, w.gap)
	}
	w.last = now
}

func (w *worker) fail(err error) {
	w.Lock()
	defer w.Unlock()
	if w.err == nil {
		w.err = err
	}
}

// wrong tells what is known to have gone wrong at this client.
func (w *worker) wrong() error {
	w.Lock()
	defer w.Unlock()
	switch {
	case w.err != nil && !w.load.options.Reconnect:
		return fmt.Errorf("%v: %w", w, w.err)
	case w.recorder.first != "":
		return fmt.Errorf("%v: %s", w, w.recorder.first)
	}
	return nil
}

// over tells that the worker's connection has ended.
func (w *worker) over() bool {
	w.Lock()
	defer w.Unlock()
	return w.err != nil
}

func (w *worker) received() int {
	w.Lock()
	defer w.Unlock()
	return w.recorder.came
}

func (w *worker) returned() int {
	w.Lock()
	defer w.Unlock()
	return int(w.own)
}

// latest is the counter of the latest message received of a sender.
func (w *worker) latest(sender uint16) uint32 {
	w.Lock()
	defer w.Unlock()
	return w.recorder.next[sender]
}

func (w *worker) members() int {
	w.Lock()
	defer w.Unlock()
	return w.group
}

func (w *worker) resetCounts() {
	w.Lock()
	defer w.Unlock()
	w.events = 0
}

// takeGap returns the longest gap since the last call, one that still lasts
// included.
func (w *worker) takeGap() time.Duration {
	w.Lock()
	defer w.Unlock()
	g := w.gap
	if !w.last.IsZero() {
		g = max(g, time.Since(w.last))
	}
	w.gap = 0
	return g
}
