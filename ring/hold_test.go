package ring

import (
	"strings"
	"testing"
	"time"
)

// MPX-5: the one network that failover uses dies while the ring is at rest. That
// shows within a second at most, and until then what is not for all networks is lost:
// all hops, one after the other, each of them found only after a rest.
func TestRestSurvivesTheLossOfANetwork(t *testing.T) {
	for _, size := range []int{3, 5, 8} {
		w, _ := formed(t, size)
		w.until("at rest", func() bool { return w.nodes[0].cur.holding != nil })
		before := w.nodes[0].n
		w.drop = func(_, _ int, s Send) bool { return !s.EveryNetwork }
		w.run(2 * testFD)
		if after := w.nodes[0].n; after.MembershipChanges != before.MembershipChanges {
			t.Errorf("%d members have given up their ring", size)
		}
	}
}

// The first try of any packet of the kinds that wake an idle ring may be lost:
// hurry is said again, the token tried again, and nobody's message waits for
// the hold to end.
func TestWakingSurvivesLoss(t *testing.T) {
	for _, kind := range []Kind{KindHurry, KindToken, KindData} {
		for from := range 3 {
			for speaker := range 3 {
				w, _ := formed(t, 3)
				rep := w.nodes[0].cur
				w.until("at rest", func() bool { return rep.holding != nil && rep.holdUntil-w.now > testFD/5-time.Millisecond })
				lost := false
				w.drop = func(a, _ int, s Send) bool {
					if s.Kind == kind && a == from && !lost {
						lost = true
						return true
					}
					return false
				}
				start := w.now
				w.say(speaker, Agreed, "wake")
				heard := func() bool {
					for _, n := range w.nodes {
						if !strings.HasSuffix(n.story(0), "wake") {
							return false
						}
					}
					return true
				}
				w.until("delivered at all", heard)
				limit := testFD / 5 / 4
				if kind == KindToken {
					limit = testFD/5 + testFD/8 // T_r of an announced hold (protocol rule 4)
				}
				if took := w.now - start; took > limit {
					t.Errorf("kind %d of %d lost, %d speaks: delivered after %v, want at most %v", kind, from, speaker, took, limit)
				}
			}
		}
	}
}

// The timer of a token that rests follows how long such rotations take, which
// is longer than with work to do: hosts have gone to sleep meanwhile. With the
// timer of a busy ring every member of an idle one would try every token again.
func TestIdleTokensAreNotTriedAgain(t *testing.T) {
	w, _ := formed(t, 3)
	w.delay = 2 * time.Millisecond
	w.run(2 * time.Second) // to learn it
	resent := func() (n uint64) {
		for _, n2 := range w.nodes {
			n += n2.Status().Counters.TokensResent
		}
		return n
	}
	before, first := resent(), w.nodes[1].cur.lastTSeq
	w.run(10 * time.Second)
	if n := w.nodes[1].cur.lastTSeq - first; n < 90 || n > 100 {
		t.Fatalf("%d rotations in 10 s: not at rest", n)
	}
	if n := resent() - before; n != 0 {
		t.Errorf("%d tokens tried again", n)
	}
}

func TestHurry(t *testing.T) {
	tests := []struct {
		name    string
		change  func(r *Ring, id *RingID, tseq *uint64)
		release bool
	}{
		{"wanted", func(*Ring, *RingID, *uint64) {}, true},
		{"of a round ago", func(_ *Ring, _ *RingID, tseq *uint64) { *tseq-- }, true},
		{"long past", func(_ *Ring, _ *RingID, tseq *uint64) { *tseq -= 2 }, false},
		{"of another ring", func(_ *Ring, id *RingID, _ *uint64) { id.Epoch-- }, false},
		{"in Gather", func(r *Ring, _ *RingID, _ *uint64) { r.state = Gather }, false},
	}
	for _, test := range tests {
		r, in := turningRing(3, 0)
		in.lastTSeq = 100
		r.holdToken(0, in, &token{ring: in.id, tseq: 100, setter: nobody})
		id, tseq := in.id, uint64(100)
		test.change(r, &id, &tseq)
		r.Receive(0, in.members[1].process, KindHurry, putU64(putRingID(nil, id), tseq))
		if released := in.holding == nil && len(r.Sends()) > 0; released != test.release {
			t.Errorf("%s: released %v", test.name, released)
		}
	}
}
