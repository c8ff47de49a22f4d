package config

import (
	"fmt"
	"net/netip"
	"slices"
)

// Bounds of a network's settings. IPv6 needs links of 1280 bytes (RFC 8200,
// section 5); IPv4 hosts must take 576 (RFC 791). An IP packet has at most
// 65535 bytes.
const (
	leastMTU4 = 576
	leastMTU6 = 1280
	mostMTU   = 65535
	mostDSCP  = 63 // RFC 2474, section 3
)

// unsettled is the transport of a network until settleNetworks has chosen it.
const unsettled = Transport(len(transportNames))

// networks reads the [[network]] tables.
func (b *builder) networks(root *table) {
	tables := root.tables("network")
	tables = atMost(tables, MaxNetworks)
	used := map[string]bool{}
	for _, t := range tables {
		b.cfg.Networks = append(b.cfg.Networks, readNetwork(t, used))
		b.networkTables = append(b.networkTables, t)
	}
	b.choosePrimary()
}

func readNetwork(t *table, used map[string]bool) Network {
	n := Network{
		Name:      t.name(used),
		Transport: Transport(t.choice("transport", int(unsettled), transportNames[:])),
		Offload:   t.flag("offload", true),
		DSCP:      int(t.number("dscp", 0, 0, mostDSCP)),
		Primary:   t.flag("primary", false),
		MTU:       int(t.number("mtu", 0, leastMTU4, mostMTU)),
	}
	if t.has("subnet") {
		subnet, err := parseSubnet(t.text("subnet", ""))
		if err != nil {
			t.fail("subnet", "%v", err)
		}
		n.Subnet = subnet
	}
	if t.has("group") {
		group, err := parseGroup(t.text("group", ""))
		if err != nil {
			t.fail("group", "%v", err)
		}
		n.Group = group
	}
	t.refuseUnknown()
	return n
}

// choosePrimary sees to it that at most one network is primary, and under the
// failover policy exactly one.
func (b *builder) choosePrimary() {
	first := -1
	for i, n := range b.cfg.Networks {
		switch {
		case n.Primary && first < 0:
			first = i
		case n.Primary:
			b.networkTables[i].fail("primary", "%s is primary already", quote(b.cfg.Networks[first].Name))
		}
	}
	if first < 0 && b.cfg.Policy == Failover && len(b.cfg.Networks) > 0 {
		b.cfg.Networks[0].Primary = true
	}
}

func parseSubnet(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	a := p.Addr()
	least := 8 // shorter ones hold networks that have nothing to do with each other
	if a.Is6() {
		least = 16
	}
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf(`%s is not a subnet, such as "10.77.1.0/24"`, quote(s))
	case a.Is4In6():
		return netip.Prefix{}, fmt.Errorf("write %s as IPv4", quote(s))
	case p.Bits() < least:
		return netip.Prefix{}, fmt.Errorf("the prefix of %s is shorter than /%d", quote(s), least)
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("%s has bits set behind the prefix; did you mean %q?", quote(s), p.Masked())
	case a.IsMulticast():
		return netip.Prefix{}, fmt.Errorf("%s is multicast; subnet is the one that the hosts' addresses are in", quote(s))
	}
	return p, nil
}

func parseGroup(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil || a.Zone() != "" || a.Is4In6():
		return netip.Addr{}, fmt.Errorf(`%s is not a multicast address, such as "239.77.1.1"`, quote(s))
	case !a.IsMulticast():
		return netip.Addr{}, fmt.Errorf("%s is not a multicast address; those are 224.0.0.0/4 and ff00::/8", quote(s))
	}
	return a, nil
}

// BroadcastAddr is the subnet's broadcast address, all of whose host bits are
// set; the zero Addr if it has none: IPv6, or IPv4 with fewer than two host
// bits (RFC 3021).
func (n *Network) BroadcastAddr() netip.Addr {
	if !hasBroadcast(n.Subnet) {
		return netip.Addr{}
	}
	a := n.Subnet.Masked().Addr().As4()
	for bit := n.Subnet.Bits(); bit < 32; bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(a)
}

func hasBroadcast(p netip.Prefix) bool {
	return p.IsValid() && p.Addr().Is4() && p.Bits() <= 30
}

// checkSubnets refuses networks whose subnets overlap: arrival on one could
// not be told from arrival on the other.
func (b *builder) checkSubnets() {
	for i, n := range b.cfg.Networks {
		if !n.Subnet.IsValid() {
			continue
		}
		j := slices.IndexFunc(b.cfg.Networks[:i], func(m Network) bool { return m.Subnet.IsValid() && m.Subnet.Overlaps(n.Subnet) })
		if j < 0 {
			continue
		}
		m := b.cfg.Networks[j]
		if m.Subnet == n.Subnet {
			b.networkTables[i].fail("subnet", "%s is the subnet of network %s too; every network needs its own", n.Subnet, quote(m.Name))
		} else {
			b.networkTables[i].fail("subnet", "%s overlaps %s of network %s", n.Subnet, m.Subnet, quote(m.Name))
		}
	}
}
