//go:build linux

package lab

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mpspread/internal/labnet"
)

func TestMain(m *testing.M) {
	code := m.Run()
	RemovePrograms()
	ReportScenarios(os.Stdout)
	ReportSkips(os.Stdout)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// families are the ways a network can carry packets, each of which must pass
// the same tests.
var families = []Options{
	{Transport: Broadcast},
	{Transport: Multicast},
	{Transport: Unicast},
	{Transport: Multicast, IPv6: true},
	{Transport: Unicast, IPv6: true},
}

// wantWell stops the load and fails the test unless nothing went wrong in it.
func wantWell(t testing.TB, ld *Load) {
	t.Helper()
	r := ld.Stop(t)
	t.Log(r)
	if !r.Well() {
		t.Error("the load has seen faults")
	}
}

// Three daemons form one ring within 2 s of the last start, and ten clients on
// all of them, with mixed services and sizes from 0 to 140 000 bytes, receive
// identical sequences.
func TestRingForms(t *testing.T) {
	for _, o := range families {
		t.Run(o.family(), func(t *testing.T) {
			l := New(t, o)
			l.StartAll(t)
			took := l.promptly(t, 2*time.Second, "one ring of all", func() error { return l.ringOf(l.Names()) })
			t.Logf("one ring %v after the last start", took)
			l.AwaitWell(t, formWithin)
			changes := l.MembershipChanges(t)
			ld := l.StartLoad(t, LoadOptions{})
			ld.Flow(t, 1000)
			wantWell(t, ld)
			l.wantUnchanged(t, changes)
		})
	}
}

// A daemon on one of two networks rings with the others over the one they
// share; the other network's death does not concern it (S20).
func TestSingleHomed(t *testing.T) {
	l := NewRing(t, Options{Absent: map[string][]string{"h2": {"B"}}})
	l.AwaitWell(t, formWithin)
	changes := l.MembershipChanges(t)
	ld := l.StartLoad(t, LoadOptions{})
	ld.Flow(t, 200)
	l.During(t, l.Silent("B"), func() {
		l.awaitDead(t, l.bed.Paths(labnet.On("B")))
		ld.Flow(t, 200)
	})
	l.AwaitWell(t, formWithin)
	wantWell(t, ld)
	l.wantUnchanged(t, changes)
}
