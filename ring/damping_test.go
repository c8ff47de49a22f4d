package ring

import (
	"testing"
	"time"
)

// A few troubles are nothing; more of them ask for a proof, which doubles, and
// time without troubles makes up for them.
func TestProof(t *testing.T) {
	tm := newTiming(testFD)
	tests := []struct {
		name     string
		silences int
		hops     int
		later    time.Duration // another silence after that long
		want     time.Duration
	}{
		{"none", 0, 0, 0, 0},
		{"a cable, thrice", 3, 0, 0, 0},
		{"four times", 4, 0, 0, 2 * testFD},
		{"five times", 5, 0, 0, 4 * testFD},
		{"failed hops, twice", 0, 2, 0, 0},
		{"failed hops, thrice", 0, 3, 0, 2 * testFD},
		{"silence again and again", 30, 0, 0, 8 * testFD},
		{"failed hops again and again", 0, 30, 0, 16 * testFD},
		{"silence takes nothing back", 30, 30, 0, 16 * testFD},
		{"made up for one", 5, 0, 16 * testFD, 4 * testFD},
		{"made up for all", 5, 0, 100 * testFD, 0},
	}
	for _, test := range tests {
		d, now := damping{}, Time(time.Hour)
		for range test.hops {
			d.failed(now, tm)
		}
		for range test.silences {
			d.trouble(now, mostSilences, tm)
		}
		if test.later > 0 {
			d.trouble(now+test.later, mostSilences, tm)
		}
		if got := d.proof(tm); got != test.want {
			t.Errorf("%s: proof of %v, want %v", test.name, got, test.want)
		}
	}
}

// apart is how much of the time, in hundredths, some nodes were not in one ring
// and Operational.
func (w *network) apart(d time.Duration, nodes ...int) int {
	const every = 10 * time.Millisecond
	n, apart := 0, 0
	for end := w.now + d; w.now < end; n++ {
		w.run(every)
		first := w.nodes[nodes[0]]
		for _, i := range nodes {
			if w.nodes[i].state != Operational || w.nodes[i].cur.id != first.cur.id {
				apart++
				break
			}
		}
	}
	return 100 * apart / n
}

// LIV-5: one that comes and goes is let in less and less often. When it stays
// it is let in again within the bound (LIV-1).
func TestFlapperIsDamped(t *testing.T) {
	for _, half := range []time.Duration{3 * testFD / 2, 2 * testFD, 4 * testFD} {
		w, _ := formed(t, 4)
		w.cut = func(a, b int) bool { return (a == 3 || b == 3) && w.now/half%2 == 0 }
		w.run(30 * testFD)
		before := w.nodes[0].n.MembershipChanges
		if p := w.apart(60*testFD, 0, 1, 2); p > 5 {
			t.Errorf("up and down for %v each: the others were apart for %d %% of the time", half, p)
		}
		if n := w.nodes[0].n.MembershipChanges - before; n > 4 {
			t.Errorf("up and down for %v each: %d membership changes in 60 fd", half, n)
		}
		w.cut = nil
		w.run(12 * testFD)
		w.wantRing(0, 1, 2, 3)
	}
}

// A link without troubles never has to prove itself, whatever others do.
func TestGoodLinksAreNotDamped(t *testing.T) {
	w, _ := formed(t, 4)
	w.cut = func(a, b int) bool { return (a == 3 || b == 3) && w.now/testFD%2 == 0 }
	for range 300 {
		w.run(100 * time.Millisecond)
		for i := range 3 {
			for k := range 3 {
				if n := w.nodes[i].peers[k].troubles; n > 0 {
					t.Fatalf("at %v node %d counts %d troubles of node %d", w.now, i, n, k)
				}
			}
		}
	}
}

// LIV-1: two strangers with a link between them that has to prove itself are let
// in together, when it has, and a third one with them. There is no ring of all
// before, and one of them left out would have troubles with everybody.
func TestStrangersProveThemselvesToEachOther(t *testing.T) {
	w, _ := formed(t, 5)
	w.cut = func(a, b int) bool { return a > 1 || b > 1 }
	w.run(5 * testFD)
	for _, i := range []int{3, 4} {
		p := &w.nodes[i].peers[7-i]
		p.troubles, p.last = freeTroubles+2, w.now
	}
	before := w.nodes[0].n.MembershipChanges
	w.cut = nil
	w.run(10 * testFD)
	if n := w.nodes[0].n.MembershipChanges - before; n != 1 {
		t.Errorf("%d membership changes, want one", n)
	}
	for _, n := range w.nodes {
		if got := len(n.cur.members); got != 5 {
			t.Errorf("a ring of %d", got)
		}
	}
}
