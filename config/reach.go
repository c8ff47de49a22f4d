package config

import (
	"net/netip"
	"strconv"
)

// checkAddresses checks every daemon's addresses against the networks and
// against those of the others.
func (b *builder) checkAddresses() {
	owners := map[netip.Addr]string{}
	for i, d := range b.cfg.Daemons {
		for n, list := range d.Addresses {
			for k, a := range list {
				key, path := b.addressKey(i, n, k)
				b.checkAddress(n, a, key, path)
				if owner, taken := owners[a]; taken {
					b.doc.fail(key, path, "%s is %s already", a, owner)
				} else {
					owners[a] = key
				}
			}
		}
	}
	b.checkListeners()
}

// addressKey is how messages call, and keyScanner calls, an address.
func (b *builder) addressKey(daemon, network, index int) (key, path string) {
	t, name := b.daemonTables[daemon], b.cfg.Networks[network].Name
	key, path = join2(t.key, "address."+name), join2(t.path, "address."+name)
	if len(b.cfg.Daemons[daemon].Addresses[network]) > 1 {
		key, path = key+"["+strconv.Itoa(index+1)+"]", path+"."+strconv.Itoa(index)
	}
	return key, path
}

// checkAddress checks one address against its network.
func (b *builder) checkAddress(network int, a netip.Addr, key, path string) {
	n := &b.cfg.Networks[network]
	if !n.Subnet.IsValid() {
		switch {
		case a.Is6() != b.ipv6(network):
			b.doc.fail(key, path, "%s: the addresses of a network are all IPv4 or all IPv6", a)
		case a.IsLoopback() != b.loopback(network):
			b.doc.fail(key, path, "%s: loopback and other addresses cannot be on one network", a)
		}
		return
	}
	switch {
	case !n.Subnet.Contains(a):
		b.doc.fail(key, path, "%s is outside %s, the subnet of network %s", a, n.Subnet, quote(n.Name))
	case a == n.BroadcastAddr():
		b.doc.fail(key, path, "%s is the broadcast address of %s", a, n.Subnet)
	case hasBroadcast(n.Subnet) && a == n.Subnet.Addr():
		b.doc.fail(key, path, "%s is the address of the subnet %s itself", a, n.Subnet)
	}
}

// checkListeners refuses one address for the clients of two daemons. Loopback
// and unspecified addresses are of every host.
func (b *builder) checkListeners() {
	owners := map[netip.AddrPort]string{}
	for i, d := range b.cfg.Daemons {
		t := b.daemonTables[i]
		for _, ap := range d.Clients {
			if ap.Addr().IsLoopback() || ap.Addr().IsUnspecified() {
				continue
			}
			if owner, taken := owners[ap]; taken {
				t.fail("clients", "%s is %s already", ap, owner)
			} else {
				owners[ap] = join2(t.key, "clients")
			}
		}
	}
}

// mostPairs bounds how many pairs without a network are named.
const mostPairs = 10

// checkPairs refuses two daemons that share no network: tokens are not
// relayed (protocol rule 3).
func (b *builder) checkPairs() {
	missing := 0
	for i := range b.cfg.Daemons {
		for j := range i {
			if b.doubtful[i] || b.doubtful[j] || len(b.cfg.Shared(i, j)) > 0 {
				continue
			}
			if missing++; missing <= mostPairs {
				b.daemonTables[i].fail("address", "shares no network with daemon %s; every pair of daemons needs one in common",
					quote(b.cfg.Daemons[j].Name))
			}
		}
	}
	if missing > mostPairs {
		b.doc.fail("daemon", "", "and %d more pairs of daemons share no network", missing-mostPairs)
	}
}
