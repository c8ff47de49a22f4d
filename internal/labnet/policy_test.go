//go:build linux

package labnet

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func newShaper(p Policy) *shaper {
	return &shaper{policy: p, random: rand.New(rand.NewPCG(1, 2))}
}

const ms = time.Millisecond

// Frames of 100 bytes, one each millisecond, and when they arrive.
func TestShape(t *testing.T) {
	tests := []struct {
		name   string
		policy Policy
		want   []time.Duration // of the first frames, in ms; the rest is not looked at
	}{
		{"nothing", Policy{}, []time.Duration{0, 1, 2, 3}},
		{"delay", Policy{Delay: 50 * ms}, []time.Duration{50, 51, 52}},
		{"swing rises and falls", Policy{Swing: 10 * ms, Period: 8 * ms},
			// 0, 2.5, 5, 7.5, 10 and back: a falling delay overtakes nothing.
			[]time.Duration{0, 3, 7, 10, 14, 14, 14, 14, 14}},
		{"all lost", Policy{Loss: 1}, nil},
		{"all doubled", Policy{Duplicate: 1}, []time.Duration{0, 0, 1, 1, 2, 2}},
		{"ghosts", Policy{Duplicate: 1, Copies: 2, CopyDelay: 60 * ms}, []time.Duration{0, 60, 60, 1, 61, 61}},
		{"half the rate, no queue", Policy{Rate: 50_000, Queue: 100}, []time.Duration{2, 4, 6}},
		{"half the rate, a queue of two", Policy{Rate: 50_000, Queue: 200}, []time.Duration{2, 4, 6, 8, 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShaper(tt.policy)
			var have []time.Duration
			for i := range 9 {
				for _, a := range s.shape(time.Duration(i)*ms, 100, nil) {
					have = append(have, a.due.Truncate(ms)/ms)
				}
			}
			if len(have) < len(tt.want) || !slices.Equal(have[:len(tt.want)], tt.want) || tt.want == nil && have != nil {
				t.Errorf("due at %v, want %v", have, tt.want)
			}
		})
	}
}

// A full queue loses what comes last of a burst, and nothing once it is empty.
func TestShapeBurst(t *testing.T) {
	s := newShaper(Policy{Rate: 100_000, Queue: 500})
	arrived := 0
	for range 20 {
		arrived += len(s.shape(0, 100, nil))
	}
	if arrived != 5 || s.counts.Overflown != 15 {
		t.Errorf("%d arrived, %d overflown, want 5 and 15", arrived, s.counts.Overflown)
	}
	if a := s.shape(time.Second, 100, nil); len(a) != 1 || a[0].due != time.Second+ms {
		t.Errorf("after a pause: %v", a)
	}
}

// Shares are kept, and what happened is counted.
func TestShapeShares(t *testing.T) {
	const frames = 20_000
	s := newShaper(Policy{Loss: 0.2, Duplicate: 0.1, Corrupt: 0.3, Jitter: 10 * ms, Reorder: 0.4})
	overtaken, corrupt, last := 0, uint64(0), time.Duration(0)
	for i := range frames {
		for _, a := range s.shape(time.Duration(i)*ms, 100, nil) {
			if a.due < last {
				overtaken++
			}
			if a.corrupt {
				corrupt++
			}
			last = a.due
		}
	}
	near := func(what string, have uint64, of uint64, share float64) {
		if d := float64(have)/float64(of) - share; d < -0.02 || d > 0.02 {
			t.Errorf("%s: %d of %d, want a share of %v", what, have, of, share)
		}
	}
	passed := frames - s.counts.Lost
	near("lost", s.counts.Lost, frames, 0.2)
	near("copies", s.counts.Copies, passed, 0.1)
	near("displaced", s.counts.Displaced, passed, 0.4)
	near("corrupt", corrupt, passed, 0.3)
	if overtaken < frames/10 {
		t.Errorf("only %d overtaken", overtaken)
	}
	if s.counts.Frames != frames {
		t.Errorf("%d frames counted", s.counts.Frames)
	}
}

// Two shapers of one seed do the same.
func TestShapeSeed(t *testing.T) {
	p := Policy{Loss: 0.3, Jitter: 5 * ms, Duplicate: 0.2, Corrupt: 0.2}
	a, b := newShaper(p), newShaper(p)
	for i := range 1000 {
		now := time.Duration(i) * ms
		if x, y := a.shape(now, 100, nil), b.shape(now, 100, nil); !slices.Equal(x, y) {
			t.Fatalf("frame %d: %v and %v", i, x, y)
		}
	}
}

// The schedule gives out what is due first, in the order it was put in.
func TestSchedule(t *testing.T) {
	var s schedule
	random := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		s.push(parcel{due: time.Duration(random.IntN(50))})
		if random.IntN(3) == 0 {
			s.pop()
		}
	}
	last := s.pop()
	for s.len() > 0 {
		p := s.pop()
		if p.due < last.due || p.due == last.due && p.order < last.order {
			t.Fatalf("%v of %d after %v of %d", p.due, p.order, last.due, last.order)
		}
		last = p
	}
}
