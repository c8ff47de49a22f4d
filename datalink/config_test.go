package datalink

import (
	"net/netip"
	"strings"
	"testing"
)

func TestBroadcastOf(t *testing.T) {
	for _, c := range []struct{ subnet, want string }{
		{"10.77.1.0/24", "10.77.1.255"},
		{"10.77.1.77/24", "10.77.1.255"},
		{"10.0.0.0/8", "10.255.255.255"},
		{"10.77.0.0/15", "10.77.255.255"},
		{"10.77.1.128/25", "10.77.1.255"},
		{"10.77.1.0/25", "10.77.1.127"},
		{"10.77.1.64/26", "10.77.1.127"},
		{"192.168.0.0/22", "192.168.3.255"},
		{"10.77.1.4/30", "10.77.1.7"},
		{"0.0.0.0/0", "255.255.255.255"},
		{"10.77.1.4/31", "invalid IP"},
		{"10.77.1.4/32", "invalid IP"},
		{"fd00::/64", "invalid IP"},
	} {
		if got := broadcastOf(netip.MustParsePrefix(c.subnet)).String(); got != c.want {
			t.Errorf("%s: broadcast address %s, want %s", c.subnet, got, c.want)
		}
	}
	if broadcastOf(netip.Prefix{}).IsValid() {
		t.Error("no subnet has a broadcast address")
	}
}

func TestPacketSize(t *testing.T) {
	v4, v6 := netip.MustParseAddr("10.77.1.1"), netip.MustParseAddr("fd00::1")
	for _, c := range []struct {
		name       string
		addr       netip.Addr
		mtu        int
		configured int
		loopback   bool
		want       int
	}{
		{"ethernet", v4, 1500, 0, false, 1472},
		{"ethernet, IPv6", v6, 1500, 0, false, 1452},
		{"jumbo", v4, 9000, 0, false, 8972},
		{"configured smaller", v4, 9000, 1500, false, 1472},
		{"configured larger", v4, 1500, 9000, false, 1472},
		{"loopback", v4, 65536, 0, true, LoopbackMTU - 28},
		{"loopback, IPv6", v6, 65536, 0, true, LoopbackMTU - 48},
		{"loopback, configured", v4, 65536, 1500, true, 1472},
		{"loopback, configured to the limit", v4, 65536, 65535, true, 65507},
		{"loopback, IPv6, to the limit", v6, 65536, 65535, true, 65487},
		{"larger than IP has", v4, 1 << 20, 0, false, 65507},
		{"smaller than the headers", v4, 20, 0, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := attachment{addr: c.addr, mtu: c.mtu, loopback: c.loopback}
			if got := packetSize(at, c.configured); got != c.want {
				t.Errorf("packet size %d, want %d", got, c.want)
			}
		})
	}
}

func addrs(s ...string) []netip.Addr {
	var a []netip.Addr
	for _, s := range s {
		a = append(a, netip.MustParseAddr(s))
	}
	return a
}

func TestOpenRefusesNonsense(t *testing.T) {
	good := Network{Name: "A", Addresses: addrs("10.77.1.1"), Subnet: netip.MustParsePrefix("10.77.1.0/24"), Port: 4803}
	group := netip.MustParseAddr("239.77.1.1")
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no networks", func(c *Config) { c.Networks = nil }, "no networks"},
		{"no name", func(c *Config) { c.Networks[0].Name = "" }, "no name"},
		{"one name twice", func(c *Config) {
			c.Networks = append(c.Networks, Network{Name: "A", Transport: Unicast, Port: 1})
		}, `two networks named "A"`},
		{"one address twice", func(c *Config) {
			b := c.Networks[0]
			b.Name = "B"
			c.Networks = append(c.Networks, b)
		}, `10.77.1.1:4803 on networks "A" and "B"`},
		{"transport", func(c *Config) { c.Networks[0].Transport = 3 }, "transport 3"},
		{"no port", func(c *Config) { c.Networks[0].Port = 0 }, "no port"},
		{"MTU too small", func(c *Config) { c.Networks[0].MTU = 575 }, "MTU 575"},
		{"MTU too large", func(c *Config) { c.Networks[0].MTU = 65536 }, "MTU 65536"},
		{"DSCP", func(c *Config) { c.Networks[0].DSCP = 64 }, "DSCP 64"},
		{"negative DSCP", func(c *Config) { c.Networks[0].DSCP = -1 }, "DSCP -1"},
		{"no subnet for broadcast", func(c *Config) { c.Networks[0].Subnet = netip.Prefix{} }, "no broadcast address"},
		{"point to point", func(c *Config) { c.Networks[0].Subnet = netip.MustParsePrefix("10.77.1.0/31") }, "no broadcast address"},
		{"IPv6 broadcast", func(c *Config) { c.Networks[0].Subnet = netip.MustParsePrefix("fd00::/64") }, "no broadcast address"},
		{"no group", func(c *Config) { c.Networks[0].Transport = Multicast }, "no multicast group"},
		{"unicast group", func(c *Config) {
			c.Networks[0].Transport, c.Networks[0].Group = Multicast, netip.MustParseAddr("10.1.1.1")
		}, "10.1.1.1 is no multicast group"},
		{"group of the other family", func(c *Config) {
			c.Networks[0].Transport, c.Networks[0].Group = Multicast, netip.MustParseAddr("ff05::1")
		}, "different families"},
		{"unspecified address", func(c *Config) { c.Networks[0].Addresses = addrs("0.0.0.0") }, "no address of a host"},
		{"zero address", func(c *Config) { c.Networks[0].Addresses = []netip.Addr{{}} }, "no address of a host"},
		{"multicast address", func(c *Config) { c.Networks[0].Addresses = []netip.Addr{group} }, "no address of a host"},
		{"mixed families", func(c *Config) {
			c.Networks[0].Transport, c.Networks[0].Subnet = Unicast, netip.Prefix{}
			c.Networks[0].Addresses = addrs("10.77.1.1", "fd00::1")
		}, "different families"},
		{"outside its subnet", func(c *Config) { c.Networks[0].Addresses = addrs("10.77.2.1") }, "not in subnet"},
		{"the broadcast address", func(c *Config) { c.Networks[0].Addresses = addrs("10.77.1.255") }, "is the broadcast address"},
		{"negative buffer", func(c *Config) { c.ReceiveBuffer = -1 }, "receive buffer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Config{Networks: []Network{good}}
			c.change(&config)
			s, err := Open(config)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want one with %q", err, c.want)
			}
		})
	}
	if err := (&Config{Networks: []Network{good}}).check(); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
}
