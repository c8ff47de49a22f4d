//go:build !linux || portable

package datalink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// link is the open sockets of one network, with the goroutines that serve
// them. The keeper opens and closes it.
type link struct {
	at     attachment
	own    netip.AddrPort
	group  netip.AddrPort
	conns  []net.PacketConn // the first on the own address, which sends
	out    chan departure
	stop   chan struct{}
	broken atomic.Bool // a socket failed: the keeper opens it anew
	served sync.WaitGroup
}

// departure is a datagram on its way to a writer.
type departure struct {
	to  netip.AddrPort
	buf *[]byte
}

func (s *set) openLink(i int, at attachment) (*link, error) {
	c := &s.config.Networks[i]
	l := &link{at: at, group: c.group(), out: make(chan departure, queueLimit), stop: make(chan struct{})}
	if err := l.open(c); err != nil {
		l.closeSockets()
		return nil, err
	}
	for _, conn := range l.conns {
		if u, ok := conn.(*net.UDPConn); ok {
			_ = u.SetReadBuffer(s.config.ReceiveBuffer)
		}
		read, err := l.reader(conn)
		if err != nil {
			close(l.stop)
			l.closeSockets()
			l.served.Wait()
			return nil, err
		}
		l.served.Go(func() { s.readAll(i, l, read) })
	}
	l.served.Go(func() { s.writeAll(i, l) })
	return l, nil
}

func (l *link) open(c *Network) error {
	if err := l.listen(netip.AddrPortFrom(l.at.addr, c.Port)); err != nil {
		return err
	}
	own := l.conns[0].LocalAddr().(*net.UDPAddr).AddrPort()
	l.own = netip.AddrPortFrom(own.Addr().Unmap().WithZone(""), own.Port())
	if err := l.setSending(c.DSCP << 2); err != nil {
		return err
	}
	if c.Transport == Unicast {
		return nil
	}
	if err := l.listen(l.group); err != nil {
		return err
	}
	if c.Transport == Multicast {
		return l.join()
	}
	return nil
}

func (l *link) network() string {
	if l.at.addr.Is4() {
		return "udp4"
	}
	return "udp6"
}

func (l *link) listen(a netip.AddrPort) error {
	if a.Addr().IsLinkLocalUnicast() && a.Addr().Is6() || a.Addr().IsLinkLocalMulticast() {
		a = netip.AddrPortFrom(a.Addr().WithZone(l.at.ifName), a.Port())
	}
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(context.Background(), l.network(), a.String())
	if err != nil {
		return err
	}
	l.conns = append(l.conns, conn)
	return nil
}

func (l *link) setSending(class int) error {
	ifi := &net.Interface{Index: l.at.ifIndex, Name: l.at.ifName}
	if l.at.addr.Is4() {
		c := ipv4.NewPacketConn(l.conns[0])
		return errors.Join(c.SetMulticastInterface(ifi), c.SetMulticastTTL(1), c.SetMulticastLoopback(false), c.SetTOS(class))
	}
	c := ipv6.NewPacketConn(l.conns[0])
	return errors.Join(c.SetMulticastInterface(ifi), c.SetMulticastHopLimit(1), c.SetMulticastLoopback(false), c.SetTrafficClass(class))
}

func (l *link) join() error {
	ifi := &net.Interface{Index: l.at.ifIndex, Name: l.at.ifName}
	group := &net.UDPAddr{IP: l.group.Addr().AsSlice()}
	if l.at.addr.Is4() {
		return ipv4.NewPacketConn(l.conns[1]).JoinGroup(ifi, group)
	}
	return ipv6.NewPacketConn(l.conns[1]).JoinGroup(ifi, group)
}

// readFunc reads a datagram and the index of the interface it came by, 0 where
// the system does not tell.
type readFunc func(b []byte) (n, ifIndex int, from net.Addr, err error)

func (l *link) reader(conn net.PacketConn) (readFunc, error) {
	if l.at.addr.Is4() {
		c := ipv4.NewPacketConn(conn)
		_ = c.SetControlMessage(ipv4.FlagInterface, true) // not everywhere
		return func(b []byte) (int, int, net.Addr, error) {
			n, cm, from, err := c.ReadFrom(b)
			if cm == nil {
				return n, 0, from, err
			}
			return n, cm.IfIndex, from, err
		}, nil
	}
	c := ipv6.NewPacketConn(conn)
	if err := c.SetControlMessage(ipv6.FlagInterface, true); err != nil {
		return nil, fmt.Errorf("packet info: %w", err)
	}
	return func(b []byte) (int, int, net.Addr, error) {
		n, cm, from, err := c.ReadFrom(b)
		if cm == nil {
			return n, 0, from, err
		}
		return n, cm.IfIndex, from, err
	}, nil
}

// readAll reads one socket into the network's queue until the link closes.
func (s *set) readAll(i int, l *link, read readFunc) {
	for {
		buf := s.buffers.Get().(*[]byte)
		*buf = (*buf)[:cap(*buf)]
		n, ifIndex, from, err := read(*buf)
		if err != nil {
			s.buffers.Put(buf)
			s.fail(i, l, failure{op: "receive", err: err})
			return
		}
		*buf = (*buf)[:n]
		u, ok := from.(*net.UDPAddr)
		if !ok {
			s.buffers.Put(buf)
			continue
		}
		source := u.AddrPort()
		s.arrive(i, l, ifIndex, arrival{from: netip.AddrPortFrom(source.Addr().Unmap().WithZone(""), source.Port()), buf: buf})
	}
}

// fail notes an error after which the keeper opens the link anew, unless it is
// the keeper that closed it.
func (s *set) fail(i int, l *link, f failure) {
	select {
	case <-l.stop:
		return
	default:
	}
	l.broken.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.networks[i].ledger.fail(f)
}

// arrive queues a datagram, or drops and counts it. Own broadcasts are dropped
// uncounted.
func (s *set) arrive(i int, l *link, ifIndex int, a arrival) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.networks[i]
	switch {
	case a.from == l.own:
	case ifIndex != 0 && ifIndex != l.at.ifIndex && !l.at.loopback:
		n.ledger.wrongInterface++
	case len(n.queue) >= queueLimit:
		n.ledger.drops++
	default:
		n.queue = append(n.queue, a)
		n.queued += len(*a.buf)
		s.signal()
		return
	}
	s.buffers.Put(a.buf)
}

// writeAll sends what is queued for one network. A send that fails is that
// datagram's misfortune alone (A23).
func (s *set) writeAll(i int, l *link) {
	for {
		select {
		case <-l.stop:
			return
		case d := <-l.out:
			to := d.to
			if to.Addr().IsLinkLocalUnicast() && to.Addr().Is6() || to.Addr().IsLinkLocalMulticast() {
				to = netip.AddrPortFrom(to.Addr().WithZone(l.at.ifName), to.Port())
			}
			_, err := l.conns[0].WriteTo(*d.buf, net.UDPAddrFromAddrPort(to))
			if err != nil {
				s.mu.Lock()
				n := s.networks[i]
				n.ledger.sent--
				n.ledger.sendFailed(err, d.to, len(*d.buf), 1)
				s.mu.Unlock()
			}
			s.buffers.Put(d.buf)
		}
	}
}

func (l *link) closeSockets() {
	for _, c := range l.conns {
		_ = c.Close()
	}
}

// close ends the goroutines and waits for them.
func (l *link) close() {
	close(l.stop)
	l.closeSockets()
	l.served.Wait()
}
