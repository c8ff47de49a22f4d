package pulse

import (
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

// Beats that come late are noted, each for as much as it was late, but for what
// was before the time in question.
func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		at := func(d time.Duration) time.Time { return start.Add(d) }
		m := newMeter(time.Sleep)
		m.beat(at(10 * ms))
		m.beat(at(29 * ms)) // due at 20, nearly a beat late
		m.beat(at(100 * ms))
		m.beat(at(111 * ms))
		m.beat(at(521 * ms))
		time.Sleep(522 * ms)
		for _, tt := range []struct{ since, all, longest time.Duration }{
			{0, 461 * ms, 400 * ms}, {50 * ms, 450 * ms, 400 * ms}, {100 * ms, 400 * ms, 400 * ms}, {421 * ms, 100 * ms, 100 * ms}, {521 * ms, 0, 0},
		} {
			if all, longest := m.Lost(at(tt.since)); all != tt.all || longest != tt.longest {
				t.Errorf("since %v: %v and %v, want %v and %v", tt.since, all, longest, tt.all, tt.longest)
			}
		}
		time.Sleep(509 * ms) // nobody lets the meter beat
		if all, longest := m.Lost(at(600 * ms)); all != 431*ms || longest != 431*ms {
			t.Errorf("a stall that lasts: %v and %v", all, longest)
		}
		close(m.done)
		if all, _ := m.Lost(at(600 * ms)); all != 0 {
			t.Errorf("after the end: %v", all)
		}
	})
}

// A meter beats by itself, and where everything runs when it wants it notes
// nothing.
func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, start := newMeter(time.Sleep), time.Now()
		go m.run()
		time.Sleep(time.Hour)
		if all, longest := m.Lost(start); all != 0 || longest != 0 {
			t.Errorf("lost %v and %v", all, longest)
		}
		m.Stop()
		if m.due.Sub(start) < time.Hour {
			t.Errorf("the last beat was %v after the start", m.due.Sub(start))
		}
	})
}
