package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mpspread/client"
	"mpspread/internal/traffic"
)

// sender is the sending side of a session; run is its goroutine.
type sender struct {
	number int
	conn   *client.Conn
	sent   atomic.Uint64

	// late is by how much an open loop's messages were handed over after their
	// time, in nanoseconds; run's, to be read after it.
	late *hdrhistogram.Histogram
}

// closed sends as much as the window lets go, until ctx ends.
func (s *sender) closed(ctx context.Context, r *run) error {
	data := make([]byte, r.o.Size)
	for n := uint64(1); r.windows[s.number].wait(ctx, n) && ctx.Err() == nil; n++ {
		traffic.Write(data, s.number, n)
		r.departures[s.number].slot(n).Store(r.clock.now())
		if err := s.multicast(r, data, n); err != nil {
			return err
		}
	}
	return nil
}

// open sends every message at its time, or as soon after it as it can, until
// all that are due before the end of the measurement are sent.
func (s *sender) open(ctx context.Context, r *run) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	exactTimers(true)
	// A thread that ended with the goroutine would take along what it started:
	// the daemons brought along die with the thread that is their parent.
	defer exactTimers(false)
	data := make([]byte, r.o.Size)
	for n := uint64(1); ; n++ {
		due := r.schedule.due(s.number, n)
		if due >= r.measured.to || ctx.Err() != nil {
			return nil
		}
		traffic.Write(data, s.number, n)
		now := r.clock.now()
		for ; now < due; now = r.clock.now() {
			if ctx.Err() != nil {
				return nil
			}
			pause(min(time.Duration(due-now), 100*time.Millisecond))
		}
		if r.measured.holds(due) {
			record(s.late, now-due)
		}
		if err := s.multicast(r, data, n); err != nil {
			return err
		}
	}
}

// multicast sends a message, which counts as sent once the connection has
// taken it.
func (s *sender) multicast(r *run, data []byte, n uint64) error {
	// A multicast that is under way when the senders end is finished, so that
	// it is known whether the message was sent; the end of the run ends it.
	if err := s.conn.Multicast(r.ctx, r.o.Service, data, r.group); err != nil {
		return fmt.Errorf("multicasting: %w", err)
	}
	s.sent.Store(n)
	return nil
}
