//go:build !portable

package datalink

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// Options that change no packet a test could see on a quiet wire are read back.
func TestOptions(t *testing.T) {
	type want struct {
		name               string
		level, what, value int
	}
	v4 := []want{
		{"IP_MTU_DISCOVER", unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE},
		{"IP_MULTICAST_ALL", unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0},
		{"IP_PKTINFO", unix.IPPROTO_IP, unix.IP_PKTINFO, 1},
	}
	v6 := []want{
		{"IPV6_MTU_DISCOVER", unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE},
		{"IPV6_DONTFRAG", unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1},
		{"IPV6_MULTICAST_ALL", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0},
		{"IPV6_V6ONLY", unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1},
		{"IPV6_RECVPKTINFO", unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1},
	}
	for _, c := range []struct {
		name          string
		network       Network
		both, sending []want
	}{
		{
			"IPv4", Network{Transport: Multicast, Addresses: addrs("127.0.0.1"), Group: netip.MustParseAddr("239.77.1.1")},
			v4, []want{
				{"IP_TOS", unix.IPPROTO_IP, unix.IP_TOS, 46 << 2},
				{"IP_MULTICAST_TTL", unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, 1},
				{"IP_MULTICAST_LOOP", unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0},
				{"SO_BROADCAST", unix.SOL_SOCKET, unix.SO_BROADCAST, 1},
				{"SO_REUSEADDR", unix.SOL_SOCKET, unix.SO_REUSEADDR, 0},
			},
		},
		{
			"IPv6", Network{Transport: Multicast, Addresses: addrs("::1"), Group: netip.MustParseAddr("ff05::4803")},
			v6, []want{
				{"IPV6_TCLASS", unix.IPPROTO_IPV6, unix.IPV6_TCLASS, 46 << 2},
				{"IPV6_MULTICAST_HOPS", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 1},
				{"IPV6_MULTICAST_LOOP", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 0},
				{"SO_REUSEADDR", unix.SOL_SOCKET, unix.SO_REUSEADDR, 0},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := c.network
			n.Name, n.DSCP, n.Port = "A", 46, freePort(t)
			at := attachment{addr: n.Addresses[0], ifIndex: loopbackIndex, ifName: "lo", mtu: 65536, loopback: true}
			l, err := openLink(&n, at, 1<<20)
			if err != nil {
				t.Skipf("no %s multicast on loopback here: %v", c.name, err)
			}
			defer l.close()
			check := func(fd int, options []want) {
				for _, o := range options {
					if got, err := unix.GetsockoptInt(fd, o.level, o.what); err != nil || got != o.value {
						t.Errorf("%s is %d, %v; want %d", o.name, got, err, o.value)
					}
				}
			}
			check(l.unicast.fd, c.both)
			check(l.data.fd, c.both)
			check(l.unicast.fd, c.sending)
		})
	}
}
