package multipath

import (
	"container/heap"
	"slices"
	"testing"
	"time"
)

// withTwin is a cluster of two in which a second daemon with the identity and
// the addresses of daemon 1 starts, as node 2: what is sent to one of them
// reaches both.
func withTwin(t *testing.T, fd time.Duration) (w *world, twin *node) {
	w = newWorld(t, 2, 2, func(c *Config) { c.FailureDetection = fd })
	w.form()
	twin = &node{index: 1}
	c := w.base
	c.Self, c.Entropy, c.Incarnation = testID(1), newEntropy(99), Incarnation{0: 0xee}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	twin.Multipath = m
	w.nodes = append(w.nodes, twin)
	w.filter = func(f *flight) bool {
		other := map[int]int{1: 2, 2: 1}[f.to]
		if other == 0 {
			return true
		}
		w.number++
		heap.Push(&w.inflight, &flight{at: f.at, number: w.number, net: f.net, from: f.from, to: other, data: slices.Clone(f.data)})
		return true
	}
	return w, twin
}

// SCN-26, SEC-10: the newer of two daemons of one name is refused and
// reported, and the older one is not disturbed, not even by what is left of the
// newer one when it has died, and while there is nothing to say but probes,
// which come every tick.
func TestDuplicateIdentity(t *testing.T) {
	for _, fd := range []time.Duration{100 * ms, 200 * ms, 300 * ms, 500 * ms, 2 * time.Second} {
		w, twin := withTwin(t, fd)
		old := w.nodes[1].short
		undisturbed := func(d time.Duration) {
			for end := w.now + d; w.now < end; {
				w.run(10 * ms)
				if h := w.nodes[0].Hearings()[0]; h.Incarnation != old || !h.Mutual {
					t.Fatalf("fd %v: older life disturbed: %+v", fd, h)
				}
			}
		}
		undisturbed(3 * time.Second)
		for _, n := range w.nodes {
			n.SetBeacon(nil, false)
		}
		undisturbed(6 * time.Second)
		s := w.nodes[0].Status(w.now)
		if s.Counters.DuplicateIdentity == 0 || len(s.DuplicateIdentity) != 1 || s.DuplicateIdentity[0] != testID(1) {
			t.Errorf("fd %v: not reported: %+v", fd, s.DuplicateIdentity)
		}
		if s := w.nodes[1].Status(w.now); s.Counters.DuplicateIdentity == 0 {
			t.Errorf("fd %v: the twins do not see each other", fd)
		}
		twin.dead = true
		undisturbed(2 * candidateLife)
	}
}

// The first of two daemons of one name was not heard for a while in which the
// second was, and is superseded. When the second has gone the first comes back
// by itself: it answers challenges that no recording of it can.
func TestFirstOfTwinsComesBack(t *testing.T) {
	w, twin := withTwin(t, 500*ms)
	d, first := w.nodes[0].daemons[1], w.nodes[1].short
	w.nodes[1].dead = true // stands still
	w.until(time.Second, "the second is let in", func() bool { return d.life.short == twin.short })
	if !d.isSuperseded(first) {
		t.Fatal("the first is not superseded")
	}
	w.nodes[1].dead, twin.dead = false, true
	w.until(time.Second, "the first is heard again", func() bool { return w.mutual(0, 1) })
	if d.life.short != first || d.isSuperseded(first) || !d.isSuperseded(twin.short) {
		t.Errorf("life %x, first %x superseded %v, second %x superseded %v",
			d.life.short, first, d.isSuperseded(first), twin.short, d.isSuperseded(twin.short))
	}
}
