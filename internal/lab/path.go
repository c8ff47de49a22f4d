//go:build linux

package lab

import "fmt"

// Path is one direction from a daemon to another over one network.
type Path struct{ Network, From, To string }

func (p Path) String() string { return fmt.Sprintf("%s→%s on %s", p.From, p.To, p.Network) }

func (p Path) network() int { return int(p.Network[0] - 'A') }

// Paths returns the paths that the lab has and keep wants.
func (l *Lab) Paths(keep func(Path) bool) []Path {
	var paths []Path
	for n := range l.Options.Networks {
		for _, from := range l.Daemons {
			for _, to := range l.Daemons {
				p := Path{networkName(n), from.Name, to.Name}
				if from != to && l.on(from.Name, n) && l.on(to.Name, n) && keep(p) {
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

// Out keeps the paths from a daemon over a network.
func Out(network, daemon string) func(Path) bool {
	return func(p Path) bool { return p.Network == network && p.From == daemon }
}

// In keeps the paths to a daemon over a network.
func In(network, daemon string) func(Path) bool {
	return func(p Path) bool { return p.Network == network && p.To == daemon }
}

// Of keeps the paths from and to a daemon over a network.
func Of(network, daemon string) func(Path) bool {
	return func(p Path) bool { return p.Network == network && (p.From == daemon || p.To == daemon) }
}

// Around keeps the paths from and to a daemon over all networks.
func Around(daemon string) func(Path) bool {
	return func(p Path) bool { return p.From == daemon || p.To == daemon }
}
