package ring

import (
	"testing"
	"time"
)

// LIV-5: hellos and joins pass, tokens do not: the fault is found at the link
// where it is, and nowhere else.
func TestFailedHopIsFound(t *testing.T) {
	tests := []struct {
		name     string
		from, to int
		kinds    []Kind
	}{
		{"the token from 3 to 0", 3, 0, []Kind{KindToken}},
		{"the token from 2 to 3", 2, 3, []Kind{KindToken}},
		{"the commit token from 3 to 0", 3, 0, []Kind{KindCommit}},
		{"the commit token from 2 to 3", 2, 3, []Kind{KindCommit}},
	}
	for _, test := range tests {
		w, _ := formed(t, 4)
		w.nodes[3].up = false
		w.run(2 * time.Second)
		w.drop = func(from, to int, s Send) bool {
			for _, k := range test.kinds {
				if s.Kind == k && from == test.from && to == test.to {
					return true
				}
			}
			return false
		}
		w.start(3, 99)
		w.run(10 * time.Second)
		for i, n := range w.nodes {
			for k := range w.nodes {
				got := n.peers[k].troubles > 0
				if bad := i == test.from && k == test.to; bad && !got {
					t.Errorf("%s: node %d does not know", test.name, i)
				} else if got && i != 3 && k != 3 {
					t.Errorf("%s: node %d counts it against node %d", test.name, i, k)
				}
			}
		}
		if p := w.apart(20*time.Second, 0, 1, 2); p > 15 {
			t.Errorf("%s: the others were apart for %d %% of the time", test.name, p)
		}
	}
}

// What came too late to be told by the hop says nothing about it.
func TestHopOfABriefTry(t *testing.T) {
	r, in := turningRing(3, 0)
	r.cfg.StartTSeq, in.lastTSeq = 0, 7
	in.sent, in.sentRound, in.forwardedAt = []byte{}, 8, 0
	r.noteHop(testFD / 4)
	if r.hop.open {
		t.Error("a token sent just now is taken for lost")
	}
	if r.progress.reached != distributeRound+7 || r.hop.sent != distributeRound+8 || r.hop.to != 1 {
		t.Errorf("%+v, %+v", r.hop, r.progress)
	}
	r.noteHop(testFD)
	for _, test := range []struct {
		name    string
		at      Time
		ring    RingID
		reached uint64
		open    bool
		failed  bool
	}{
		{"said before it was tried for long", testFD / 4, in.id, distributeRound + 7, true, false},
		{"of a later ring", testFD, RingID{9, in.id.Representative}, 1, true, false},
		{"arrived", testFD, in.id, distributeRound + 8, false, false},
		{"not arrived", testFD, in.id, distributeRound + 7, false, true},
		{"never heard of the ring", testFD, RingID{1, in.id.Representative}, 0, false, true},
	} {
		r.noteHop(testFD)
		r.peers[1] = peer{}
		r.joins[1] = &join{at: test.at, progress: progress{test.ring, test.reached}}
		r.judgeHop(testFD)
		if r.hop.open != test.open || (r.peers[1].troubles > 0) != test.failed {
			t.Errorf("%s: open %v, troubles %d", test.name, r.hop.open, r.peers[1].troubles)
		}
	}
}
