//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mpspread/client"
)

// worker is one client of a Load. Its sender and its receiver are goroutines
// of their own; what both or the test use is behind the lock.
type worker struct {
	id     uint16
	daemon string
	conn   *client.Conn
	sent   uint32 // the sender's; read once it has ended

	sync.Mutex
	recorder *recorder
	own      uint32 // of its own messages that came back
	group    int    // members of the group
	events   int    // memberships and signals since resetCounts
	last     time.Time
	gap      time.Duration
	err      error // why receiving or sending ended
}

func (w *worker) String() string { return fmt.Sprintf("client %d at %s", w.id, w.daemon) }

// workerName is the private name of a worker; senderID reads it back from the
// private group, #w007#h1.
func workerName(id uint16) string { return fmt.Sprintf("w%03d", id) }

func senderID(private string) (id uint16) {
	if _, err := fmt.Sscanf(private, "#w%03d#", &id); err != nil {
		return 0
	}
	return id
}

func (w *worker) connect(t testing.TB, ctx context.Context, socket string) {
	t.Helper()
	w.conn = dial(t, ctx, socket, workerName(w.id))
	if err := w.conn.Join(ctx, loadGroup); err != nil {
		t.Fatalf("lab: %v: %v", w, err)
	}
}

// send sends one message after the other, each at its time but not further
// ahead of what has come back than allowed.
func (w *worker) send(ctx context.Context, o LoadOptions, stop <-chan struct{}) {
	tick := time.NewTicker(o.Interval)
	defer tick.Stop()
	var buf []byte
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if int(w.sent)-w.returned() >= o.Outstanding {
			continue
		}
		next := w.sent + 1
		buf = payload(buf[:0], w.id, next)
		service := client.Service(mix(uint64(w.id)<<32|uint64(next)+1) % 6)
		if err := w.conn.Multicast(ctx, service, buf, loadGroup); err != nil {
			w.fail(fmt.Errorf("sending: %w", err))
			return
		}
		w.sent = next
	}
}

// receive records what comes until the connection or ctx ends.
func (w *worker) receive(ctx context.Context) {
	for ev, err := range w.conn.Events(ctx) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				w.fail(fmt.Errorf("receiving: %w", err))
			}
			return
		}
		w.take(ev, time.Now())
	}
}

func (w *worker) take(ev client.Event, now time.Time) {
	w.Lock()
	defer w.Unlock()
	switch ev := ev.(type) {
	case *client.Message:
		id := senderID(ev.Sender)
		w.recorder.add(id, ev.Data)
		if id == w.id {
			w.own++
		}
		if !w.last.IsZero() {
			w.gap = max(w.gap, now.Sub(w.last))
		}
		w.last = now
	case *client.Membership:
		w.group = len(ev.Members)
		w.events++
	default:
		w.events++
	}
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
	case w.err != nil:
		return fmt.Errorf("%v: %w", w, w.err)
	case w.recorder.first != "":
		return fmt.Errorf("%v: %s", w, w.recorder.first)
	}
	return nil
}

func (w *worker) over() bool {
	w.Lock()
	defer w.Unlock()
	return w.err != nil
}

func (w *worker) received() int {
	w.Lock()
	defer w.Unlock()
	return len(w.recorder.sequence)
}

func (w *worker) returned() int {
	w.Lock()
	defer w.Unlock()
	return int(w.own)
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
