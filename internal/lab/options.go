//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"time"
)

// The transports, as spread.toml spells them.
const (
	Broadcast = "broadcast"
	Multicast = "multicast"
	Unicast   = "unicast"
)

// Options say what a lab looks like. The zero value is three daemons on two
// networks, broadcast, IPv4, sealed, all settings default.
type Options struct {
	Daemons   int    // 1 to 9, named h1, h2 …; default 3
	Networks  int    // 1 to 8, named A, B …; default 2
	Transport string // default Broadcast
	IPv6      bool
	Plaintext bool
	// OneGroup gives all networks the same multicast group (S16).
	OneGroup bool
	// FailureDetection goes into spread.toml if not 0.
	FailureDetection time.Duration
	// NoOffload turns segmentation offload off, so that a counter of packets
	// counts datagrams.
	NoOffload bool
	// Absent names, by daemon, the networks it is not on (S20).
	Absent map[string][]string
	// DaemonName replaces the names h1, h2 … if not nil.
	DaemonName func(i int) string
}

func (o Options) withDefaults() Options {
	if o.Daemons == 0 {
		o.Daemons = 3
	}
	if o.Networks == 0 {
		o.Networks = 2
	}
	if o.Transport == "" {
		o.Transport = Broadcast
	}
	if o.DaemonName == nil {
		o.DaemonName = func(i int) string { return fmt.Sprintf("h%d", i+1) }
	}
	return o
}

// family names the options in names of subtests.
func (o Options) family() string {
	o = o.withDefaults()
	if o.IPv6 {
		return o.Transport + "-ipv6"
	}
	return o.Transport
}

// group is the multicast group of the network.
func (o Options) group(network int) netip.Addr {
	n := byte(network + 1)
	if o.OneGroup {
		n = 1
	}
	if o.IPv6 {
		return netip.MustParseAddr(fmt.Sprintf("ff12::77:%d", n))
	}
	return netip.AddrFrom4([4]byte{239, 77, n, 1})
}
