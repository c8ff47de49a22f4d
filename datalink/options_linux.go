//go:build !portable

package datalink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// option is a socket option with an integer value.
type option struct {
	name               string
	level, what, value int
	may                bool // kernels without it are tolerated
}

func setOptions(fd int, options []option) error {
	for _, o := range options {
		err := unix.SetsockoptInt(fd, o.level, o.what, o.value)
		if err != nil && !(o.may && (errors.Is(err, unix.ENOPROTOOPT) || errors.Is(err, unix.EPERM))) {
			return fmt.Errorf("%s: %w", o.name, err)
		}
	}
	return nil
}

// setFamilyOptions: never an IP fragment, and no faith in ICMP, which anybody
// can forge (A1, protocol rule 6): PMTUDISC_PROBE sets DF and refuses what is
// larger than the interface takes. Only groups joined on this very socket are
// received (S16), and packet info comes with each packet (S17).
func (l *link) setFamilyOptions(fd int) error {
	if l.at.addr.Is4() {
		err := setOptions(fd, []option{
			{"IP_MTU_DISCOVER", unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE, false},
			{"IP_MULTICAST_ALL", unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0, true},
			{"SO_BROADCAST", unix.SOL_SOCKET, unix.SO_BROADCAST, 1, false},
		})
		if err != nil {
			return err
		}
		return withIPv4(fd, func(c *ipv4.PacketConn) error {
			return c.SetControlMessage(ipv4.FlagInterface, true)
		})
	}
	err := setOptions(fd, []option{
		{"IPV6_V6ONLY", unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1, false},
		{"IPV6_MTU_DISCOVER", unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE, false},
		{"IPV6_DONTFRAG", unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1, false},
		{"IPV6_MULTICAST_ALL", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0, true}, // Linux 4.20
	})
	if err != nil {
		return err
	}
	return withIPv6(fd, func(c *ipv6.PacketConn) error {
		return c.SetControlMessage(ipv6.FlagInterface, true)
	})
}

// setSending prepares the socket that sends: its own interface for
// multicast, one hop, no copy to this host, the code point (RFC 2474).
func (l *link) setSending(fd int) error {
	setBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sendBuffer)
	class := l.network.DSCP << 2
	if l.at.addr.Is4() {
		return withIPv4(fd, func(c *ipv4.PacketConn) error {
			return errors.Join(
				c.SetMulticastInterface(l.netInterface()),
				c.SetMulticastTTL(1),
				c.SetMulticastLoopback(false),
				c.SetTOS(class))
		})
	}
	return withIPv6(fd, func(c *ipv6.PacketConn) error {
		return errors.Join(
			c.SetMulticastInterface(l.netInterface()),
			c.SetMulticastHopLimit(1),
			c.SetMulticastLoopback(false),
			c.SetTrafficClass(class))
	})
}

// canCut tells whether the kernel takes runs of datagrams (Linux 4.18). What
// the card or a policy refuses shows with the first run.
func canCut(fd int) bool {
	_, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT)
	return err == nil
}

// join asks the kernel to hand over runs as they come, and tells whether it
// will (Linux 5.0). Else it cuts apart what comes as a run.
func join(fd int) bool {
	return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1) == nil
}

// setRoute makes unicasts leave by the network's own interface whatever the
// routes say, on a socket that is not bound to it.
func (l *link) setRoute(fd int) error {
	// These options alone have their value in network byte order.
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(l.at.ifIndex))
	index := int(binary.NativeEndian.Uint32(b[:]))
	if l.at.addr.Is4() {
		return setOptions(fd, []option{{"IP_UNICAST_IF", unix.IPPROTO_IP, unix.IP_UNICAST_IF, index, true}})
	}
	return setOptions(fd, []option{{"IPV6_UNICAST_IF", unix.IPPROTO_IPV6, unix.IPV6_UNICAST_IF, index, true}})
}

// setReceivingForAll prepares the socket of the broadcast or multicast
// address: our own packets refused, the group joined on this interface (S15).
func (l *link) setReceivingForAll(fd int) error {
	filter, err := ownFilter(l.own)
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	group := &net.UDPAddr{IP: l.group.Addr().AsSlice()}
	join := l.network.Transport == Multicast
	if l.at.addr.Is4() {
		return withIPv4(fd, func(c *ipv4.PacketConn) error {
			if err := c.SetBPF(filter); err != nil || !join {
				return err
			}
			return c.JoinGroup(l.netInterface(), group)
		})
	}
	return withIPv6(fd, func(c *ipv6.PacketConn) error {
		if err := c.SetBPF(filter); err != nil || !join {
			return err
		}
		return c.JoinGroup(l.netInterface(), group)
	})
}

func (l *link) netInterface() *net.Interface {
	return &net.Interface{Index: l.at.ifIndex, Name: l.at.ifName}
}

// packetConn lends a descriptor to package net, as a duplicate that is closed
// again: the socket itself never enters the runtime's network poller.
func packetConn(fd int) (net.PacketConn, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("dup: %w", err)
	}
	f := os.NewFile(uintptr(dup), "udp")
	defer f.Close()
	return net.FilePacketConn(f)
}

func withIPv4(fd int, set func(*ipv4.PacketConn) error) error {
	c, err := packetConn(fd)
	if err != nil {
		return err
	}
	defer c.Close()
	return set(ipv4.NewPacketConn(c))
}

func withIPv6(fd int, set func(*ipv6.PacketConn) error) error {
	c, err := packetConn(fd)
	if err != nil {
		return err
	}
	defer c.Close()
	return set(ipv6.NewPacketConn(c))
}
