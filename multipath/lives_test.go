package multipath

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestFormsAndDelivers(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, c := range []Cipher{AES256GCM, ChaCha20Poly1305} {
			t.Run(fmt.Sprintf("plaintext=%v cipher=%d", plain, c), func(t *testing.T) {
				w := newWorld(t, 3, 2, func(cfg *Config) { cfg.Plaintext, cfg.Cipher = plain, c })
				took := w.until(200*ms, "mutual", w.allMutual)
				if took > 60*ms {
					t.Errorf("took %v to hear each other", took)
				}
				for i := range 50 {
					w.multicast(i%3, fmt.Sprint("m", i))
					w.run(ms)
				}
				for i := range 3 {
					if got := len(w.nodes[i].packets); got < 33 || got > 34 {
						t.Errorf("daemon %d accepted %d packets", i, got)
					}
					s := w.nodes[i].Status(w.now)
					if s.Counters.Duplicates == 0 || s.Counters.Authentication != 0 || s.Counters.Malformed != 0 {
						t.Errorf("daemon %d: %+v", i, s.Counters)
					}
				}
			})
		}
	}
}

// The first rule of replication: a packet comes up once, by whatever network
// it arrived first, while either network works (MPX-1, MPX-2, MPX-5).
func TestOnceUpWithLossAndSkew(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.delay[1] = 40 * ms
	w.form()
	w.filter = func(f *flight) bool { return f.net != NetworkID(f.number%2) || w.rand.IntN(4) != 0 }
	want := 0
	for i := range 2000 {
		w.multicast(0, fmt.Sprint(i))
		want++
		w.run(200 * time.Microsecond)
	}
	w.run(time.Second)
	for i := 1; i < 3; i++ {
		seen := map[string]int{}
		for _, p := range w.payloads(i) {
			seen[p]++
		}
		for p, n := range seen {
			if n != 1 {
				t.Fatalf("%q came up %d times", p, n)
			}
		}
		if len(seen) < want*95/100 {
			t.Errorf("daemon %d: %d of %d", i, len(seen), want)
		}
	}
}

func TestDaemonSilentIsNoticedInTime(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	w.nodes[1].dead = true
	g := w.nodes[0].HearingGeneration()
	took := w.until(500*ms, "silence", func() bool { return !w.mutual(0, 1) })
	if took > 376*ms || took < 250*ms {
		t.Errorf("noticed after %v, not three quarters of 500 ms", took)
	}
	if w.nodes[0].HearingGeneration() == g {
		t.Error("generation did not change")
	}
	if h := w.nodes[0].Hearings()[0]; h.Incarnation != 0 || h.Beacon != nil {
		t.Errorf("hearing of a silent daemon: %+v", h)
	}
}

// A network that is 5 s late must not keep a dead daemon alive (protocol rule
// 4), nor revive it.
func TestLateNetworkHidesNoCrash(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	w.delay[1] = 5 * time.Second
	w.run(10 * time.Second)
	if !w.mutual(0, 1) {
		t.Fatal("not mutual with one network late")
	}
	if p := w.path(0, 1, 1); !p.Slow {
		t.Errorf("late path not shown: %+v", p)
	}
	w.nodes[1].dead = true
	w.until(400*ms, "silence", func() bool { return !w.mutual(0, 1) })
	for range 80 {
		w.run(100 * ms)
		if w.mutual(0, 1) {
			t.Fatal("a dead daemon came back")
		}
	}
}

// SCN-04, S30: a daemon that is back within 50 ms is a new life; nothing of
// the old one is taken afterwards.
func TestRestartWithin50ms(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.form()
	var recorded []*flight
	for round := range 20 {
		recorded = recorded[:0]
		w.tap = func(f *flight) {
			if f.from == 1 {
				c := *f
				c.data = slices.Clone(f.data)
				recorded = append(recorded, &c)
			}
		}
		w.multicast(1, fmt.Sprint("old ", round))
		w.run(300 * ms)
		w.tap = nil
		w.nodes[1].dead = true
		w.run(50 * ms)
		w.boot(1)
		took := w.until(400*ms, "new life heard", w.allMutual)
		if took > 250*ms {
			t.Errorf("admitted after %v", took)
		}
		accepted := len(w.nodes[0].packets)
		before := w.nodes[0].Status(w.now).Counters
		for _, f := range recorded {
			if f.to == 0 {
				w.receive(w.nodes[0], f.net, testAddr(int(f.net), 1), f.data)
			}
		}
		after := w.nodes[0].Status(w.now).Counters
		if len(w.nodes[0].packets) != accepted || after.Accepted != before.Accepted {
			t.Fatal("a packet of an old life was accepted")
		}
		if after.SupersededLife == before.SupersededLife || after.DuplicateIdentity != 0 {
			t.Fatalf("before %+v\nafter %+v", before, after)
		}
		w.multicast(1, fmt.Sprint("new ", round))
		w.run(10 * ms)
		if p := w.payloads(0); p[len(p)-1] != fmt.Sprint("new ", round) {
			t.Fatal("packet of the new life not accepted")
		}
	}
}

// A life that came, proved itself and went while its predecessor's silence was
// awaited must not take the place of its successor when that is silent for a
// moment: a superseded life stays refused, so the daemon would stay out.
func TestLifeBetweenTwoOthers(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	first := w.nodes[1]
	first.dead = true
	w.run(10 * ms)
	w.boot(1) // comes and proves itself, but the first is not silent for long enough
	d := w.nodes[0].daemons[1]
	w.until(100*ms, "second life proven", func() bool { return len(d.candidates) == 1 && d.candidates[0].freshAt != never })
	second := w.nodes[1].short
	w.nodes[1].dead = true
	w.boot(1)
	third := w.nodes[1].short
	w.until(time.Second, "third life heard", func() bool { return w.nodes[0].Hearings()[0].Incarnation == third })
	w.filter = func(*flight) bool { return false }
	w.run(200 * ms) // more than fd/4
	w.filter = nil
	w.until(time.Second, "third life heard again", w.allMutual)
	if d.isSuperseded(third) || d.life.short == second {
		t.Error("the living life was superseded by a dead one")
	}
}

// The same of a life that ended before its successor was let in, whose hello
// with a good echo comes late.
func TestLateProofOfEarlierLife(t *testing.T) {
	w := newWorld(t, 2, 2)
	var late []*flight
	w.filter = func(f *flight) bool {
		if f.from == 1 && f.to == 0 {
			c := *f
			c.data = slices.Clone(f.data)
			late = append(late, &c)
			return false
		}
		return true
	}
	w.run(300 * ms) // the first life hears and echoes, and is not heard
	w.nodes[1].dead = true
	w.boot(1)
	w.filter = nil
	w.until(time.Second, "second life heard", w.allMutual)
	second := w.nodes[1].short
	w.filter = func(*flight) bool { return false }
	w.run(200 * ms) // more than fd/4
	for _, f := range late {
		w.receive(w.nodes[0], f.net, testAddr(int(f.net), 1), f.data)
	}
	w.run(200 * ms)
	w.filter = nil
	w.until(time.Second, "second life heard again", w.allMutual)
	if w.nodes[0].daemons[1].life.short != second {
		t.Error("a dead life took the place of the living one")
	}
}

// SCN-22, SEC-6: a recording of a dead life proves nothing, not even to a
// daemon that never knew that life.
func TestReplayedHelloOfDeadLife(t *testing.T) {
	w := newWorld(t, 2, 2)
	var recorded []*flight
	w.tap = func(f *flight) {
		if f.from == 1 && f.to == 0 {
			c := *f
			c.data = slices.Clone(f.data)
			recorded = append(recorded, &c)
		}
	}
	w.form()
	w.multicast(1, "recorded")
	w.run(ms)
	w.tap = nil
	w.nodes[1].dead = true
	w.nodes[0].dead = true
	w.run(time.Second)
	w.boot(0)
	for range 3 {
		for _, f := range recorded {
			w.receive(w.nodes[0], f.net, testAddr(int(f.net), 1), slices.Clone(f.data))
			w.send(w.nodes[0])
			w.run(ms)
		}
	}
	c := w.nodes[0].Status(w.now).Counters
	if h := w.nodes[0].Hearings()[0]; h.Incarnation != 0 || c.UnprovenLife == 0 || len(w.nodes[0].packets) != 0 {
		t.Errorf("recording accepted: %+v %+v", h, c)
	}
	// The true one is still let in.
	w.boot(1)
	w.until(300*ms, "true life heard", w.allMutual)
}

func TestOwnPacketsLoopedBack(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	var own [][]byte
	w.tap = func(f *flight) { own = append(own, slices.Clone(f.data)) }
	w.multicast(0, "x")
	w.tap = nil
	w.receive(w.nodes[0], 0, testAddr(0, 0), own[0])
	if c := w.nodes[0].Status(w.now).Counters; c.Own != 1 || len(w.nodes[0].packets) != 0 {
		t.Errorf("%+v", c)
	}
}

// SCN-28: a machine put back to an older state learns it from its peers.
func TestRevertedMachine(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	saved := w.nodes[1].counter
	w.run(5 * time.Second)
	if w.nodes[1].Reverted() {
		t.Fatal("reverted without reason")
	}
	w.nodes[1].counter = saved
	w.until(300*ms, "revert noticed", w.nodes[1].Reverted)
}

// The same of a machine that was put back to when its daemon had just started:
// its peers drop its hellos as copies, and so cannot prove to it that they live.
func TestRevertedMachineKnowsNobody(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	w.run(5 * time.Second)
	c := w.nodes[1].cfg
	c.Keys = w.base.Keys
	fresh, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.nodes[1].Multipath = fresh
	w.until(300*ms, "revert noticed", w.nodes[1].Reverted)
}

// The same of one that has used each counter again before its peers could tell it
// of that, for a packet to one of six: that one alone is not believed.
func TestRevertedMachineIsKnownToTwo(t *testing.T) {
	w := newWorld(t, 7, 1)
	w.form()
	w.run(time.Second)
	again := func(to int) { // a counter that all have seen
		saved := w.nodes[1].counter
		w.multicast(1, "before")
		w.run(ms)
		w.nodes[1].counter = saved
		w.nodes[1].Send(w.now, KindUpper, testID(to), false, []byte("after"))
		w.send(w.nodes[1])
		w.run(300 * ms)
	}
	again(2)
	if w.nodes[1].Reverted() {
		t.Fatal("reverted on the word of one of six")
	}
	again(3)
	if !w.nodes[1].Reverted() {
		t.Error("not reverted on the word of two")
	}
}

// The same of a machine that was put back by a few packets, and has sent more
// than these before any peer could tell it: they have counters twice.
func TestRevertedMachineCatchesUp(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, 3, 2, func(c *Config) { c.Plaintext = plain })
		w.form()
		w.run(time.Second)
		saved := w.nodes[1].counter
		for i := range 3 {
			w.multicast(1, fmt.Sprint("before ", i))
		}
		w.run(ms)
		w.nodes[1].counter = saved
		for i := range 10 {
			w.multicast(1, fmt.Sprint("after ", i))
		}
		w.run(ms)
		if n := w.nodes[0].byID[testID(1)].life.window.highest; n > w.nodes[1].counter {
			t.Fatalf("the highest counter seen is %d, sent %d", n, w.nodes[1].counter)
		}
		w.until(100*ms, "revert noticed", w.nodes[1].Reverted)
		if got := w.payloads(0); len(got) != 10 {
			t.Errorf("plaintext %v: %q came up", plain, got)
		}
	}
}

// A copy with other bytes under a counter in use says nothing of its sender if
// it is not authentic: anybody can make one.
func TestForgedCopyForksNobody(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	var copies [][]byte
	w.tap = func(f *flight) { copies = append(copies, slices.Clone(f.data)) }
	w.multicast(1, "x")
	w.run(ms)
	w.tap = nil
	forged := copies[0]
	forged[len(forged)-1]++
	w.receive(w.nodes[0], 0, testAddr(0, 1), forged)
	w.run(time.Second)
	if w.nodes[0].byID[testID(1)].life.forked || w.nodes[1].Reverted() {
		t.Error("a forged copy ends a life")
	}
}

// SCN-25: every packet a hundred times. Only the first copy is opened, so the
// others cost next to nothing.
func TestNetworkLoop(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	var copies []*flight
	opened := 0
	w.tap = func(f *flight) {
		if f.to == 1 {
			c := *f
			c.data = slices.Clone(f.data)
			copies = append(copies, &c)
		}
	}
	for i := range 20 {
		w.multicast(0, fmt.Sprint(i))
	}
	w.tap = nil
	for range 100 {
		for _, f := range copies {
			data := slices.Clone(f.data)
			w.receive(w.nodes[1], f.net, testAddr(int(f.net), 0), data)
			// Packets are opened in place: one that is as it was has cost no
			// more than the look at its header and tag.
			if !bytes.Equal(data, f.data) {
				opened++
			}
		}
	}
	if n := len(w.nodes[1].packets); n != 20 || opened != 20 {
		t.Errorf("%d packets came up, %d were opened", n, opened)
	}
}

// Daemons that start at the same time, with loss, still find each other.
func TestMassStart(t *testing.T) {
	w := newWorld(t, 12, 2)
	w.loss = 0.2
	w.until(2*time.Second, "all mutual", w.allMutual)
}

// Counters near their limits (RNG-11, SCN-12): sub-epochs step, nothing is lost.
func TestCountersNearLimits(t *testing.T) {
	for _, start := range []uint64{1<<28 - 100, 1<<31 - 100, 1<<32 - 100, 1<<63 - 100, 1<<64 - 2000} {
		t.Run(fmt.Sprintf("%x", start), func(t *testing.T) {
			w := newWorld(t, 2, 2, func(c *Config) { c.StartCounter = start })
			w.until(200*ms, "mutual", w.allMutual)
			for i := range 200 {
				w.multicast(0, fmt.Sprint(i))
				w.run(100 * time.Microsecond)
			}
			w.run(10 * ms)
			if n := len(w.nodes[1].packets); n != 200 {
				t.Errorf("%d of 200", n)
			}
		})
	}
}

// At its last counter a daemon asks for a new life instead of wrapping.
func TestCountersUsedUp(t *testing.T) {
	w := newWorld(t, 2, 1, func(c *Config) { c.StartCounter = 1<<64 - 300 })
	w.until(time.Second, "mutual", w.allMutual)
	for range 400 {
		w.multicast(0, "x")
	}
	if !w.nodes[0].Reverted() || w.nodes[0].counter != 1<<64-2 {
		t.Errorf("reverted %v at %x", w.nodes[0].Reverted(), w.nodes[0].counter)
	}
}

// SEC-6: what a living peer sent before this daemon started is refused, even
// if nobody here has seen it.
func TestRecordingFromBeforeTheStart(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	old := w.packet("before")
	w.nodes[0].dead = true
	w.run(time.Second)
	w.boot(0)
	w.until(time.Second, "mutual again", w.allMutual)
	if got := w.give(old, testAddr(0, 1)); got["beyond"] != 1 || len(w.nodes[0].packets) != 0 {
		t.Errorf("%v", got)
	}
}

// A large cluster: hellos in parts, reports in turn, changes told at once.
func TestLargeCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("40 daemons")
	}
	w := newWorld(t, 40, 2, func(c *Config) { c.Networks[1].Broadcast = true })
	w.until(2*time.Second, "all mutual", w.allMutual)
	w.run(2500 * ms)
	if s := w.status(7); s.RedundancyLost || s.Networks[0].State != NetworkUp || s.Counters.Malformed != 0 || s.Counters.PartsDropped != 0 {
		t.Errorf("%v %v %+v", s.RedundancyLost, s.Networks[0].State, s.Counters)
	}
	reported := map[DaemonID]bool{}
	for range 2 {
		w.nodes[5].buildHello(w.now)
		for _, r := range w.nodes[5].hello.reports {
			reported[r.daemon] = true
		}
	}
	if len(reported) != 39 {
		t.Errorf("two hellos told of %d peers", len(reported))
	}
	// News are told out of turn, several times.
	nd := w.nodes[5]
	for i := range retellChanges + 1 {
		nd.turn = 5 // up to number 36
		nd.byID[testID(39)].paths[0].late = true
		nd.buildHello(w.now)
		if told := nd.hello.reportOf(testID(39)) != nil; told != (i < retellChanges) {
			t.Errorf("news told in hello %d: %v", i, told)
		}
	}
	g := w.nodes[3].HearingGeneration()
	w.filter = cut(0, 3, 30)
	w.until(1100*ms, "one direction cut is told", func() bool { return w.path(3, 30, 0).Reverse == PathSilent })
	w.filter = nil
	w.until(1100*ms, "its return too", func() bool { return w.path(3, 30, 0).Reverse == PathOK })
	if w.nodes[3].HearingGeneration() != g {
		t.Error("hearing changed")
	}
	w.nodes[30].dead = true
	w.run(500 * ms)
	w.boot(30)
	w.until(time.Second, "all mutual again", w.allMutual)
}

// SEC-9: one faulty member cannot make others end their lives.
func TestOneLiarRevertsNobody(t *testing.T) {
	w := newWorld(t, 4, 2)
	w.form()
	liar := w.nodes[3].byID[testID(0)].life
	liar.window.highest += 1 << 40
	w.run(2 * time.Second)
	if w.nodes[0].Reverted() {
		t.Error("reverted on the word of one of three")
	}
	w.nodes[2].byID[testID(0)].life.window.highest += 1 << 40
	w.until(time.Second, "two of three", w.nodes[0].Reverted)
}

// A hello that was on the way for 5 s, and came by no other network, does not
// make a dead daemon look as if it heard this one.
func TestLateHelloRevivesNobody(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	w.delay[1] = 5 * time.Second
	w.run(6 * time.Second)
	w.filter = cut(0, -1, -1)
	w.run(300 * ms)
	w.nodes[1].dead = true
	w.run(500 * ms)
	heard := false
	for range 700 {
		w.run(10 * ms)
		h := w.nodes[0].Hearings()[0]
		heard = heard || h.Incarnation != 0
		if h.Mutual {
			t.Fatal("a dead daemon is said to hear this one")
		}
	}
	if !heard {
		t.Error("the late packets did not even arrive")
	}
}

// Of two hellos the later one counts, whatever the order of arrival.
func TestOvertakenHello(t *testing.T) {
	w := pair(t)
	hellos := func(beacon byte) []byte {
		w.nodes[1].SetBeacon([]byte{beacon}, true)
		w.nodes[1].begin(w.now)
		w.nodes[1].nextHello = w.now
		w.nodes[1].sendHello(w.now)
		for _, d := range w.nodes[1].Datagrams() {
			if Kind(d.Data[3]) == KindHello {
				return slices.Clone(d.Data)
			}
		}
		t.Fatal("no hello")
		return nil
	}
	first, second := hellos(1), hellos(2)
	for _, data := range [][]byte{second, first} {
		if got := w.give(data, testAddr(0, 1)); got["accepted"] != 1 {
			t.Fatalf("%v", got)
		}
		if b := w.nodes[0].Hearings()[0].Beacon; len(b) != 1 || b[0] != 2 {
			t.Errorf("beacon %v", b)
		}
	}
}

func TestFreshness(t *testing.T) {
	const age = 100 * ms
	f := freshness{raised: never, marked: never}
	highest := uint64(0)
	for _, c := range []struct {
		now     Time
		counter uint64
		stale   bool
	}{
		{0, 10, false},
		{50 * ms, 20, false},
		{60 * ms, 5, false}, // overtaken, but in time
		{130 * ms, 30, false},
		{140 * ms, 19, false}, // sent before 20, which came 90 ms ago
		{250 * ms, 40, false},
		{260 * ms, 19, true},  // 20 came more than 200 ms ago
		{260 * ms, 35, false}, // between 30 and 40
		{361 * ms, 39, true},  // nothing higher for 100 ms: this one was late
		{361 * ms, 41, false},
	} {
		if got := f.stale(c.now, c.counter, highest, age); got != c.stale {
			t.Errorf("counter %d at %v: stale %v", c.counter, c.now, got)
		}
		highest = max(highest, c.counter)
	}
}

// Within the window nothing is refused, however far out of order it comes.
func TestReversedOrder(t *testing.T) {
	w := pair(t)
	const n = 3000
	run := sealedRun(w, n, 10)
	for i := range n {
		if _, ok := w.nodes[0].Receive(w.now, 0, testAddr(0, 1), run[n-1-i]); !ok {
			t.Fatalf("packet %d of %d refused", i, n)
		}
	}
}

// Challenges: the current and the previous one count, an older one does not,
// and none from before a long pause but the last.
func TestChallenges(t *testing.T) {
	m := newWorld(t, 2, 1).nodes[0]
	m.start(0)
	accepts := func(c challenge) bool { return m.challenges.accepts([]challenge{{}, c}, never) }
	a := m.challenges.current
	m.renewChallenge(challengeLife - 1)
	if m.challenges.current != a {
		t.Error("renewed too early")
	}
	m.renewChallenge(challengeLife)
	b := m.challenges.current
	if a == b || !accepts(a) || !accepts(b) {
		t.Error("current and previous do not count")
	}
	m.renewChallenge(2 * challengeLife)
	if accepts(a) || !accepts(b) {
		t.Error("the one before the previous counts")
	}
	c := m.challenges.current
	m.renewChallenge(time.Hour)
	if accepts(b) || accepts(c) {
		t.Error("a challenge from before a long pause counts")
	}
}

// Hearing holds at every failure detection time, with ordinary loss on both
// networks and nothing but hellos and probes.
func TestHearingHolds(t *testing.T) {
	for _, fd := range []time.Duration{20 * ms, 100 * ms, 200 * ms, 500 * ms, time.Minute} {
		t.Run(fd.String(), func(t *testing.T) {
			w := newWorld(t, 3, 2, func(c *Config) { c.FailureDetection = fd })
			w.loss = 0.03
			w.until(time.Second, "mutual", w.allMutual)
			w.run(time.Second)
			for _, nd := range w.nodes {
				nd.SetBeacon([]byte("operational"), false)
			}
			w.run(time.Second)
			g := w.nodes[0].HearingGeneration()
			w.run(30 * time.Second)
			if w.nodes[0].HearingGeneration() != g {
				t.Error("hearing flapped")
			}
			w.nodes[1].dead = true
			if took := w.until(fd, "silence", func() bool { return !w.mutual(0, 1) }); took > fd*3/4+2*ms {
				t.Errorf("silence after %v", took)
			}
		})
	}
}
