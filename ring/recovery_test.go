package ring

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// story writes what a node was given: messages by their text, configurations
// as [members] regular and <members> transitional.
func (n *node) story(from int) string {
	var parts []string
	for _, d := range n.got[from:] {
		if d.Conf == nil {
			parts = append(parts, string(d.Payload))
			continue
		}
		var who []string
		for _, m := range d.Conf.Members {
			who = append(who, fmt.Sprint(m.Daemon))
		}
		form := "[%s]"
		if d.Conf.Kind == Transitional {
			form = "<%s>"
		}
		parts = append(parts, fmt.Sprintf(form, strings.Join(who, " ")))
	}
	return strings.Join(parts, " ")
}

// say submits a message at a node.
func (w *network) say(i int, s Service, text string) {
	w.t.Helper()
	if err := w.nodes[i].Submit(w.now, 1, s, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
	w.drain(i)
}

// until lets time pass until something holds.
func (w *network) until(what string, ok func() bool) {
	w.t.Helper()
	for range 200000 {
		if ok() {
			return
		}
		w.run(20 * time.Microsecond)
	}
	w.t.Fatalf("at %v: never %s", w.now, what)
}

// formed is three nodes in one ring, and how much each has been given.
func formed(t *testing.T, n int) (w *network, from []int) {
	w = newNetwork(t, n)
	w.run(500 * time.Millisecond)
	for _, nd := range w.nodes {
		from = append(from, len(nd.got))
	}
	return w, from
}

// SCN-21, GAP-2, GAP-3: a message lost with its sender leaves a hole; what
// companions sent after it is delivered, what others sent after it is not.
func TestHoleInTransitional(t *testing.T) {
	w, from := formed(t, 4)
	w.drop = func(a, _ int, s Send) bool { return a == 3 && s.Kind == KindData }
	w.say(3, Agreed, "lost")
	w.until("lost message ordered", func() bool { return w.nodes[3].cur.store.high > 0 })
	w.drop = func(a, b int, s Send) bool { return a == 2 && b == 3 } // 3 hears of nothing more
	w.say(0, Agreed, "kept")
	w.until("second message out", func() bool { return w.nodes[0].cur.store.high > 1 })
	w.nodes[3].up = false
	w.run(2 * time.Second)
	for i := range 3 {
		if got, want := w.nodes[i].story(from[i]), "<1 2 3> kept [1 2 3]"; got != want {
			t.Errorf("node %d was given %s, want %s", i, got, want)
		}
	}
}

// Protocol rule 8, the trace of the obligation set: 3's message is lost
// everywhere, 2's safe one after it is held by 1 and 2; 3 dies; 2 installs
// {1 2} and delivers; the link dies before 1 sees that token. SAFE-1 orders 1,
// which recovers alone, to deliver it as well.
func TestObligationSurvivesABrokenRecovery(t *testing.T) {
	w, from := formed(t, 3)
	w.drop = func(a, _ int, s Send) bool { return a == 2 && s.Kind == KindData }
	w.say(2, Agreed, "lost")
	w.until("lost message ordered", func() bool { return w.nodes[2].cur.store.high == 1 })
	w.say(1, Safe, "safe")
	w.until("safe message held by 1 and 2", func() bool {
		return w.nodes[0].cur.store.high == 2 && w.nodes[1].cur.store.high == 2
	})
	w.nodes[2].up = false
	w.drop = func(a, b int, s Send) bool {
		return s.Kind == KindToken && a == 1 && b == 0 && w.nodes[1].cur.id.Epoch > w.nodes[0].cur.id.Epoch
	}
	w.until("ring of 1 and 2 installed at 2", func() bool { return len(w.nodes[1].cur.members) == 2 })
	if w.nodes[0].state != Recovery {
		t.Fatalf("node 0 is in %v, want recovery", w.nodes[0].state)
	}
	w.cut = func(a, b int) bool { return a != b }
	w.run(3 * time.Second)
	if got, want := w.nodes[0].story(from[0]), "<1> safe [1]"; got != want {
		t.Errorf("1 was given %s, want %s", got, want)
	}
	if got, want := w.nodes[1].story(from[1]), "<1 2> safe [1 2] <2> [2]"; got != want {
		t.Errorf("2 was given %s, want %s", got, want)
	}
}

// Protocol rule 8, "united over companions": 4's message is lost everywhere; 2
// and 3 recover while 1 pauses, 3 installs and dies; 2, which owes 3's safe message,
// recovers with 1 and installs, and delivers it; the link dies before 1 sees
// that token. 1 was never in a recovery with 3, and owes the message too.
func TestObligationsAreUnitedOverCompanions(t *testing.T) {
	w, from := formed(t, 4)
	w.drop = func(a, _ int, s Send) bool { return a == 3 && s.Kind == KindData }
	w.say(3, Agreed, "lost")
	w.until("lost message ordered", func() bool { return w.nodes[3].cur.store.high == 1 })
	w.say(2, Safe, "safe")
	w.until("safe message held by 1, 2 and 3", func() bool {
		return w.nodes[0].cur.store.high == 2 && w.nodes[1].cur.store.high == 2 && w.nodes[2].cur.store.high == 2
	})
	w.nodes[3].up = false
	w.nodes[0].up = false // a pause
	lastToken := func(from, to int) func(a, b int, s Send) bool {
		return func(a, b int, s Send) bool {
			return s.Kind == KindToken && a == from && b == to && w.nodes[from].cur.id.Epoch > w.nodes[to].cur.id.Epoch
		}
	}
	w.drop = lastToken(2, 1)
	w.until("ring of 2 and 3 installed at 3", func() bool { return len(w.nodes[2].cur.members) == 2 })
	w.nodes[2].up = false
	w.run(testFD - 50*time.Millisecond) // 2 will have lost the token soon
	w.nodes[0].up = true
	w.drop = lastToken(1, 0)
	w.until("ring of 1 and 2 installed at 2", func() bool { return len(w.nodes[1].cur.members) == 2 })
	w.cut = func(a, b int) bool { return a != b }
	w.run(3 * time.Second)
	if got, want := w.nodes[0].story(from[0]), "<1> safe [1]"; got != want {
		t.Errorf("1 was given %s, want %s", got, want)
	}
	if got, want := w.nodes[1].story(from[1]), "<1 2> safe [1 2] <2> [2]"; got != want {
		t.Errorf("2 was given %s, want %s", got, want)
	}
}

// SAFE-2, SAFE-4: a safe message that not all are known to hold comes after
// the transitional configuration.
func TestSafeMessageInTransitional(t *testing.T) {
	w, from := formed(t, 3)
	w.drop = func(a, b int, s Send) bool { return b == 2 && s.Kind == KindData }
	w.say(0, Agreed, "agreed")
	w.until("agreed message out", func() bool { return w.nodes[0].cur.store.high == 1 })
	w.say(0, Safe, "safe")
	w.run(2 * time.Millisecond)
	w.nodes[2].up = false
	w.run(2 * time.Second)
	for i := range 2 {
		if got, want := w.nodes[i].story(from[i]), "agreed <1 2> safe [1 2]"; got != want {
			t.Errorf("node %d was given %s, want %s", i, got, want)
		}
	}
}

// SCN-14, INT-5: a change between two fragments; the sender sends the whole
// message again, once.
func TestChangeBetweenFragments(t *testing.T) {
	w, from := formed(t, 3)
	large := strings.Repeat("x", 400000)
	for _, n := range w.nodes {
		n.cfg.LaneQueue = 1 << 20
	}
	w.say(0, Agreed, large)
	w.until("part of it sent", func() bool { return w.nodes[0].cur.store.high > 50 })
	w.nodes[2].up = false
	w.run(3 * time.Second)
	for i := range 2 {
		got := w.nodes[i].story(from[i])
		if want := "<1 2> [1 2] " + large; got != want {
			t.Errorf("node %d was given %d bytes (%.40s…), want %d", i, len(got), got, len(want))
		}
		if n := len(w.nodes[i].cur.begun); n != 0 {
			t.Errorf("node %d keeps %d unfinished messages", i, n)
		}
		if n := w.nodes[i].n.ReassemblyAbandoned; n != 1 {
			t.Errorf("node %d counts %d unfinished messages given up, want 1", i, n)
		}
	}
}

// SCN-02: copies of the commit token change nothing, in Recovery neither.
func TestCommitTokenActsOnce(t *testing.T) {
	w := newNetwork(t, 3)
	var copies []flight
	w.drop = func(a, b int, s Send) bool {
		if s.Kind == KindCommit {
			copies = append(copies, flight{from: a, to: b, fromP: w.nodes[a].process, kind: s.Kind, payload: append([]byte(nil), s.Payload...)})
		}
		return false
	}
	w.until("commit tokens sent to all", func() bool { return len(copies) >= 5 })
	for range 50 {
		for _, c := range copies {
			w.nodes[c.to].Receive(w.now, c.fromP, c.kind, c.payload)
			w.drain(c.to)
		}
		w.run(50 * time.Microsecond)
	}
	w.run(500 * time.Millisecond)
	w.wantRing(0, 1, 2)
	if n := w.nodes[0].n.MembershipChanges; n > 2 {
		t.Errorf("%d membership changes", n)
	}
}

// SCN-06, LIV-5: two ends that do not hear each other; the middle one settles.
func TestNonTransitiveCutSettles(t *testing.T) {
	w, _ := formed(t, 3)
	w.cut = func(a, b int) bool { return a+b == 2 && a != b }
	w.run(3 * time.Second)
	w.wantRing(0, 1)
	w.wantRing(2)
	before := w.nodes[1].n.MembershipChanges
	w.run(20 * time.Second)
	if n := w.nodes[1].n.MembershipChanges - before; n != 0 {
		t.Errorf("%d membership changes while nothing changed", n)
	}
}

// LIV-5: one hears all, another only that one. The three that hear each other
// find together although two of the four are in a ring, whoever of them is its
// representative.
func TestLargerCliqueIsFound(t *testing.T) {
	tests := []struct {
		only, both int // who hears only both, who hears all
		pairs      [4]int
		want       []int
	}{
		{0, 1, [4]int{0, 0, 1, 1}, []int{1, 2, 3}},
		{1, 0, [4]int{0, 0, 1, 1}, []int{0, 2, 3}},
		{2, 3, [4]int{0, 0, 1, 1}, []int{0, 1, 3}},
		{3, 2, [4]int{0, 0, 1, 1}, []int{0, 1, 2}},
		{2, 0, [4]int{0, 1, 0, 1}, []int{0, 1, 3}},
	}
	for _, test := range tests {
		w := newNetwork(t, 4)
		w.cut = func(a, b int) bool { return test.pairs[a] != test.pairs[b] }
		w.run(time.Second)
		w.cut = func(a, b int) bool {
			return a == test.only && b != test.both && b != a || b == test.only && a != test.both && a != b
		}
		w.run(10 * testFD)
		w.wantRing(test.want...)
		w.wantRing(test.only)
		if n := w.nodes[test.both].n.MembershipChanges; n > 5 {
			t.Errorf("%+v: %d membership changes", test, n)
		}
		before := w.nodes[test.both].n.MembershipChanges
		w.run(20 * time.Second)
		if n := w.nodes[test.both].n.MembershipChanges - before; n != 0 {
			t.Errorf("%+v: %d membership changes while nothing changed", test, n)
		}
	}
}

// LIV-5: a member whose joins come but that the commit token does not reach, or
// from which it does not come on, cannot keep the others from their ring.
func TestFormationBreakerIsLeftOut(t *testing.T) {
	blocked := map[string]func(a, b int) bool{
		"to it":                 func(_, b int) bool { return b == 4 },
		"to it from the fourth": func(a, b int) bool { return a == 3 && b == 4 },
		"from it":               func(a, _ int) bool { return a == 4 },
	}
	for name, lost := range blocked {
		w := newNetwork(t, 5)
		w.run(time.Second)
		w.wantRing(0, 1, 2, 3, 4)
		w.nodes[4].up = false
		w.run(2 * time.Second)
		w.drop = func(a, b int, s Send) bool { return s.Kind == KindCommit && lost(a, b) }
		w.start(4, 5000)
		together := 0
		const samples = 2000
		for range samples {
			w.run(20 * time.Millisecond)
			ok := true
			for _, n := range w.nodes[:4] {
				ok = ok && n.state == Operational && n.cur.id == w.nodes[0].cur.id && len(n.cur.members) >= 4
			}
			if ok {
				together++
			}
		}
		if together < samples*17/20 {
			t.Errorf("commit tokens lost %s: the others were in a ring %d %% of the time", name, 100*together/samples)
		}
		w.drop = nil
		w.run(40 * testFD)
		w.wantRing(0, 1, 2, 3, 4)
	}
}

// SCN-10: many start in one tick.
func TestEightStartTogether(t *testing.T) {
	w := newNetwork(t, 8)
	w.run(time.Second)
	w.wantRing(0, 1, 2, 3, 4, 5, 6, 7)
	if n := w.nodes[0].n.MembershipChanges; n > 2 {
		t.Errorf("%d membership changes", n)
	}
}

// A daemon with another configuration is refused and shown (SCN-31).
func TestOtherConfigurationIsRefused(t *testing.T) {
	w := newNetwork(t, 2)
	w.nodes[1].cfg.Hash = 8
	w.run(2 * time.Second)
	w.wantRing(0)
	w.wantRing(1)
	if got := w.nodes[0].Status().Refused; len(got) != 1 || got[0] != 2 {
		t.Errorf("refused %v, want daemon 2", got)
	}
}

// An idle ring rests: some rotations a second, not thousands (protocol rule 4).
func TestIdleRingRests(t *testing.T) {
	w, _ := formed(t, 3)
	before := w.nodes[0].n.TokensAccepted
	w.run(10 * time.Second)
	if n := w.nodes[0].n.TokensAccepted - before; n < 80 || n > 120 {
		t.Errorf("%d rotations in 10 s of idleness, want about 100", n)
	}
	start := w.now
	w.say(2, Agreed, "wake")
	w.until("delivered at all", func() bool {
		return strings.HasSuffix(w.nodes[0].story(0), "wake") && strings.HasSuffix(w.nodes[1].story(0), "wake")
	})
	if took := w.now - start; took > 2*time.Millisecond {
		t.Errorf("a message on an idle ring took %v, want a few hops of %v", took, w.delay)
	}
}
