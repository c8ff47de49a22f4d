package demo

import (
	"testing"
	"time"
)

// feed gives a tally messages of two senders as (sender, counter) pairs.
func feed(pairs ...entry) *tally {
	t := newTally(2)
	for i, p := range pairs {
		t.receive(time.Duration(i+1)*time.Millisecond, makeMessage(p.sender, p.counter))
	}
	return t
}

func TestTally(t *testing.T) {
	for _, c := range []struct {
		name                     string
		have                     []entry
		sent                     []uint64
		lost, duplicated, behind uint64
	}{
		{"nothing", nil, []uint64{0, 0}, 0, 0, 0},
		{"all", []entry{{0, 1}, {1, 1}, {0, 2}}, []uint64{2, 1}, 0, 0, 0},
		{"nothing came", nil, []uint64{2, 1}, 3, 0, 0},
		{"first lost", []entry{{0, 2}}, []uint64{2, 0}, 1, 0, 0},
		{"middle lost", []entry{{0, 1}, {0, 4}}, []uint64{4, 0}, 2, 0, 0},
		{"last lost", []entry{{0, 1}}, []uint64{2, 0}, 1, 0, 0},
		{"twice", []entry{{0, 1}, {0, 1}, {0, 2}}, []uint64{2, 0}, 0, 1, 0},
		{"twice later", []entry{{0, 1}, {0, 2}, {0, 1}}, []uint64{2, 0}, 0, 1, 0},
		{"out of order", []entry{{0, 2}, {0, 1}}, []uint64{2, 0}, 0, 0, 1},
		{"out of order, then again", []entry{{0, 2}, {0, 1}, {0, 1}}, []uint64{2, 0}, 0, 1, 1},
		{"one lost, one twice", []entry{{0, 1}, {0, 1}}, []uint64{2, 0}, 1, 1, 0},
		{"senders apart", []entry{{1, 1}, {0, 1}}, []uint64{1, 1}, 0, 0, 0},
	} {
		tally := feed(c.have...)
		if got := tally.lost(c.sent); got != c.lost || tally.duplicated != c.duplicated || tally.behind != c.behind {
			t.Errorf("%s: lost %d duplicated %d behind %d, want %d %d %d",
				c.name, got, tally.duplicated, tally.behind, c.lost, c.duplicated, c.behind)
		}
	}
}

func TestTallyGap(t *testing.T) {
	tally := newTally(1)
	for i, at := range []time.Duration{5, 6, 16, 17} {
		tally.receive(at*time.Millisecond, makeMessage(0, uint64(i+1)))
	}
	if tally.longestGap != 10*time.Millisecond {
		t.Errorf("longest gap %v", tally.longestGap)
	}
}

func TestDisagreements(t *testing.T) {
	a1, a2, b1, b2 := entry{0, 1}, entry{0, 2}, entry{1, 1}, entry{1, 2}
	for _, c := range []struct {
		name string
		a, b []entry
		want uint64
	}{
		{"empty", nil, nil, 0},
		{"same", []entry{a1, b1, a2}, []entry{a1, b1, a2}, 0},
		{"two exchanged", []entry{a1, b1, a2}, []entry{b1, a1, a2}, 2},
		{"one late", []entry{a1, a2, b1, b2}, []entry{a2, b1, b2, a1}, 4},
		{"one lost", []entry{a1, b1, a2}, []entry{a1, a2}, 0},
		{"different ones lost", []entry{a1, b1, a2}, []entry{b1, a2, b2}, 0},
		{"lost and exchanged", []entry{a1, b1, a2}, []entry{a2, a1}, 2},
		{"nothing in common", []entry{a1}, []entry{b1}, 0},
	} {
		if got := disagreements(c.a, c.b); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		if got := disagreements(c.b, c.a); got != c.want {
			t.Errorf("%s, turned round: %d, want %d", c.name, got, c.want)
		}
	}
}
