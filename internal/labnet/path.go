//go:build linux

package labnet

import "fmt"

// Path is one direction from a host to another over one network.
type Path struct{ Network, From, To string }

func (p Path) String() string { return fmt.Sprintf("%s→%s on %s", p.From, p.To, p.Network) }

// number is the number of the path's network.
func (p Path) number() int { return networkNumber(p.Network) }

// Paths returns the paths that the testbed has and keep wants, in a fixed
// order.
func (b *Testbed) Paths(keep func(Path) bool) []Path {
	var paths []Path
	for n := range b.Networks {
		for _, from := range b.Hosts {
			for _, to := range b.Hosts {
				p := Path{NetworkName(n), from, to}
				if from != to && b.On(from, n) && b.On(to, n) && keep(p) {
					paths = append(paths, p)
				}
			}
		}
	}
	return paths
}

// On keeps all paths of a network.
func On(network string) func(Path) bool {
	return func(p Path) bool { return p.Network == network }
}

// Out keeps the paths from a host over a network.
func Out(network, host string) func(Path) bool {
	return func(p Path) bool { return p.Network == network && p.From == host }
}

// In keeps the paths to a host over a network.
func In(network, host string) func(Path) bool {
	return func(p Path) bool { return p.Network == network && p.To == host }
}

// Of keeps the paths from and to a host over a network.
func Of(network, host string) func(Path) bool {
	return func(p Path) bool { return p.Network == network && (p.From == host || p.To == host) }
}

// Around keeps the paths from and to a host over all networks.
func Around(host string) func(Path) bool {
	return func(p Path) bool { return p.From == host || p.To == host }
}

// Every keeps all paths.
func Every(Path) bool { return true }

// Between keeps the paths from and to any two hosts of different sets, over
// all networks: what a partition cuts. Hosts of no set keep all theirs.
func Between(sets ...[]string) func(Path) bool {
	set := map[string]int{}
	for i, hosts := range sets {
		for _, h := range hosts {
			set[h] = i + 1
		}
	}
	return func(p Path) bool { return set[p.From] != 0 && set[p.To] != 0 && set[p.From] != set[p.To] }
}
