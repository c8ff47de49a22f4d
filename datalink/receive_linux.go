//go:build !portable

package datalink

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// chunk is how many datagrams are read from one socket before the next one's
// turn: the copies of one packet that came on several networks then reach the
// duplicate filter close together.
const chunk = 16

// minSlot is what every buffer takes at least: a peer's interface may have a
// larger MTU than ours (A3).
const minSlot = 9216

// inbound is the buffers and headers that Receive hands to the kernel. They
// are made once, so that receiving allocates nothing.
type inbound struct {
	size    int
	data    []byte
	headers [MaxBatch]mmsghdr
	iovecs  [MaxBatch]unix.Iovec
	names   [MaxBatch]unix.RawSockaddrInet6 // room for either family
	control [MaxBatch][8]uint64             // aligned as its headers must be
}

// slotSize adds a cache line to a multiple of a page's half, so that buffers
// do not all begin in the same cache sets.
func slotSize(packet int) int {
	return (max(packet, minSlot)+2047)/2048*2048 + 64
}

func (b *inbound) init(size int) {
	b.size, b.data = size, make([]byte, MaxBatch*size)
	for i := range b.headers {
		b.iovecs[i].Base = &b.data[i*size]
		b.iovecs[i].SetLen(size)
		h := &b.headers[i].hdr
		h.Iov = &b.iovecs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Control = (*byte)(unsafe.Pointer(&b.control[i]))
	}
}

// grow replaces the buffers by larger ones; packets handed out stay whole.
func (b *inbound) grow(size int) {
	if size > b.size {
		b.init(size)
	}
}

// poll waits for sockets, and if asked for wake-ups and changes, and marks the
// readable sockets. It tells whether it was woken.
func (s *set) poll(d time.Duration, wakes bool) bool {
	fds := s.polled
	if !wakes {
		fds = fds[1:]
	}
	var timeout *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(d))
		timeout = &ts
	}
	if n, err := s.ppoll(fds, timeout); n <= 0 || err != nil {
		return false // passed, or a signal: the caller comes again
	}
	for i := range s.networks {
		n := &s.networks[i]
		if n.link == nil {
			continue
		}
		s.note(i, &n.link.unicast, s.polled[1+2*i].Revents)
		s.note(i, &n.link.data, s.polled[2+2*i].Revents)
	}
	return wakes && s.polled[0].Revents != 0
}

// note takes in what poll said of one socket. An error state would make every
// poll return at once, so it is read off; one that stays is not ours to repair
// and costs the network its sockets, never the processor its time
// (corosync#569, S13).
func (s *set) note(i int, e *endpoint, revents int16) {
	if revents&unix.POLLIN != 0 {
		e.readable = true
	}
	if revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) == 0 {
		return
	}
	n := &s.networks[i]
	if v, err := unix.GetsockoptInt(e.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && v != 0 {
		n.ledger.fail(failure{op: "socket", err: unix.Errno(v)})
		return
	}
	s.polled[1+2*i].Fd, s.polled[2+2*i].Fd = -1, -1
	s.exchange.askRebuild(i)
}

func (s *set) Receive(batch []Packet) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return 0
	}
	if s.exchange.changed.Load() {
		s.adopt()
	}
	if !s.readable() {
		s.poll(0, false) // a wake-up is for Wait to see
	}
	filled, slot, idle := 0, 0, 0
	for filled < len(batch) && slot < MaxBatch && idle < len(s.networks) {
		i := s.next
		s.next = (s.next + 1) % len(s.networks)
		idle++
		l := s.networks[i].link
		if l == nil {
			continue
		}
		for _, e := range [...]*endpoint{&l.unicast, &l.data} { // tokens first
			want := min(chunk, len(batch)-filled, MaxBatch-slot)
			if !e.readable || want == 0 {
				continue
			}
			got := s.read(i, e, slot, want)
			filled += s.accept(i, slot, got, batch[filled:])
			slot += got
			idle = 0
		}
	}
	return filled
}

func (s *set) readable() bool {
	for i := range s.networks {
		if l := s.networks[i].link; l != nil && (l.unicast.readable || l.data.readable) {
			return true
		}
	}
	return false
}

// read reads up to want datagrams into the buffers from slot on.
func (s *set) read(i int, e *endpoint, slot, want int) int {
	h := s.in.headers[slot : slot+want]
	for j := range h {
		h[j].hdr.Namelen = uint32(unsafe.Sizeof(s.in.names[0]))
		h[j].hdr.SetControllen(int(unsafe.Sizeof(s.in.control[0])))
	}
	n, errno := recvmmsg(e.fd, h)
	if errno != 0 && errno != unix.EAGAIN {
		s.networks[i].ledger.fail(failure{op: "receive", err: errno})
	}
	if n < want {
		e.readable = false
	}
	return n
}

// accept fills batch with those of the datagrams just read that came whole and
// by the network's own interface.
func (s *set) accept(i, slot, n int, batch []Packet) int {
	w := &s.networks[i]
	filled := 0
	for j := slot; j < slot+n; j++ {
		switch {
		case s.in.headers[j].hdr.Flags&unix.MSG_TRUNC != 0:
			w.ledger.truncated++
		case !w.link.at.loopback && !s.in.arrivedBy(j, w.link.at.ifIndex):
			w.ledger.wrongInterface++
		default:
			w.ledger.received++
			start := j * s.in.size
			end := start + int(s.in.headers[j].n)
			batch[filled] = Packet{Network: i, From: s.in.from(j), Data: s.in.data[start:end:end]}
			filled++
		}
	}
	return filled
}

// loopbackIndex is the loopback interface's in every network namespace.
const loopbackIndex = 1

// arrivedBy looks packet info up (S17). What comes by loopback was sent by this
// host to itself, an operator's tool for example, on no wire at all.
func (b *inbound) arrivedBy(j, ifIndex int) bool {
	h := &b.headers[j].hdr
	rest := unsafe.Slice((*byte)(unsafe.Pointer(&b.control[j])), int(h.Controllen))
	for len(rest) >= unix.SizeofCmsghdr {
		hdr, data, remainder, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			break
		}
		index := 0
		switch {
		case hdr.Level == unix.IPPROTO_IP && hdr.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			index = int(int32(binary.NativeEndian.Uint32(data)))
		case hdr.Level == unix.IPPROTO_IPV6 && hdr.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			index = int(int32(binary.NativeEndian.Uint32(data[16:])))
		}
		if index != 0 {
			return index == ifIndex || index == loopbackIndex
		}
		rest = remainder
	}
	return false
}

// from is the source address, without a zone, so that it compares equal to the
// configured one.
func (b *inbound) from(j int) netip.AddrPort {
	sa := &b.names[j]
	if sa.Family == unix.AF_INET {
		sa4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(sa4.Addr), hostOrder(sa4.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), hostOrder(sa.Port))
}

// hostOrder turns a port in network byte order, as it lies in memory, to the
// host's order, and back.
func hostOrder(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}
