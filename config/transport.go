package config

import (
	"encoding/binary"
	"net/netip"
)

// settleNetworks chooses what a network leaves open, from its subnet and the
// daemons' addresses on it, and checks what it says.
func (b *builder) settleNetworks() {
	for i := range b.cfg.Networks {
		n, t := &b.cfg.Networks[i], b.networkTables[i]
		if n.Transport == unsettled {
			n.Transport = b.defaultTransport(i)
		}
		b.settleSubnet(i)
		settleGroup(n, t, b.cfg.Cluster)
		if b.ipv6(i) && n.MTU != 0 && n.MTU < leastMTU6 {
			t.fail("mtu", "must be at least %d for IPv6, not %d", leastMTU6, n.MTU)
		}
	}
}

// defaultTransport: multicast if there is a group; unicast on loopback, where
// nothing else works; broadcast where the subnet has a broadcast address;
// multicast on other IPv6 subnets; else unicast.
func (b *builder) defaultTransport(network int) Transport {
	n := &b.cfg.Networks[network]
	switch {
	case n.Group.IsValid():
		return Multicast
	case b.loopback(network):
		return Unicast
	case hasBroadcast(n.Subnet):
		return Broadcast
	case n.Subnet.IsValid() && n.Subnet.Addr().Is6() && n.Subnet.Bits() < 127:
		return Multicast
	case n.Subnet.IsValid():
		return Unicast // point to point: IPv4 /31 and /32, IPv6 /127 and /128
	case b.networkTables[network].has("subnet"):
		return Unicast // the subnet is wrong and has been reported
	}
	return Broadcast // whose subnet settleSubnet will miss
}

// settleSubnet checks that transport and subnet fit.
func (b *builder) settleSubnet(network int) {
	n, t := &b.cfg.Networks[network], b.networkTables[network]
	switch {
	case n.Transport == Unicast:
	case b.loopback(network):
		t.fail("transport", "%s does not work on loopback addresses; write \"unicast\"", n.Transport)
	case !n.Subnet.IsValid() && !t.has("subnet"):
		t.fail("subnet", `missing: %s needs it, such as "10.77.1.0/24" (only transport = "unicast" does without)`, n.Transport)
	case n.Transport == Broadcast && n.Subnet.IsValid() && !hasBroadcast(n.Subnet):
		t.fail("transport", "%s has no broadcast address; write \"multicast\" or \"unicast\"", n.Subnet)
	}
}

// settleGroup gives a multicast network its group and no other network one.
func settleGroup(n *Network, t *table, cluster string) {
	switch {
	case n.Transport != Multicast:
		if n.Group.IsValid() {
			t.fail("group", "has an effect with transport = \"multicast\" only, this network's is %q", n.Transport)
		}
	case !n.Group.IsValid() && n.Subnet.IsValid():
		n.Group = defaultGroup(n.Subnet, cluster)
	case n.Group.IsValid() && n.Subnet.IsValid() && n.Group.Is4() != n.Subnet.Addr().Is4():
		t.fail("group", "%s and the subnet %s must both be IPv4 or both IPv6", n.Group, n.Subnet)
	}
}

// defaultGroup is the group of a multicast network that names none. Clusters
// on one subnet get different ones, as a rule, from the hash of their names:
// for IPv4 239.255.x.x, its low 16 bits in the local scope (RFC 2365, section
// 6.1); for IPv6 ff12::6d70:x:x, all of it in the transient link-local scope
// (RFC 4291, section 2.7).
func defaultGroup(subnet netip.Prefix, cluster string) netip.Addr {
	h := ID(cluster)
	if subnet.Addr().Is4() {
		return netip.AddrFrom4([4]byte{239, 255, byte(h >> 8), byte(h)})
	}
	a := [16]byte{0: 0xff, 1: 0x12, 10: 'm', 11: 'p'}
	binary.BigEndian.PutUint32(a[12:], h)
	return netip.AddrFrom16(a)
}

// loopback tells whether a network is one of loopback addresses: by its
// subnet, or without one by its first address.
func (b *builder) loopback(network int) bool {
	if p := b.cfg.Networks[network].Subnet; p.IsValid() {
		return p.Addr().IsLoopback()
	}
	a, ok := b.firstAddress(network)
	return ok && a.IsLoopback()
}

// ipv6 tells whether a network's addresses are IPv6.
func (b *builder) ipv6(network int) bool {
	if p := b.cfg.Networks[network].Subnet; p.IsValid() {
		return p.Addr().Is6()
	}
	a, ok := b.firstAddress(network)
	return ok && a.Is6()
}

func (b *builder) firstAddress(network int) (netip.Addr, bool) {
	for _, d := range b.cfg.Daemons {
		if d.On(network) {
			return d.Addresses[network][0], true
		}
	}
	return netip.Addr{}, false
}
