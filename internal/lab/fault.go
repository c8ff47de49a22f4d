//go:build linux

package lab

import (
	"fmt"
	"testing"
	"time"

	"mpspread/internal/labnet"
)

// Path is one direction from a daemon to another over one network.
type Path = labnet.Path

// pathOf makes a path.
func pathOf(network, from, to string) Path { return Path{Network: network, From: from, To: to} }

// networkNumber is the number of a network by its name.
func networkNumber(network string) int { return int(network[0] - 'A') }

// Fault is something that breaks paths, and mends them.
type Fault struct {
	Name string
	// Dead are the paths that carry nothing while it lasts.
	Dead []Path
	// silent: the packets still come to the receiver's filter and end there.
	silent      bool
	apply, mend func(t testing.TB)
}

// carriesWithin is how long a path may take to show that it carries packets:
// several times the interval of hellos.
const carriesWithin = 3 * time.Second

// Drop drops silently what the paths carry, in the receivers' namespaces.
func (l *Lab) Drop(name string, keep func(Path) bool) Fault {
	paths := l.bed.Paths(keep)
	return Fault{
		Name: name, Dead: paths, silent: true,
		apply: func(t testing.TB) { try(t, l.bed.Cut(paths)) },
		mend:  func(t testing.TB) { try(t, l.bed.Mend(paths)) },
	}
}

// Late is a network on which everything comes later by d. Its paths stay alive:
// judge by what clients see.
func (l *Lab) Late(network string, d time.Duration) Fault {
	return l.Relayed(fmt.Sprintf("%s late by %v", network, d), network, labnet.Policy{Delay: d})
}

// Relayed is a network whose switch is a relay with one policy for all paths.
func (l *Lab) Relayed(name, network string, p labnet.Policy) Fault {
	var r *labnet.Relay
	return Fault{
		Name: name,
		apply: func(t testing.TB) {
			var err error
			r, err = l.bed.StartRelay(network, 1)
			try(t, err)
			r.Set(labnet.Every, p)
		},
		mend: func(t testing.TB) { try(t, r.Close()) },
	}
}

// Silent is a network on which nothing arrives any more.
func (l *Lab) Silent(network string) Fault {
	return l.Drop("silent drop on "+network, labnet.On(network))
}

// OneWay is a network on which a daemon is heard by nobody but hears all.
func (l *Lab) OneWay(network, daemon string) Fault {
	return l.Drop(fmt.Sprintf("%s mute on %s", daemon, network), labnet.Out(network, daemon))
}

// LinkDown is a daemon's interface taken down.
func (l *Lab) LinkDown(network, daemon string) Fault {
	n := networkNumber(network)
	return Fault{
		Name: fmt.Sprintf("link of %s down on %s", daemon, network), Dead: l.bed.Paths(labnet.Of(network, daemon)),
		apply: func(t testing.TB) { try(t, l.bed.SetInterface(daemon, n, false)) },
		mend:  func(t testing.TB) { try(t, l.bed.SetInterface(daemon, n, true)) },
	}
}

// AddressRemoved is a daemon's address taken from its interface. Multicast
// still reaches such a host, so that only the paths from it are surely dead.
func (l *Lab) AddressRemoved(network, daemon string) Fault {
	n, dead := networkNumber(network), labnet.Of(network, daemon)
	if l.Transport == Multicast {
		dead = labnet.Out(network, daemon)
	}
	return Fault{
		Name: fmt.Sprintf("address of %s removed on %s", daemon, network), Dead: l.bed.Paths(dead),
		apply: func(t testing.TB) { try(t, l.bed.SetAddress(daemon, n, false)) },
		mend:  func(t testing.TB) { try(t, l.bed.SetAddress(daemon, n, true)) },
	}
}

// SwitchDown is the network's switch gone: the hosts' links stay up and carry
// nothing.
func (l *Lab) SwitchDown(network string) Fault {
	n := networkNumber(network)
	return Fault{
		Name: "switch down on " + network, Dead: l.bed.Paths(labnet.On(network)),
		apply: func(t testing.TB) { try(t, l.bed.SetSwitch(n, false)) },
		mend:  func(t testing.TB) { try(t, l.bed.SetSwitch(n, true)) },
	}
}

// InterfaceGone is a daemon's interface deleted, and made anew (S13).
func (l *Lab) InterfaceGone(network, daemon string) Fault {
	n := networkNumber(network)
	return Fault{
		Name: fmt.Sprintf("interface of %s deleted on %s", daemon, network), Dead: l.bed.Paths(labnet.Of(network, daemon)),
		apply: func(t testing.TB) { try(t, l.bed.Unplug(daemon, n)) },
		mend:  func(t testing.TB) { try(t, l.bed.Plug(daemon, n)) },
	}
}

// During applies the fault, runs body, and mends it. It proves by counters in
// the receivers' filters that each of the fault's paths carried packets before
// and that none came through during; of a silent drop also that packets were
// dropped. Daemons that do not run or are stopped send nothing: leave their
// paths out of Dead.
func (l *Lab) During(t testing.TB, f Fault, body func()) {
	t.Helper()
	l.AwaitCarrying(t, f.Dead)
	l.history.fault("%s", f.Name)
	f.apply(t)
	broken := true
	defer func() { // a failed body must not leave the fault to what follows
		if broken {
			f.mend(t)
		}
	}()
	before := l.allCounters(t)
	body()
	during := l.allCounters(t)
	l.history.fault("mended: %s", f.Name)
	f.mend(t)
	broken = false
	for _, p := range f.Dead {
		if n := during.Since(before, labnet.Passed, p); n != 0 {
			t.Errorf("%s: %d packets came through on %v", f.Name, n, p)
		}
		if f.silent && during.Since(before, labnet.Dropped, p) == 0 {
			t.Errorf("%s: nothing was dropped on %v", f.Name, p)
		}
	}
}

// AwaitCarrying waits until each of the paths has carried a packet from now on.
func (l *Lab) AwaitCarrying(t testing.TB, paths []Path) {
	t.Helper()
	before := l.allCounters(t)
	Eventually(t, carriesWithin, "paths carry packets", func() error {
		now := l.allCounters(t)
		for _, p := range paths {
			if now.Since(before, labnet.Passed, p) == 0 {
				return fmt.Errorf("nothing on %v", p)
			}
		}
		return nil
	})
}

// allCounters reads the filters of all daemons.
func (l *Lab) allCounters(t testing.TB) labnet.Counts {
	t.Helper()
	c, err := l.bed.Counts()
	try(t, err)
	return c
}
