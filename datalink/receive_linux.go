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
// duplicate filter close together. Runs cannot be read in part: there it is
// runChunk, so that two of the longest are read at once, and a second one that
// is missing tells that the socket is empty.
const chunk, runChunk = 16, 128

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
	batch = batch[:min(len(batch), MaxBatch)]
	s.in.reclaim()
	filled := s.in.handOut(batch)
	if filled < len(batch) && !s.readable() {
		s.poll(0, false) // a wake-up is for Wait to see
	}
	for idle := 0; filled < len(batch) && len(s.in.free) > 0 && idle < len(s.networks); {
		i := s.next
		s.next = (s.next + 1) % len(s.networks)
		idle++
		l := s.networks[i].link
		if l == nil {
			continue
		}
		for _, e := range [...]*endpoint{&l.unicast, &l.data} { // tokens first
			want := min(e.messages(), len(batch)-filled, len(s.in.free))
			if !e.readable || want == 0 {
				continue
			}
			s.read(i, e, want)
			filled += s.in.handOut(batch[filled:])
			idle = 0
		}
	}
	return filled
}

// messages is how many to read at once: no more than bring a chunk of
// datagrams, if they come in runs as long as of late.
func (e *endpoint) messages() int {
	return min(max(runChunk/max(e.longest, 1), 1), chunk)
}

func (s *set) readable() bool {
	for i := range s.networks {
		if l := s.networks[i].link; l != nil && (l.unicast.readable || l.data.readable) {
			return true
		}
	}
	return false
}

// read reads up to want messages and takes in those that came whole and by the
// network's own interface.
func (s *set) read(i int, e *endpoint, want int) {
	n, b := &s.networks[i], &s.in
	got, errno := recvmmsg(e.fd, b.prepare(want))
	if errno != 0 && errno != unix.EAGAIN {
		n.ledger.fail(failure{op: "receive", err: errno})
	}
	if got < want {
		e.readable = false
	}
	e.longest /= 2
	for j := range got {
		ifIndex, segment := b.told(j)
		count := datagramsIn(int(b.headers[j].n), segment)
		e.longest = max(e.longest, count)
		switch {
		case b.headers[j].hdr.Flags&unix.MSG_TRUNC != 0:
			n.ledger.truncated++
			b.reject()
		case !n.link.at.loopback && ifIndex != n.link.at.ifIndex && ifIndex != loopbackIndex:
			n.ledger.wrongInterface += uint64(count)
			b.reject()
		default:
			n.ledger.received += uint64(count)
			if count > 1 {
				n.ledger.receivedRuns++
			}
			b.arrived(i, j, segment)
		}
	}
}

// loopbackIndex is the loopback interface's in every network namespace. What
// comes by it was sent by this host to itself, an operator's tool for example,
// on no wire at all.
const loopbackIndex = 1

// told is what the kernel says of a message: the interface it came by (S17;
// 0: nothing) and the length of the segments of a run (0: it is a datagram).
func (b *inbound) told(j int) (ifIndex, segment int) {
	h := &b.headers[j].hdr
	rest := unsafe.Slice((*byte)(unsafe.Pointer(&b.control[j])), int(h.Controllen))
	for len(rest) >= unix.SizeofCmsghdr {
		hdr, data, remainder, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			break
		}
		switch {
		case hdr.Level == unix.IPPROTO_IP && hdr.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			ifIndex = int(int32(binary.NativeEndian.Uint32(data)))
		case hdr.Level == unix.IPPROTO_IPV6 && hdr.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			ifIndex = int(int32(binary.NativeEndian.Uint32(data[16:])))
		case hdr.Level == unix.SOL_UDP && hdr.Type == unix.UDP_GRO && len(data) >= 4:
			segment = int(int32(binary.NativeEndian.Uint32(data)))
		}
		rest = remainder
	}
	return ifIndex, segment
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
