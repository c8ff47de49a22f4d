//go:build linux

package lab

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mpspread/client"
	"mpspread/internal/labnet"
)

// A daemon is killed: clients of the others get the network membership within
// 1 s at the default setting.
func TestKill(t *testing.T) {
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	m1, m2, m3 := l.Join(t, "h1", "m1", chat), l.Join(t, "h2", "m2", chat), l.Join(t, "h3", "m3", chat)
	for _, m := range []*Member{m1, m2, m3} {
		m.Await(t, joinWithin, "membership of all", MembershipOf(client.Join, m1, m2, m3))
	}
	burst(t, "before", m1, m2, m3)
	from1, from2 := m1.Mark(), m2.Mark()
	killed := time.Now()
	l.Daemon("h3").Kill(t)
	wantNetworkChange(t, m1, from1, killed, crashWithin, m1, m2)
	wantNetworkChange(t, m2, from2, killed, crashWithin, m1, m2)
	burst(t, "after", m1, m2)
	wantSame(t, m1, m2, from1, from2)

	l.Start(t, "h3")
	l.AwaitRing(t, formWithin)
	m4 := l.Join(t, "h3", "m4", chat)
	m1.Await(t, joinWithin, "the new one's join", MembershipOf(client.Join, m1, m2, m4))
}

// A daemon is killed and started again within 50 ms, 50 times: each time it is
// a new incarnation, and packets of the old life, sent again, are refused
// (S30).
func TestRestart(t *testing.T) {
	const (
		times = 50
		most  = 100 // tries: on a busy machine some are too slow to count
		quick = 50 * time.Millisecond
	)
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	lives := []string{l.incarnation(t, "h3")}
	counted := 0
	for try := 0; try < most && counted < times; try++ {
		recording := l.Record(t, "A", "h3")
		awaitCaught(t, recording, 5)
		killed := time.Now()
		l.Daemon("h3").Kill(t)
		old := recording.SoFar() // nothing of the new life is in it
		l.Start(t, "h3")
		if lost, _ := l.pulse.Lost(killed); time.Since(killed) <= quick+lost {
			counted++
		}
		recording.Stop()
		l.AwaitRing(t, formWithin)
		life := l.incarnation(t, "h3")
		if slices.Contains(lives, life) {
			t.Fatalf("restart %d: incarnation %s was there before", try, life)
		}
		lives = append(lives, life)
		l.wantRefused(t, old)
	}
	if counted < times {
		t.Errorf("only %d restarts within %v", counted, quick)
	}
}

func (l *Lab) incarnation(t testing.TB, daemon string) string {
	t.Helper()
	s, err := l.Status(daemon)
	if err != nil || s.Incarnation == "" {
		t.Fatalf("incarnation of %s: %q, %v", daemon, s.Incarnation, err)
	}
	return s.Incarnation
}

// wantRefused sends recorded packets of an old life to the ring again: they
// are counted as such, accepted by nobody, and change nothing.
func (l *Lab) wantRefused(t testing.TB, old *labnet.Recorded) {
	t.Helper()
	const counter = "multipath_superseded_life"
	refused := func() uint64 { return l.counter(t, "h1", counter) + l.counter(t, "h2", counter) }
	changes, before := l.MembershipChanges(t), refused()
	try(t, old.Replay())
	// Each packet went to one of the others or to both.
	Eventually(t, flowWithin, "old packets are refused", func() error {
		if n := refused() - before; n < uint64(old.Packets()) {
			return fmt.Errorf("%s has grown by %d after %d packets", counter, n, old.Packets())
		}
		return nil
	})
	l.wantUnchanged(t, changes)
}

func (l *Lab) counter(t testing.TB, daemon, name string) uint64 {
	t.Helper()
	s, err := l.Status(daemon)
	if err != nil {
		t.Fatal(err)
	}
	n, ok := s.Counters[name]
	if !ok {
		t.Fatalf("%s has no counter %s", daemon, name)
	}
	return n
}

// Packets of a living daemon, recorded and sent again later on the other
// network too, change nothing: old tokens are swallowed (S7).
func TestReplay(t *testing.T) {
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	changes := l.MembershipChanges(t)
	ld := l.StartLoad(t, LoadOptions{})
	recording := l.Record(t, "A", "h2")
	awaitCaught(t, recording, 500)
	old := recording.Stop()
	for range 5 {
		ld.Flow(t, 50)
		try(t, old.Replay())
	}
	ld.Flow(t, 50)
	wantWell(t, ld)
	l.wantUnchanged(t, changes)
}

// A clean shutdown announces itself: the others are without the daemon in less
// than 100 ms.
func TestCleanShutdown(t *testing.T) {
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	m1, m3 := l.Join(t, "h1", "m1", chat), l.Join(t, "h3", "m3", chat)
	m1.Await(t, joinWithin, "membership of both", MembershipOf(client.Join, m1, m3))
	from := m1.Mark()
	asked := time.Now()
	l.Daemon("h3").Stop(t)
	s := m1.AwaitFrom(t, from, formWithin, "membership without m3", func(s Seen) bool {
		j, ok := s.Event.(*client.Membership)
		return ok && slices.Equal(j.Members, []string{m1.Private()})
	})
	took := s.At.Sub(asked)
	t.Logf("client saw it after %v", took.Round(time.Millisecond))
	l.wantWithin(t, 100*time.Millisecond, "membership without m3", asked, took)
	Eventually(t, formWithin, "ring of the other two", func() error { return l.ringOf([]string{"h1", "h2"}) })
}
