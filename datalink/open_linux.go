//go:build !portable

package datalink

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// set is the Set of Linux. Everything in it is the loop's, under mu, except
// what is marked otherwise; the keeper and the loop meet in the exchange only.
type set struct {
	exchange *exchange
	keeper   *keeper

	woken  atomic.Bool // Wake has signalled and Wait has not seen it: any goroutine
	closed atomic.Bool // any goroutine

	// wakeMu guards the wake descriptor against being used once closed.
	wakeMu sync.RWMutex

	// mu is held through each of the loop's calls and by Close, which ends a
	// Wait first. Nobody else takes it, so that it costs the loop no waiting.
	mu         sync.Mutex
	networks   []network
	next       int // network whose turn it is to be read
	generation uint64
	polled     []unix.PollFd // the wake descriptor, then two per network
	rest       rest
	in         inbound

	sendmmsg func(fd int, h []mmsghdr) (int, unix.Errno) // replaced in tests
}

// network is the loop's end of one network.
type network struct {
	link       *link // nil: down
	at         attachment
	mtu        int // configured
	packetSize int
	segments   int // most in a run that is sent; 1: no runs
	out        outbound
	ledger     ledger
}

// Open opens the networks of this host. It fails only for a configuration that
// no host could serve, or where not even a descriptor can be had: a network
// whose interface or address is missing, or whose sockets cannot be opened, is
// down, says why in its state, and comes up when it can.
func Open(c Config) (Set, error) {
	s, err := open(c, nil)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// open is Open; prepare changes the keeper's view of the world, for tests.
func open(c Config, prepare func(*keeper)) (*set, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.ReceiveBuffer == 0 {
		c.ReceiveBuffer = DefaultReceiveBuffer
	}
	c.Networks = slices.Clone(c.Networks)
	x := &exchange{slots: make([]slot, len(c.Networks))}
	var err error
	if x.toLoop, err = newEventFD(); err != nil {
		return nil, fmt.Errorf("datalink: eventfd: %w", err)
	}
	if x.toKeep, err = newEventFD(); err != nil {
		x.toLoop.close()
		return nil, fmt.Errorf("datalink: eventfd: %w", err)
	}
	s := &set{exchange: x, keeper: newKeeper(c, x), networks: make([]network, len(c.Networks)), sendmmsg: sendmmsg}
	if prepare != nil {
		prepare(s.keeper)
	}
	largest := 0
	for i := range s.networks {
		s.networks[i].mtu = c.Networks[i].MTU
		s.networks[i].out.init()
		if c.Networks[i].Offload {
			largest = maxPayload // a run is no longer than a datagram can be
		}
	}
	s.polled = make([]unix.PollFd, 1+2*len(s.networks))
	s.polled[0] = unix.PollFd{Fd: int32(x.toLoop.fd), Events: unix.POLLIN}
	s.in.init(slotSize(largest))
	s.keeper.start()
	s.adopt()
	return s, nil
}

// adopt takes over what the keeper has changed.
func (s *set) adopt() {
	s.exchange.changed.Store(false) // first: what changes now is seen next time
	largest := 0
	for i := range s.networks {
		n := &s.networks[i]
		if n.link != nil { // its last chance to be counted
			n.link.dropCount()
		}
		before, wasUp, wasSize := n.link, n.link != nil, n.packetSize
		was := n.at
		n.link, n.at = s.exchange.adopt(i, n.link)
		if before != nil && before != n.link {
			n.ledger.drops += before.drops
		}
		n.packetSize = 0
		if n.link != nil {
			n.packetSize = packetSize(n.at, n.mtu)
		}
		if n.link != before || n.at != was { // what refused runs may be gone
			n.segments = 1
			if n.link != nil && n.link.cuts {
				n.segments = mostSegments
			}
		}
		if (n.link != nil) != wasUp || n.packetSize != wasSize || n.at.ifName != was.ifName || n.at.addr != was.addr {
			s.generation++
		}
		s.polled[1+2*i], s.polled[2+2*i] = pollFds(n.link)
		largest = max(largest, n.packetSize)
	}
	s.in.grow(slotSize(largest))
}

// pollFds are a link's sockets for poll, which ignores negative descriptors.
func pollFds(l *link) (unicast, data unix.PollFd) {
	unicast, data = unix.PollFd{Fd: -1}, unix.PollFd{Fd: -1}
	if l != nil {
		unicast = unix.PollFd{Fd: int32(l.unicast.fd), Events: unix.POLLIN}
		data = unix.PollFd{Fd: int32(l.data.fd), Events: unix.POLLIN}
	}
	return unicast, data
}

func (s *set) States(dst []NetworkState) []NetworkState {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.networks {
		n := &s.networks[i]
		st := n.ledger.state()
		st.Up, st.Reason, st.Interface = n.link != nil, n.at.reason, n.at.ifName
		if s.closed.Load() {
			st.Up, st.Reason = false, "closed"
		} else if n.link != nil {
			st.Address, st.PacketSize, st.Offload = n.at.addr, n.packetSize, n.segments > 1
			st.Drops += n.link.dropCount()
			st.ReceiveBuffer, st.Free = n.link.buffers()
		}
		dst = append(dst, st)
	}
	return dst
}

func (s *set) Generation() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.generation
}

// Wake signals at most once until the loop has noticed.
func (s *set) Wake() {
	if s.woken.Swap(true) {
		return
	}
	s.wakeMu.RLock()
	defer s.wakeMu.RUnlock()
	if !s.closed.Load() {
		s.exchange.toLoop.signal()
	}
}

// Wait polls all sockets at once, with a timeout in nanoseconds.
func (s *set) Wait(d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return net.ErrClosed
	}
	if s.exchange.changed.Load() {
		s.adopt()
		d = 0 // a network changed
	}
	if s.in.waiting() {
		d = 0
	}
	began := time.Now()
	woken := s.poll(d, true)
	s.rest.waited(time.Since(began))
	if woken {
		// In this order: a Wake that finds woken set must have come before this
		// Wait returns. The other way round drain could take the signal of one
		// that has set it again, and none would ever follow.
		s.exchange.toLoop.drain()
		s.woken.Store(false)
	}
	if s.closed.Load() {
		return net.ErrClosed
	}
	if s.exchange.changed.Load() {
		s.adopt()
	}
	return nil
}

func (s *set) Close() error {
	s.wakeMu.Lock()
	if s.closed.Swap(true) {
		s.wakeMu.Unlock()
		return nil
	}
	s.exchange.toLoop.signal() // ends a Wait
	s.wakeMu.Unlock()
	s.keeper.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.networks {
		s.networks[i].close()
		s.exchange.closeSlot(i)
	}
	s.wakeMu.Lock() // no Wake is using it
	defer s.wakeMu.Unlock()
	s.exchange.toLoop.close()
	s.exchange.toKeep.close()
	return nil
}

func (n *network) close() {
	if n.link != nil {
		n.ledger.drops += n.link.dropCount()
		n.link.close()
		n.link = nil
	}
}
