//go:build linux

package lab

import (
	"fmt"
	"strings"
	"testing"
)

// makeTopology makes the namespaces, bridges, veth pairs and addresses. All
// interfaces are made where they stay: none ever shows in the host's own
// namespace.
func (l *Lab) makeTopology(t testing.TB) {
	t.Helper()
	l.addNamespace(t, l.names.switches())
	var b strings.Builder
	for n := range l.Options.Networks {
		// No snooping: there is no multicast router to ask who listens.
		fmt.Fprintf(&b, "link add %s type bridge forward_delay 0 mcast_snooping 0\nlink set %s up\n", bridge(n), bridge(n))
	}
	must(t, b.String(), "ip", "-n", l.names.switches(), "-batch", "-")
	for i, d := range l.Daemons {
		l.addNamespace(t, d.namespace)
		must(t, "link set lo up\n", "ip", "-n", d.namespace, "-batch", "-")
		for n := range l.Options.Networks {
			if l.on(d.Name, n) {
				l.plug(t, i, n)
			}
		}
		must(t, l.filter(i), inside(d.namespace, "nft", "-f", "-")...)
	}
}

func (l *Lab) addNamespace(t testing.TB, ns string) {
	t.Helper()
	must(t, "", "ip", "netns", "add", ns)
	t.Cleanup(func() { removeNamespace(t, ns) })
}

// plug makes the cable between a daemon and a switch and gives the daemon its
// address.
func (l *Lab) plug(t testing.TB, daemon, network int) {
	t.Helper()
	d := l.Daemons[daemon]
	must(t, "", "ip", "link", "add", iface(network), "netns", d.namespace,
		"type", "veth", "peer", "name", port(d.Name, network), "netns", l.names.switches())
	must(t, fmt.Sprintf("link set %[1]s master %[2]s\nlink set %[1]s up\n", port(d.Name, network), bridge(network)),
		"ip", "-n", l.names.switches(), "-batch", "-")
	// Without link-local addresses every IPv6 packet has the address the
	// filter knows.
	must(t, fmt.Sprintf("link set %s addrgenmode none\n%s%s", iface(network), linkUp(network), l.addAddress(daemon, network)),
		"ip", "-n", d.namespace, "-batch", "-")
}

func linkUp(network int) string   { return fmt.Sprintf("link set %s up\n", iface(network)) }
func linkDown(network int) string { return fmt.Sprintf("link set %s down\n", iface(network)) }

// addAddress is the line for "ip -batch" that gives a daemon its address; it
// may have it already.
func (l *Lab) addAddress(daemon, network int) string {
	return l.addressLine("replace", daemon, network)
}

func (l *Lab) removeAddress(daemon, network int) string {
	return l.addressLine("del", daemon, network)
}

func (l *Lab) addressLine(verb string, daemon, network int) string {
	extra := " brd +"
	if l.IPv6 {
		extra = " nodad" // duplicate detection would keep the address back for a second
	}
	if verb == "del" {
		extra = ""
	}
	return fmt.Sprintf("addr %s %s/%d%s dev %s\n", verb,
		l.address(network, daemon), l.subnet(network).Bits(), extra, iface(network))
}
