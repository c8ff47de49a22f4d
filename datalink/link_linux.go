//go:build !portable

package datalink

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// sendBuffer is asked for each sending socket: room for the largest window
// while the card drains it; beyond it sends fail with EAGAIN.
const sendBuffer = 4 << 20

// endpoint is one socket of a link.
type endpoint struct {
	fd       int    // -1: none
	readable bool   // the last poll or read said that there may be more
	joins    bool   // the kernel hands over runs (UDP_GRO)
	longest  int    // datagrams in the longest run of late
	drops    uint64 // the kernel's 32-bit count, continued past its wraps
	counted  uint32 // that count when it was last read
}

// countDrops must be called at least once in 2^32 drops.
func (e *endpoint) countDrops() {
	if e.fd < 0 {
		return
	}
	if m, ok := readMeminfo(e.fd); ok {
		e.drops += uint64(m.drops - e.counted)
		e.counted = m.drops
	}
}

// link is the open sockets of one network. The keeper opens and closes links;
// from its adoption to its return the loop alone uses one.
type link struct {
	network *Network
	at      attachment
	bind    func(int, attachment) error // to the device
	own     netip.AddrPort              // bound address
	group   netip.AddrPort              // as Network.group

	unicast endpoint // token, joins, probes, unicast data; sends everything
	data    endpoint // bound to the broadcast or multicast address
	cuts    bool     // the kernel cuts runs apart (UDP_SEGMENT)

	looped uint64 // own broadcasts sent and not yet seen refused by the filter
	seen   uint64 // the kernel's drops taken in
	drops  uint64 // those for want of buffer
}

// openLink opens the sockets of a network where it is attached.
func openLink(n *Network, at attachment, receiveBuffer int) (*link, error) {
	return openLinkBinding(n, at, receiveBuffer, bindToDevice)
}

func openLinkBinding(n *Network, at attachment, receiveBuffer int, bind func(int, attachment) error) (*link, error) {
	l := &link{network: n, at: at, bind: bind, group: n.group(), unicast: endpoint{fd: -1}, data: endpoint{fd: -1}}
	if err := l.open(receiveBuffer); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *link) open(receiveBuffer int) error {
	local := netip.AddrPortFrom(l.at.addr, l.network.Port)
	fd, err := l.socket(receiveBuffer)
	l.unicast.fd = fd
	if err != nil {
		return err
	}
	if err := l.setSending(fd); err != nil {
		return err
	}
	if err := unix.Bind(fd, l.sockaddr(local)); err != nil {
		return fmt.Errorf("bind %s: %w", local, err)
	}
	if l.own, err = boundAddress(fd); err != nil {
		return err
	}
	l.cuts = l.network.Offload && canCut(fd)
	if l.network.Transport == Unicast {
		l.unicast.joins = l.network.Offload && join(fd)
		return nil
	}
	if l.data.fd, err = l.socket(receiveBuffer); err != nil {
		return err
	}
	l.data.joins = l.network.Offload && join(l.data.fd)
	return l.openData(l.data.fd)
}

// openData prepares the second socket. Its address may be shared by several
// sockets of this host, so it alone has SO_REUSEADDR; on the first a second
// daemon with this address must fail loudly.
func (l *link) openData(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fmt.Errorf("SO_REUSEADDR: %w", err)
	}
	if err := l.setReceivingForAll(fd); err != nil {
		return err
	}
	if err := unix.Bind(fd, l.sockaddr(l.group)); err != nil {
		if errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("bind %s on %s, which has %s/%d: %w", l.group, l.at.ifName, l.at.addr, l.at.bits, err)
		}
		return fmt.Errorf("bind %s: %w", l.group, err)
	}
	return nil
}

// socket opens a socket with the options that both kinds share.
func (l *link) socket(receiveBuffer int) (int, error) {
	family := unix.AF_INET6
	if l.at.addr.Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if !l.at.loopback {
		if err := l.setDevice(fd); err != nil {
			return fd, err
		}
	}
	setBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, receiveBuffer)
	return fd, l.setFamilyOptions(fd)
}

// setDevice keeps out other networks' packets and routes. Binding to the device
// needs no privilege since Linux 5.7; where it is refused, packet info and the
// choice of interface for routes do (S16, S17).
func (l *link) setDevice(fd int) error {
	err := l.bind(fd, l.at)
	if errors.Is(err, unix.EPERM) {
		return l.setRoute(fd)
	}
	if err != nil {
		return fmt.Errorf("bind to device %s: %w", l.at.ifName, err)
	}
	return nil
}

func bindToDevice(fd int, at attachment) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, at.ifIndex)
	if errors.Is(err, unix.ENOPROTOOPT) { // before Linux 5.1
		return unix.BindToDevice(fd, at.ifName)
	}
	return err
}

// setBuffer asks with and then without privilege; what it got is read back
// when somebody asks.
func setBuffer(fd, force, plain, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
}

// boundAddress is the address and port of the socket, as packets will show it.
func boundAddress(fd int) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("getsockname: %w", err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("getsockname: %T", sa)
}

func (l *link) sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
	}
	return &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port()), ZoneId: l.zone(a.Addr())}
}

// zone is the scope id an IPv6 destination needs: the interface for addresses
// that are only unique on a link (RFC 4007).
func (l *link) zone(a netip.Addr) uint32 {
	if a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast() {
		return uint32(l.at.ifIndex)
	}
	return 0
}

// dropCount is how many datagrams the kernel dropped at the link's sockets for
// want of buffer.
func (l *link) dropCount() uint64 {
	l.unicast.countDrops()
	l.data.countDrops()
	l.settleDrops(l.unicast.drops + l.data.drops)
	return l.drops
}

// loopLag is how many own broadcasts may be on their way back at a time: what
// the kernel queues for a processor (net.core.netdev_max_backlog).
const loopLag = 1000

// settleDrops takes in the kernel's count, which has the filter's refusals in
// it: one for each own broadcast, soon after it was sent. More than loopLag of
// them never wait to be seen; those that something else dropped must not hide
// real drops for ever.
func (l *link) settleDrops(kernel uint64) {
	fresh := kernel - l.seen
	l.seen = kernel
	if fresh > l.looped {
		l.drops += fresh - l.looped
		l.looped = 0
		return
	}
	l.looped = min(l.looped-fresh, loopLag)
}

// buffers is the receive buffer's size and what is free of it, of the socket
// that has the least room.
func (l *link) buffers() (limit, free int) {
	for _, e := range [...]endpoint{l.unicast, l.data} {
		if e.fd < 0 {
			continue
		}
		m, ok := readMeminfo(e.fd)
		if !ok { // a kernel without SO_MEMINFO: the size is all there is to know
			m.limit, _ = unix.GetsockoptInt(e.fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		}
		if f := max(m.limit-m.used, 0); limit == 0 || f < free {
			limit, free = m.limit, f
		}
	}
	return limit, free
}

func (l *link) close() {
	for _, e := range []*endpoint{&l.unicast, &l.data} {
		if e.fd >= 0 {
			_ = unix.Close(e.fd)
			e.fd = -1
		}
	}
}
