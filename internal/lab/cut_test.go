//go:build linux

package lab

import (
	"slices"
	"testing"
	"time"

	"mpspread/internal/labnet"
)

// reportWithin is how soon "spreadctl networks" tells a dead path.
const reportWithin = time.Second

// awaitDead waits until the daemons at both ends of each path tell that it is
// dead, which must not take long, and then wants spreadctl to tell it to
// scripts: by its exit code for lost redundancy.
func (l *Lab) awaitDead(t testing.TB, paths []Path) time.Duration {
	t.Helper()
	took := l.promptly(t, reportWithin, "dead paths are told", func() error { return l.untold(paths) })
	for _, d := range l.Names() {
		if !slices.ContainsFunc(paths, func(p Path) bool { return p.From == d || p.To == d }) {
			continue
		}
		if r := l.Ctl(d, "networks"); r.Code != ExitRedundancy {
			t.Errorf("exit code %d, want %d\n%v", r.Code, ExitRedundancy, r)
		}
	}
	return took
}

// cutNetwork breaks a network under load and mends it: the paths are told
// dead, every client goes on receiving, no membership changes.
func (l *Lab) cutNetwork(t *testing.T, ld *Load, f Fault) {
	l.AwaitWell(t, formWithin)
	changes := l.MembershipChanges(t)
	ld.Flow(t, 20)
	ld.Gap()
	l.During(t, f, func() {
		took := l.awaitDead(t, f.Dead)
		ld.Flow(t, 100)
		t.Logf("%s: told after %v, longest gap at a client %v", f.Name, took.Round(time.Millisecond), ld.Gap().Round(time.Millisecond))
	})
	took := l.AwaitWell(t, formWithin)
	t.Logf("all well %v after mending, longest gap %v", took.Round(time.Millisecond), ld.Gap().Round(time.Millisecond))
	l.wantUnchanged(t, changes)
}

// Each network in turn is cut in every way and mended: nothing lost,
// duplicated or out of order, no membership changed, the dead path told within
// 1 s with exit code 4.
func TestNetworkCut(t *testing.T) {
	for _, o := range families {
		t.Run(o.family(), func(t *testing.T) {
			l := NewRing(t, o)
			l.AwaitWell(t, formWithin)
			ld := l.StartLoad(t, LoadOptions{})
			for _, network := range []string{"A", "B"} {
				for _, f := range []Fault{
					l.Silent(network),
					l.OneWay(network, "h1"),
					l.LinkDown(network, "h2"),
					l.AddressRemoved(network, "h3"),
					l.SwitchDown(network),
				} {
					t.Run(f.Name, func(t *testing.T) { l.cutNetwork(t, ld, f) })
				}
			}
			wantWell(t, ld)
		})
	}
}

// An interface is deleted and made anew while the daemon runs (S13).
func TestInterfaceRecreated(t *testing.T) {
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	ld := l.StartLoad(t, LoadOptions{})
	l.cutNetwork(t, ld, l.InterfaceGone("A", "h2"))
	wantWell(t, ld)
}

// With one group on both networks a packet is still counted for the network it
// came by: A's death is not hidden by B's packets (S16).
func TestOneMulticastGroup(t *testing.T) {
	l := NewRing(t, Options{Transport: Multicast, OneGroup: true})
	l.AwaitWell(t, formWithin)
	ld := l.StartLoad(t, LoadOptions{})
	for _, network := range []string{"A", "B"} {
		l.cutNetwork(t, ld, l.Silent(network))
	}
	wantWell(t, ld)
}

// h1 hears h2 only on B, h2 hears h1 only on A: one working path each way is
// enough (MPX-5).
func TestCrossedCut(t *testing.T) {
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	ld := l.StartLoad(t, LoadOptions{})
	l.cutNetwork(t, ld, l.Drop("crossed cut", func(p Path) bool {
		return p == pathOf("A", "h2", "h1") || p == pathOf("B", "h1", "h2")
	}))
	wantWell(t, ld)
}

// Every network loses packets at random: what one loses the other brings, what
// both lose is sent again.
func TestLoss(t *testing.T) {
	l := NewRing(t, Options{NoOffload: true})
	l.AwaitWell(t, formWithin)
	changes := l.MembershipChanges(t)
	ld := l.StartLoad(t, LoadOptions{})
	try(t, l.bed.Impair(l.bed.Paths(labnet.Every), labnet.Impairment{Loss: 0.05}))
	ld.Flow(t, 2000)
	try(t, l.bed.Impair(l.bed.Paths(labnet.Every), labnet.Impairment{}))
	wantWell(t, ld)
	l.wantUnchanged(t, changes)
}

// One network is late by many rotations of the token, then by many seconds:
// nothing is lost, no membership changes, and what is merely late costs little
// (S9, MPX-6).
func TestLateNetwork(t *testing.T) {
	l := NewRing(t, Options{NoOffload: true})
	l.AwaitWell(t, formWithin)
	changes := l.MembershipChanges(t)
	ld := l.StartLoad(t, LoadOptions{})
	for _, late := range []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second} {
		f := l.Late("B", late)
		t.Run(f.Name, func(t *testing.T) {
			ld.Gap()
			l.During(t, f, func() {
				began := time.Now()
				// Long enough that late copies come back while new ones go out.
				for time.Since(began) < 2*late+time.Second {
					ld.Flow(t, 100)
				}
			})
			t.Logf("longest gap at a client %v", ld.Gap().Round(time.Millisecond))
			l.AwaitWell(t, formWithin)
			l.wantUnchanged(t, changes)
		})
	}
	wantWell(t, ld)
}
