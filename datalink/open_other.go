//go:build !linux || portable

package datalink

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// lookPeriod is how often interfaces and addresses are read.
const lookPeriod = time.Second

// queueLimit bounds the packets waiting on each network, in and out; what
// comes while a queue is full is dropped and counted.
const queueLimit = 512

// set is the Set of systems without code of their own: goroutines read and
// write, the loop meets them in bounded queues. What they cannot do here: set
// the don't-fragment bit (a datagram larger than PacketSize is refused
// instead), bind to a device, and see the kernel's drops.
type set struct {
	config Config
	wake   chan struct{} // 1: somebody wants the loop
	stop   chan struct{}
	keeper sync.WaitGroup

	mu         sync.Mutex // guards all below
	closed     bool
	networks   []*network
	generation uint64
	next       int
	lent       []*[]byte // of the packets of the last Receive
	buffers    sync.Pool
}

// network is one network; guarded by the set's mutex.
type network struct {
	link       *link // nil: none now
	up         bool  // as last told
	at         attachment
	packetSize int
	ledger     ledger
	queue      []arrival
	queued     int // bytes
}

// arrival is a datagram on its way to the loop.
type arrival struct {
	from netip.AddrPort
	buf  *[]byte
}

// Open opens the networks of this host. It fails only for a configuration that
// no host could serve: a network whose interface or address is missing is
// down, says why in its state, and comes up when it can.
func Open(c Config) (Set, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.ReceiveBuffer == 0 {
		c.ReceiveBuffer = DefaultReceiveBuffer
	}
	c.Networks = slices.Clone(c.Networks)
	s := &set{config: c, wake: make(chan struct{}, 1), stop: make(chan struct{})}
	s.buffers.New = func() any { b := make([]byte, maxPayload+1); return &b }
	for range c.Networks {
		s.networks = append(s.networks, &network{})
	}
	s.reconcile()
	s.keeper.Go(s.keep)
	return s, nil
}

// keep opens and closes sockets as interfaces come and go.
func (s *set) keep() {
	t := time.NewTicker(lookPeriod)
	defer t.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
			s.reconcile()
		}
	}
}

func (s *set) reconcile() {
	h, err := lookAtHost()
	for i := range s.config.Networks {
		at := attachment{}
		if err != nil {
			at.reason = err.Error()
		} else {
			at = s.config.Networks[i].attach(h)
		}
		s.settle(i, at)
	}
}

// settle is called by the keeper alone.
func (s *set) settle(i int, at attachment) {
	n := s.networks[i]
	s.mu.Lock()
	l := n.link
	keep := l != nil && !l.broken.Load() && at.usable() && l.at.sameSockets(at)
	if !keep {
		n.link = nil
	}
	s.mu.Unlock()
	if !keep && l != nil {
		l.close()
	}
	if !keep && at.usable() {
		var err error
		if l, err = s.openLink(i, at); err != nil {
			l, at.reason = nil, err.Error()
		}
	} else if !keep {
		l = nil
	}
	s.install(i, l, at)
}

func (s *set) install(i int, l *link, at attachment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.networks[i]
	size := 0
	if l != nil {
		size = packetSize(at, s.config.Networks[i].MTU)
	}
	up := l != nil
	if up != n.up || size != n.packetSize || at.ifName != n.at.ifName || at.addr != n.at.addr {
		s.generation++
		s.signal()
	}
	n.link, n.up, n.at, n.packetSize = l, up, at, size
}

func (s *set) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *set) Wake() { s.signal() }

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
	case <-s.stop:
		return net.ErrClosed
	}
	return nil
}

func (s *set) ready() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, net.ErrClosed
	}
	return slices.ContainsFunc(s.networks, func(n *network) bool { return len(n.queue) > 0 }), nil
}

// Receive takes one packet from each network in turn.
func (s *set) Receive(batch []Packet) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.lent {
		s.buffers.Put(b)
	}
	s.lent = s.lent[:0]
	filled := 0
	for idle := 0; idle < len(s.networks) && filled < min(len(batch), MaxBatch); idle++ {
		i := s.next
		s.next = (s.next + 1) % len(s.networks)
		n := s.networks[i]
		if len(n.queue) == 0 {
			continue
		}
		a := n.queue[0]
		n.queue = slices.Delete(n.queue, 0, 1)
		n.queued -= len(*a.buf)
		s.lent = append(s.lent, a.buf)
		batch[filled] = Packet{Network: i, From: a.from, Data: *a.buf}
		n.ledger.received++
		filled++
		idle = -1
	}
	return filled
}

var (
	errTooLarge  = errors.New("message too long")
	errQueueFull = errors.New("send queue full")
)

// Send queues copies: a writer of each network sends them.
func (s *set) Send(batch []Datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range batch {
		if d.Network < 0 || d.Network >= len(s.networks) {
			continue
		}
		n := s.networks[d.Network]
		if err := s.queueSend(n, d); err != nil {
			n.ledger.sendFailed(err, d.To, len(d.Data), 1)
		}
	}
}

func (s *set) queueSend(n *network, d Datagram) error {
	l := n.link
	if l == nil {
		return errDown
	}
	to := d.To
	if to == (netip.AddrPort{}) {
		to = l.group
	}
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	switch {
	case !to.IsValid() || to.Addr().Is4() != l.at.addr.Is4():
		return errNoDestination
	case len(d.Data) > n.packetSize:
		return errTooLarge
	}
	buf := s.buffers.Get().(*[]byte)
	*buf = append((*buf)[:0], d.Data...)
	select {
	case l.out <- departure{to: to, buf: buf}:
		n.ledger.sent++
		return nil
	default:
		s.buffers.Put(buf)
		return errQueueFull
	}
}

func (s *set) States(dst []NetworkState) []NetworkState {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.networks {
		st := n.ledger.state()
		st.Up, st.Reason, st.Interface = n.link != nil, n.at.reason, n.at.ifName
		if s.closed {
			st.Reason = "closed"
		}
		if st.Up {
			st.Address, st.PacketSize = n.at.addr, n.packetSize
			st.ReceiveBuffer = s.config.ReceiveBuffer
			st.Free = max(s.config.ReceiveBuffer-n.queued, 0)
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

func (s *set) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.stop)
	s.mu.Unlock()
	s.keeper.Wait()
	for _, n := range s.networks {
		s.mu.Lock()
		l := n.link
		n.link = nil
		s.mu.Unlock()
		if l != nil {
			l.close()
		}
	}
	return nil
}
