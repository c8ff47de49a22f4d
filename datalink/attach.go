package datalink

import (
	"fmt"
	"net/netip"
)

// host is a view of this host's interfaces and addresses at one moment.
type host struct {
	addresses  []hostAddress
	interfaces map[int]hostInterface
}

type hostAddress struct {
	addr      netip.Addr // without zone
	bits      int
	ifIndex   int
	tentative bool // duplicate address detection still runs or has failed (RFC 4862)
}

type hostInterface struct {
	name     string
	mtu      int
	up       bool // set up by the administrator
	running  bool // has carrier
	loopback bool
}

// attachment is where a network is attached to this host, or why it is not.
type attachment struct {
	addr     netip.Addr // own address, without zone
	bits     int        // prefix length the interface has for it
	ifIndex  int        // 0: on no interface
	ifName   string
	mtu      int
	loopback bool
	reason   string // empty: usable
	waiting  bool   // the address is tentative, which may end without a notice
}

func (a attachment) usable() bool { return a.reason == "" }

// sameSockets tells whether sockets opened for a serve b too. With the prefix
// the broadcast address changes.
func (a attachment) sameSockets(b attachment) bool {
	return a.addr == b.addr && a.bits == b.bits && a.ifIndex == b.ifIndex
}

// attach finds the first of the network's addresses that this host can use
// now. If there is none it says why of the most preferred that was found.
func (n *Network) attach(h host) attachment {
	if len(n.Addresses) == 0 {
		return attachment{reason: "this host has no address on it"}
	}
	var best attachment
	for _, want := range n.Addresses {
		at := h.find(want)
		if at.usable() {
			return at
		}
		if best.reason == "" || best.ifIndex == 0 && at.ifIndex != 0 {
			best = at
		}
	}
	return best
}

// find looks for one address; a zone restricts it to the interface so named.
func (h host) find(want netip.Addr) attachment {
	zone, addr := want.Zone(), want.Unmap().WithZone("")
	best := attachment{addr: addr, reason: fmt.Sprintf("no interface has %s", want)}
	for _, a := range h.addresses {
		if !h.serves(a, addr) || zone != "" && h.interfaces[a.ifIndex].name != zone {
			continue
		}
		at := h.at(a, addr)
		if at.usable() {
			return at
		}
		if best.ifIndex == 0 {
			best = at
		}
	}
	return best
}

// serves tells whether packets to addr are for an interface that has a. On
// loopback the whole prefix is this host's: 127.0.1.1 needs no assignment.
func (h host) serves(a hostAddress, addr netip.Addr) bool {
	return a.addr == addr || h.interfaces[a.ifIndex].loopback && a.prefix().Contains(addr)
}

func (a hostAddress) prefix() netip.Prefix { return netip.PrefixFrom(a.addr, a.bits) }

// at is where addr is attached if it is served by a.
func (h host) at(a hostAddress, addr netip.Addr) attachment {
	i, ok := h.interfaces[a.ifIndex]
	if !ok { // it went between the two looks
		return attachment{addr: addr, reason: fmt.Sprintf("no interface has %s", addr)}
	}
	at := attachment{addr: addr, bits: a.bits, ifIndex: a.ifIndex, ifName: i.name, mtu: i.mtu, loopback: i.loopback}
	switch {
	case !i.up:
		at.reason = fmt.Sprintf("interface %s is down", i.name)
	case !i.running && !i.loopback:
		at.reason = fmt.Sprintf("interface %s has no carrier", i.name)
	case a.tentative:
		at.reason = fmt.Sprintf("address %s on %s is tentative", addr, i.name)
		at.waiting = true
	}
	return at
}
