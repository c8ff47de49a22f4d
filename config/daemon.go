package config

import (
	"fmt"
	"net/netip"
	"slices"
)

// daemons reads the [[daemon]] tables.
func (b *builder) daemons(root *table) {
	tables := root.tables("daemon")
	tables = atMost(tables, MaxDaemons)
	used := map[string]bool{}
	hashes := map[uint32]string{}
	for i, t := range tables {
		d := Daemon{Name: t.name(used)}
		d.ID = ID(d.Name)
		checkID(t, &d, hashes)
		errs := len(b.doc.errs)
		d.Addresses = b.addresses(t)
		b.doubtful[i] = len(b.doc.errs) > errs
		d.Clients = clientAddresses(t, b.cfg.Port)
		t.refuseUnknown()
		b.cfg.Daemons = append(b.cfg.Daemons, d)
		b.daemonTables = append(b.daemonTables, t)
	}
}

// checkID refuses names whose hash is reserved or taken (protocol rule 1).
func checkID(t *table, d *Daemon, hashes map[uint32]string) {
	const none, operator = 0, 0xffffffff
	other, taken := hashes[d.ID]
	switch {
	case taken && other != d.Name:
		t.fail("name", "%s and %s have the same hash, %08x, and could not be told apart on the network; rename one of them",
			quote(other), quote(d.Name), d.ID)
	case d.ID == none || d.ID == operator:
		t.fail("name", "%s has the reserved hash %08x; choose another name", quote(d.Name), d.ID)
	}
	hashes[d.ID] = d.Name
}

// addresses reads the table address = { A = "…", B = ["…", "…"] }.
func (b *builder) addresses(t *table) [][]netip.Addr {
	lists := make([][]netip.Addr, len(b.cfg.Networks))
	if _, isTable := t.values["address"].(map[string]any); t.has("address") && !isTable {
		t.fail("address", `names the network of each address: address = { A = "10.77.1.1", B = "10.77.2.1" }`)
		return lists
	}
	sub, _ := t.table("address")
	var names []string
	for i, n := range b.cfg.Networks {
		if slices.Contains(names, n.Name) {
			continue // a duplicate name, reported
		}
		names = append(names, n.Name)
		lists[i] = addressList(sub, n.Name)
	}
	for _, key := range sortedKeys(sub.values) {
		if !slices.Contains(names, key) {
			sub.fail(key, "there is no network %s%s", quote(key), didYouMean(key, names))
		}
	}
	if len(sub.values) == 0 {
		t.fail("address", "missing: this daemon is on none of the networks")
	}
	return lists
}

// addressList reads a daemon's addresses on one network.
func addressList(t *table, network string) []netip.Addr {
	items := t.texts(network)
	if t.has(network) && len(items) == 0 {
		t.fail(network, "no address; leave out a network that the daemon is not on")
	}
	if len(items) > MaxAddresses {
		items[MaxAddresses].fail("a daemon has %d addresses on a network at most", MaxAddresses)
	}
	var list []netip.Addr
	for _, it := range items {
		a, err := parseHostAddress(it.text)
		if err != nil {
			it.fail("%v", err)
			continue
		}
		list = append(list, a)
	}
	return list
}

// parseHostAddress reads an address that a daemon can have on a network.
func parseHostAddress(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		if _, err := netip.ParseAddrPort(s); err == nil {
			return a, fmt.Errorf("%s has a port; the port between daemons is the key port", quote(s))
		}
		return a, fmt.Errorf(`%s is not an IP address, such as "10.77.1.1"`, quote(s))
	case a.Is4In6():
		return a, fmt.Errorf("write %s as IPv4, %q", quote(s), a.Unmap())
	case a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return a, fmt.Errorf("%s is not the address of a host", quote(s))
	case a.Is6() && a.IsLinkLocalUnicast():
		return a, fmt.Errorf("%s is a link-local address, which means nothing without the host's interface; "+
			"give the hosts unique local addresses (fd00::/8)", quote(s))
	case a.Zone() != "":
		return a, fmt.Errorf("%s names an interface; write the address alone", quote(s))
	}
	return a, nil
}

// clientAddresses reads where a daemon accepts TCP clients.
func clientAddresses(t *table, port uint16) []netip.AddrPort {
	var list []netip.AddrPort
	for _, it := range t.texts("clients") {
		ap, err := parseListener(it.text, port)
		switch {
		case err != nil:
			it.fail("%v", err)
		case slices.Contains(list, ap):
			it.fail("%s is listed twice", ap)
		case slices.ContainsFunc(list, func(other netip.AddrPort) bool { return covers(other, ap) || covers(ap, other) }):
			it.fail("%s cannot be opened beside another address with its port, for the unspecified address takes the port on all", ap)
		default:
			list = append(list, ap)
		}
	}
	return list
}

// covers tells whether a listener at a takes the port of one at b. That at ::
// takes IPv4 too (ipv6(7), IPV6_V6ONLY is off by default).
func covers(a, b netip.AddrPort) bool {
	return a.Port() == b.Port() && a.Addr().IsUnspecified() && (a.Addr().Is6() || b.Addr().Is4())
}

// parseListener reads ADDRESS:PORT, or ADDRESS with a default port; port 0
// means that there is no default.
func parseListener(s string, port uint16) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || port == 0 {
			return ap, fmt.Errorf(`%s is not an address with a port, such as "10.77.1.1:4803" or "[fd77::1]:4803"`, quote(s))
		}
		ap = netip.AddrPortFrom(a, port)
	}
	switch {
	case ap.Port() == 0:
		return ap, fmt.Errorf("%s has port 0", quote(s))
	case ap.Addr().IsMulticast():
		return ap, fmt.Errorf("%s is multicast; nobody can connect to it", quote(s))
	}
	return ap, nil
}
