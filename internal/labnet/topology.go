//go:build linux

package labnet

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// build makes the namespaces, bridges, veth pairs and addresses. All
// interfaces are made where they stay: none ever shows in the host's own
// namespace.
func (b *Testbed) build() error {
	switches := b.names.switches()
	if err := b.addNamespace(switches); err != nil {
		return err
	}
	var lines strings.Builder
	for n := range b.Networks {
		// No snooping: there is no multicast router to ask who listens.
		fmt.Fprintf(&lines, "link add %s type bridge forward_delay 0 mcast_snooping 0\nlink set %s up\n", bridge(n), bridge(n))
	}
	if err := ip(switches, lines.String()); err != nil {
		return err
	}
	if b.Bare {
		if err := within(switches, unfiltered); err != nil {
			return err
		}
	}
	for _, host := range b.Hosts {
		if err := b.addHost(host); err != nil {
			return err
		}
	}
	return nil
}

// unfiltered keeps the bridges of this namespace from showing every packet to
// the packet filter, which kernels do once their module for it is loaded.
func unfiltered() error {
	for _, what := range []string{"iptables", "ip6tables", "arptables"} {
		err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-"+what, []byte("0"), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (b *Testbed) addHost(host string) error {
	ns := b.Namespace(host)
	if err := b.addNamespace(ns); err != nil {
		return err
	}
	if err := ip(ns, "link set lo up\n"); err != nil {
		return err
	}
	for n := range b.Networks {
		if !b.On(host, n) {
			continue
		}
		if err := b.Plug(host, n); err != nil {
			return err
		}
	}
	if b.Bare {
		return nil
	}
	return b.nft(host, b.filter(host))
}

func (b *Testbed) addNamespace(ns string) error {
	if _, err := tool("", "ip", "netns", "add", ns); err != nil {
		return err
	}
	b.namespaces = append(b.namespaces, ns)
	return nil
}

// Plug makes the cable between a host and a switch and gives the host its
// address.
func (b *Testbed) Plug(host string, network int) error {
	switches := b.names.switches()
	if _, err := tool("", "ip", "link", "add", Interface(network), "netns", b.Namespace(host),
		"type", "veth", "peer", "name", port(host, network), "netns", switches); err != nil {
		return err
	}
	if err := ip(switches, fmt.Sprintf("link set %[1]s master %[2]s\nlink set %[1]s up\n", port(host, network), bridge(network))); err != nil {
		return err
	}
	// Without link-local addresses every IPv6 packet has the address the
	// filter knows.
	return ip(b.Namespace(host), fmt.Sprintf("link set %s addrgenmode none\n%s%s", Interface(network), linkState(network, "up"), b.addressLine("replace", host, network)))
}

// Unplug deletes a host's interface; Plug makes it anew.
func (b *Testbed) Unplug(host string, network int) error {
	return ip(b.Namespace(host), fmt.Sprintf("link del %s\n", Interface(network)))
}

// SetInterface takes a host's interface up or down, as its operator would.
func (b *Testbed) SetInterface(host string, network int, up bool) error {
	if !up {
		return ip(b.Namespace(host), linkState(network, "down"))
	}
	// The kernel forgets IPv6 addresses of an interface that goes down.
	return ip(b.Namespace(host), linkState(network, "up")+b.addressLine("replace", host, network))
}

// SetAddress gives a host its address or takes it away.
func (b *Testbed) SetAddress(host string, network int, there bool) error {
	if there {
		return ip(b.Namespace(host), b.addressLine("replace", host, network))
	}
	return ip(b.Namespace(host), b.addressLine("del", host, network))
}

// SetSwitch takes a network's switch up or down; the hosts' links stay up.
func (b *Testbed) SetSwitch(network int, up bool) error {
	state := "down"
	if up {
		state = "up"
	}
	return ip(b.names.switches(), fmt.Sprintf("link set %s %s\n", bridge(network), state))
}

// SetMTU sets the MTU of a host's interface: what it sends is at most as long.
func (b *Testbed) SetMTU(host string, network, mtu int) error {
	return ip(b.Namespace(host), fmt.Sprintf("link set %s mtu %d\n", Interface(network), mtu))
}

// SetSwitchMTU sets the MTU of the switch's port to a host: what is longer is
// lost there without a word, a black hole.
func (b *Testbed) SetSwitchMTU(host string, network, mtu int) error {
	return ip(b.names.switches(), fmt.Sprintf("link set %s mtu %d\n", port(host, network), mtu))
}

func linkState(network int, state string) string {
	return fmt.Sprintf("link set %s %s\n", Interface(network), state)
}

// addressLine is the line for "ip -batch" that gives a host its address or
// takes it away.
func (b *Testbed) addressLine(verb, host string, network int) string {
	extra := " brd +"
	if b.IPv6 {
		extra = " nodad" // duplicate detection would keep the address back for a second
	}
	if verb == "del" {
		extra = ""
	}
	return fmt.Sprintf("addr %s %s/%d%s dev %s\n", verb,
		b.Address(host, network), b.Subnet(network).Bits(), extra, Interface(network))
}
