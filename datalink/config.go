package datalink

import (
	"errors"
	"fmt"
	"net/netip"
)

// LoopbackMTU is the IP MTU taken for the loopback interface unless the
// configuration gives one. Its own, 65536, is no link's: packets of that size
// would make every buffer eight times too large for what they carry.
const LoopbackMTU = 16384

// DefaultReceiveBuffer is asked for where Config has no ReceiveBuffer.
const DefaultReceiveBuffer = 8 << 20

const (
	minMTU     = 576   // what every IPv4 host can take whole (RFC 791, 3.1)
	maxMTU     = 65535 // IPv4 total length
	maxPayload = 65507 // maxMTU less the headers of IPv4 and UDP

	headersIPv4 = 20 + 8 // IP and UDP
	headersIPv6 = 40 + 8
)

// check refuses what no host could ever serve. A missing interface or address
// is no error: it may come (A19).
func (c *Config) check() error {
	if len(c.Networks) == 0 {
		return errors.New("datalink: no networks")
	}
	if c.ReceiveBuffer < 0 {
		return fmt.Errorf("datalink: receive buffer of %d bytes", c.ReceiveBuffer)
	}
	names := make(map[string]bool)
	bound := make(map[netip.AddrPort]string)
	for i := range c.Networks {
		n := &c.Networks[i]
		if err := n.check(); err != nil {
			return fmt.Errorf("datalink: network %q: %w", n.Name, err)
		}
		if names[n.Name] {
			return fmt.Errorf("datalink: two networks named %q", n.Name)
		}
		names[n.Name] = true
		for _, a := range n.Addresses {
			at := netip.AddrPortFrom(a.Unmap(), n.Port)
			if other, ok := bound[at]; ok && n.Port != 0 {
				return fmt.Errorf("datalink: %s on networks %q and %q", at, other, n.Name)
			}
			bound[at] = n.Name
		}
	}
	return nil
}

func (n *Network) check() error {
	switch {
	case n.Name == "":
		return errors.New("no name")
	case n.Transport > Unicast:
		return fmt.Errorf("transport %d", n.Transport)
	case n.Port == 0 && n.Transport != Unicast:
		return errors.New("no port")
	case n.MTU != 0 && (n.MTU < minMTU || n.MTU > maxMTU):
		return fmt.Errorf("MTU %d is not within %d to %d", n.MTU, minMTU, maxMTU)
	case n.DSCP < 0 || n.DSCP > 63:
		return fmt.Errorf("DSCP %d is not within 0 to 63", n.DSCP)
	case n.Transport == Broadcast && !broadcastOf(n.Subnet).IsValid():
		return fmt.Errorf("subnet %s has no broadcast address", n.Subnet)
	case n.Transport == Multicast && !n.Group.IsMulticast():
		return fmt.Errorf("%s is no multicast group", n.Group)
	}
	for _, a := range n.Addresses {
		if err := n.checkAddress(a); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) checkAddress(a netip.Addr) error {
	first := n.Addresses[0]
	switch {
	case !a.IsValid() || a.IsUnspecified() || a.IsMulticast():
		return fmt.Errorf("%s is no address of a host", a)
	case a.Unmap().Is4() != first.Unmap().Is4():
		return fmt.Errorf("%s and %s are of different families", first, a)
	case n.Transport == Multicast && a.Unmap().Is4() != n.Group.Unmap().Is4():
		return fmt.Errorf("group %s and address %s are of different families", n.Group, a)
	case n.Subnet.IsValid() && !n.Subnet.Contains(a.Unmap().WithZone("")):
		return fmt.Errorf("%s is not in subnet %s", a, n.Subnet)
	case n.Transport == Broadcast && a.Unmap() == broadcastOf(n.Subnet):
		return fmt.Errorf("%s is the broadcast address of %s", a, n.Subnet)
	}
	return nil
}

// group is where a packet for all goes; the zero value for Unicast.
func (n *Network) group() netip.AddrPort {
	switch n.Transport {
	case Broadcast:
		return netip.AddrPortFrom(broadcastOf(n.Subnet), n.Port)
	case Multicast:
		return netip.AddrPortFrom(n.Group.Unmap().WithZone(""), n.Port)
	}
	return netip.AddrPort{}
}

// broadcastOf is the directed broadcast address of a subnet (RFC 919); invalid
// for IPv6 and for prefixes too long to have one (RFC 3021).
func broadcastOf(subnet netip.Prefix) netip.Addr {
	if !subnet.IsValid() || !subnet.Addr().Is4() || subnet.Bits() > 30 {
		return netip.Addr{}
	}
	b := subnet.Masked().Addr().As4()
	for i := range b {
		switch rest := subnet.Bits() - 8*i; {
		case rest <= 0:
			b[i] = 0xff
		case rest < 8:
			b[i] |= 0xff >> rest
		}
	}
	return netip.AddrFrom4(b)
}

// packetSize is the largest UDP payload that needs no IP fragment (A1, A2):
// the smaller of the interface's and the configured MTU, less the headers.
func packetSize(at attachment, configured int) int {
	mtu := min(at.mtu, maxMTU)
	if configured > 0 {
		mtu = min(mtu, configured)
	} else if at.loopback {
		mtu = min(mtu, LoopbackMTU)
	}
	if at.addr.Is4() {
		return max(mtu-headersIPv4, 0)
	}
	return max(min(mtu-headersIPv6, maxPayload), 0)
}
