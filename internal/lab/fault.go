//go:build linux

package lab

import (
	"fmt"
	"testing"
	"time"
)

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
	paths := l.Paths(keep)
	return Fault{
		Name: name, Dead: paths, silent: true,
		apply: func(t testing.TB) { l.setCut(t, "add", paths) },
		mend:  func(t testing.TB) { l.setCut(t, "delete", paths) },
	}
}

// Silent is a network on which nothing arrives any more.
func (l *Lab) Silent(network string) Fault {
	return l.Drop("silent drop on "+network, On(network))
}

// OneWay is a network on which a daemon is heard by nobody but hears all.
func (l *Lab) OneWay(network, daemon string) Fault {
	return l.Drop(fmt.Sprintf("%s mute on %s", daemon, network), Out(network, daemon))
}

// LinkDown is a daemon's interface taken down.
func (l *Lab) LinkDown(network, daemon string) Fault {
	n, i := Path{Network: network}.network(), l.index(daemon)
	return Fault{
		Name: fmt.Sprintf("link of %s down on %s", daemon, network), Dead: l.Paths(Of(network, daemon)),
		apply: func(t testing.TB) { l.ipBatch(t, i, linkDown(n)) },
		// The kernel forgets IPv6 addresses of an interface that goes down.
		mend: func(t testing.TB) { l.ipBatch(t, i, linkUp(n)+l.addAddress(i, n)) },
	}
}

// AddressRemoved is a daemon's address taken from its interface. Multicast
// still reaches such a host, so that only the paths from it are surely dead.
func (l *Lab) AddressRemoved(network, daemon string) Fault {
	n, i := Path{Network: network}.network(), l.index(daemon)
	dead := Of(network, daemon)
	if l.Transport == Multicast {
		dead = Out(network, daemon)
	}
	return Fault{
		Name: fmt.Sprintf("address of %s removed on %s", daemon, network), Dead: l.Paths(dead),
		apply: func(t testing.TB) { l.ipBatch(t, i, l.removeAddress(i, n)) },
		mend:  func(t testing.TB) { l.ipBatch(t, i, l.addAddress(i, n)) },
	}
}

// SwitchDown is the network's switch gone: the hosts' links stay up and carry
// nothing.
func (l *Lab) SwitchDown(network string) Fault {
	n := Path{Network: network}.network()
	set := func(state string) func(testing.TB) {
		return func(t testing.TB) {
			must(t, "", "ip", "-n", l.names.switches(), "link", "set", bridge(n), state)
		}
	}
	return Fault{Name: "switch down on " + network, Dead: l.Paths(On(network)), apply: set("down"), mend: set("up")}
}

// InterfaceGone is a daemon's interface deleted, and made anew (S13).
func (l *Lab) InterfaceGone(network, daemon string) Fault {
	n, i := Path{Network: network}.network(), l.index(daemon)
	return Fault{
		Name: fmt.Sprintf("interface of %s deleted on %s", daemon, network), Dead: l.Paths(Of(network, daemon)),
		apply: func(t testing.TB) { l.ipBatch(t, i, fmt.Sprintf("link del %s\n", iface(n))) },
		mend:  func(t testing.TB) { l.plug(t, i, n) },
	}
}

func (l *Lab) ipBatch(t testing.TB, daemon int, lines string) {
	t.Helper()
	must(t, lines, "ip", "-n", l.Daemons[daemon].namespace, "-batch", "-")
}

// During applies the fault, runs body, and mends it. It proves by counters in
// the receivers' filters that each of the fault's paths carried packets before
// and that none came through during; of a silent drop also that packets were
// dropped. Daemons that do not run or are stopped send nothing: leave their
// paths out of Dead.
func (l *Lab) During(t testing.TB, f Fault, body func()) {
	t.Helper()
	l.AwaitCarrying(t, f.Dead)
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
	f.mend(t)
	broken = false
	for _, p := range f.Dead {
		if n := difference(before, during, "pass", p); n != 0 {
			t.Errorf("%s: %d packets came through on %v", f.Name, n, p)
		}
		if f.silent && difference(before, during, "drop", p) == 0 {
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
			if difference(before, now, "pass", p) == 0 {
				return fmt.Errorf("nothing on %v", p)
			}
		}
		return nil
	})
}

// allCounters reads the filters of all daemons, by the daemon's name.
func (l *Lab) allCounters(t testing.TB) map[string]map[string]uint64 {
	t.Helper()
	all := map[string]map[string]uint64{}
	for i, d := range l.Daemons {
		all[d.Name] = l.counters(t, i)
	}
	return all
}

// difference is by how much a path's counter grew.
func difference(before, after map[string]map[string]uint64, kind string, p Path) uint64 {
	name := counterName(kind, p.From, p.network())
	if _, ok := after[p.To][name]; !ok {
		panic(fmt.Sprintf("lab: no counter for %v", p))
	}
	return after[p.To][name] - before[p.To][name]
}
