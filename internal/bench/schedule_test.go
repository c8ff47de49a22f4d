package bench

import (
	"slices"
	"testing"
	"time"
)

// All senders together keep the rate, at equal distances, whatever their
// number.
func TestSchedule(t *testing.T) {
	for _, senders := range []int{1, 3, 7} {
		s := schedule{begin: 500, senders: int64(senders), rate: 1000}
		var all []int64
		for sender := range senders {
			for n := uint64(1); n <= 10; n++ {
				all = append(all, s.due(sender, n))
			}
		}
		slices.Sort(all)
		for i, due := range all {
			if want := 500 + int64(i)*int64(time.Millisecond); due != want {
				t.Fatalf("%d senders: message %d is due at %d, want %d", senders, i, due, want)
			}
		}
	}
}

// The schedule does not drift over days.
func TestScheduleFarOn(t *testing.T) {
	s := schedule{senders: 1, rate: 1e6}
	if got, want := s.due(0, 1+86_400*1_000_000), int64(24*time.Hour); got != want {
		t.Errorf("a day's last message is due %d ns off", got-want)
	}
}

// No two messages under way share a place.
func TestDepartures(t *testing.T) {
	for _, window := range []int{1, 2, 5, 64} {
		d := newDepartures(window)
		for n := range uint64(window) {
			d.slot(100 + n).Store(int64(100 + n))
		}
		for n := range uint64(window) {
			if got := d.slot(100 + n).Load(); got != int64(100+n) {
				t.Errorf("window %d: the time of message %d is that of %d", window, 100+n, got)
			}
		}
	}
}

func TestPauseWaits(t *testing.T) {
	c := clock{time.Now()}
	exactTimers(true)
	defer exactTimers(false)
	for c.now() < int64(2*time.Millisecond) {
		pause(2*time.Millisecond - time.Duration(c.now()))
	}
	if left := c.until(int64(time.Hour)); left > time.Hour-2*time.Millisecond {
		t.Errorf("%v are left of an hour after 2 ms", left)
	}
}
