package datalink

import (
	"net/netip"
	"testing"
)

func TestAttach(t *testing.T) {
	h := host{
		interfaces: map[int]hostInterface{
			1: {name: "lo", mtu: 65536, up: true, loopback: true},
			2: {name: "eth0", mtu: 1500, up: true, running: true},
			3: {name: "eth1", mtu: 9000},
			4: {name: "eth2", mtu: 9000, up: true},
			5: {name: "eth3", mtu: 1500, up: true, running: true},
		},
		addresses: []hostAddress{
			{addr: netip.MustParseAddr("127.0.0.1"), bits: 8, ifIndex: 1},
			{addr: netip.MustParseAddr("10.0.0.2"), bits: 24, ifIndex: 2},
			{addr: netip.MustParseAddr("10.0.0.3"), bits: 24, ifIndex: 3},
			{addr: netip.MustParseAddr("10.0.0.4"), bits: 24, ifIndex: 4},
			{addr: netip.MustParseAddr("fd00::2"), bits: 64, ifIndex: 2, tentative: true},
			{addr: netip.MustParseAddr("fe80::1"), bits: 64, ifIndex: 3},
			{addr: netip.MustParseAddr("fe80::1"), bits: 64, ifIndex: 2},
			{addr: netip.MustParseAddr("fe80::1"), bits: 64, ifIndex: 5},
			{addr: netip.MustParseAddr("10.0.0.9"), bits: 24, ifIndex: 9},
		},
	}
	for _, c := range []struct {
		name      string
		addresses []netip.Addr
		wantIf    string
		wantAddr  string
		reason    string
	}{
		{"none configured", nil, "", "invalid IP", "this host has no address on it"},
		{"plain", addrs("10.0.0.2"), "eth0", "10.0.0.2", ""},
		{"mapped", addrs("::ffff:10.0.0.2"), "eth0", "10.0.0.2", ""},
		{"loopback needs no carrier", addrs("127.0.0.1"), "lo", "127.0.0.1", ""},
		{"loopback serves its prefix", addrs("127.0.2.7"), "lo", "127.0.2.7", ""},
		{"others do not", addrs("10.0.0.8"), "", "10.0.0.8", "no interface has 10.0.0.8"},
		{"missing", addrs("10.0.0.7"), "", "10.0.0.7", "no interface has 10.0.0.7"},
		{"down", addrs("10.0.0.3"), "eth1", "10.0.0.3", "interface eth1 is down"},
		{"no carrier", addrs("10.0.0.4"), "eth2", "10.0.0.4", "interface eth2 has no carrier"},
		{"tentative", addrs("fd00::2"), "eth0", "fd00::2", "address fd00::2 on eth0 is tentative"},
		{"preferred first", addrs("10.0.0.2", "127.0.0.1"), "eth0", "10.0.0.2", ""},
		{"second where the first is missing", addrs("10.0.0.7", "10.0.0.2"), "eth0", "10.0.0.2", ""},
		{"second where the first is down", addrs("10.0.0.3", "10.0.0.2"), "eth0", "10.0.0.2", ""},
		{"found says more than missing", addrs("10.0.0.7", "10.0.0.3"), "eth1", "10.0.0.3", "interface eth1 is down"},
		{"on several, one usable", addrs("fe80::1"), "eth0", "fe80::1", ""},
		{"zone", addrs("fe80::1%eth3"), "eth3", "fe80::1", ""},
		{"zone, down", addrs("fe80::1%eth1"), "eth1", "fe80::1", "interface eth1 is down"},
		{"zone, missing", addrs("fe80::1%eth9"), "", "fe80::1", "no interface has fe80::1%eth9"},
		{"interface went between the looks", addrs("10.0.0.9"), "", "10.0.0.9", "no interface has 10.0.0.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := Network{Addresses: c.addresses}
			at := n.attach(h)
			if at.ifName != c.wantIf || at.addr.String() != c.wantAddr || at.reason != c.reason {
				t.Errorf("at %q %s, reason %q; want %q %s, %q", at.ifName, at.addr, at.reason, c.wantIf, c.wantAddr, c.reason)
			}
		})
	}
}
