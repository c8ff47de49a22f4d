package datalinktest

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"mpspread/datalink"
)

// set is one host's Set. The Switchboard's lock guards it.
type set struct {
	board      *Switchboard
	links      []link
	wake       chan struct{} // 1: a Wait shall return
	closed     bool
	next       int // link whose turn it is to be read
	generation uint64
}

// link is a host's end of one network.
type link struct {
	set        *set
	config     datalink.Network
	own        netip.Addr // invalid: this host is not on the network
	up         bool
	packetSize int
	fail       error
	limit      int // of the queue, in bytes of true size
	queue      []arrival
	queued     int
	state      datalink.NetworkState // its counters
}

type arrival struct {
	from netip.AddrPort
	data []byte
}

// overhead is what a datagram costs beyond its bytes, much as in a kernel.
const overhead = 768

const headers, headers6 = 20 + 8, 40 + 8

func newSet(b *Switchboard, c datalink.Config) *set {
	s := &set{board: b, wake: make(chan struct{}, 1), links: make([]link, len(c.Networks))}
	for i := range s.links {
		l := &s.links[i]
		l.set, l.config, l.limit = s, c.Networks[i], c.ReceiveBuffer
		if l.limit == 0 {
			l.limit = datalink.DefaultReceiveBuffer
		}
		l.packetSize = PacketSize
		if len(l.config.Addresses) > 0 {
			l.own, l.up = l.config.Addresses[0].Unmap().WithZone(""), true
		}
		if l.config.MTU != 0 {
			l.setMTU(l.config.MTU)
		}
	}
	return s
}

func (l *link) setMTU(mtu int) {
	l.packetSize = mtu - headers
	if l.own.Is6() {
		l.packetSize = mtu - headers6
	}
}

// sharesGroup tells whether both use the same broadcast or multicast address.
func (l *link) sharesGroup(o *link) bool {
	return l.own.IsValid() && l.config.Name == o.config.Name && l.config.Port == o.config.Port &&
		l.config.Transport == o.config.Transport && l.config.Subnet == o.config.Subnet && l.config.Group == o.config.Group
}

// receive queues a copy, or drops it where there is no room.
func (l *link) receive(from netip.AddrPort, data []byte) {
	if l.queued+len(data)+overhead > l.limit {
		l.state.Drops++
		return
	}
	l.queue = append(l.queue, arrival{from, slices.Clone(data)})
	l.queued += len(data) + overhead
	l.set.signal()
}

// drain forgets what is queued, as closing a socket does.
func (l *link) drain() { l.queue, l.queued = nil, 0 }

func (s *set) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *set) Wait(d time.Duration) error {
	if ready, err := s.ready(); ready || err != nil {
		return err
	}
	var after <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-s.wake:
	case <-after:
	}
	_, err := s.ready()
	return err
}

// ready tells whether a datagram waits.
func (s *set) ready() (bool, error) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if s.closed {
		return false, net.ErrClosed
	}
	return slices.ContainsFunc(s.links, func(l link) bool { return len(l.queue) > 0 }), nil
}

func (s *set) Receive(batch []datalink.Packet) int {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	filled := 0
	for idle := 0; idle < len(s.links) && filled < min(len(batch), datalink.MaxBatch); idle++ {
		i := s.next
		s.next = (s.next + 1) % len(s.links)
		l := &s.links[i]
		if len(l.queue) == 0 {
			continue
		}
		a := l.queue[0]
		l.queue[0] = arrival{}
		l.queue = l.queue[1:]
		l.queued -= len(a.data) + overhead
		l.state.Received++
		batch[filled] = datalink.Packet{Network: i, From: a.from, Data: a.data}
		filled++
		idle = -1
	}
	return filled
}

var (
	errDown     = errors.New("the network is down")
	errTooLarge = errors.New("message too long")
	errNoGroup  = errors.New("no destination on this network")
)

func (s *set) Send(batch []datalink.Datagram) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if s.closed {
		return
	}
	for _, d := range batch {
		l := &s.links[d.Network]
		if err := l.refuses(d); err != nil {
			l.state.SendErrors++
			l.state.LastError = "send: " + err.Error()
			continue
		}
		l.state.Sent++
		s.board.carry(l, d.To, d.Data)
	}
}

func (l *link) refuses(d datalink.Datagram) error {
	switch {
	case !l.up:
		return errDown
	case l.fail != nil:
		return l.fail
	case len(d.Data) > l.packetSize:
		return errTooLarge
	case d.To == (netip.AddrPort{}) && l.config.Transport == datalink.Unicast:
		return errNoGroup
	}
	return nil
}

func (s *set) States(dst []datalink.NetworkState) []datalink.NetworkState {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	for i := range s.links {
		dst = append(dst, s.links[i].currentState())
	}
	return dst
}

func (l *link) currentState() datalink.NetworkState {
	st := l.state
	switch {
	case l.set.closed:
		st.Reason = "closed"
	case !l.own.IsValid():
		st.Reason = "this host has no address on it"
	case !l.up:
		st.Reason = "interface is down"
	default:
		st.Up, st.Address, st.PacketSize = true, l.own, l.packetSize
		st.ReceiveBuffer, st.Free = l.limit, l.limit-l.queued
	}
	if l.own.IsValid() {
		st.Interface = "mem-" + l.config.Name
	}
	return st
}

func (s *set) Generation() uint64 {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	return s.generation
}

func (s *set) Wake() { s.signal() }

func (s *set) Close() error {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.board.leave(s)
		s.signal()
	}
	return nil
}
