//go:build !portable

package datalink

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// minSlot is what every buffer takes at least: a peer's interface may have a
// larger MTU than ours (A3).
const minSlot = 9216

// inbound is what has been read and the buffers and headers for it. They are
// made once, so that receiving allocates nothing. A buffer takes what the
// kernel hands over as one, which may be a run of datagrams.
//
// There are as many buffers as packets in a batch: each that is in use when a
// batch is begun gives it a packet at least, so that they suffice to fill it.
type inbound struct {
	size     int
	data     []byte
	free     []int     // buffers; the last is used first, for the cache's sake
	lent     []int     // buffers of the packets handed out last
	arrivals []arrival // what is not handed out yet, in order

	headers [chunk]mmsghdr // for one read
	iovecs  [chunk]unix.Iovec
	names   [chunk]unix.RawSockaddrInet6 // room for either family
	control [chunk][12]uint64            // aligned as its headers must be
}

// arrival is what is left of a datagram or run of datagrams that came.
type arrival struct {
	network int
	from    netip.AddrPort
	slot    int
	data    []byte
	segment int // length of each datagram but the last; at least 1
}

// datagramsIn is how many datagrams a message of n bytes is.
func datagramsIn(n, segment int) int {
	if segment <= 0 || n <= segment {
		return 1
	}
	return (n + segment - 1) / segment
}

// next takes the first datagram, and tells whether more are left.
func (a *arrival) next() ([]byte, bool) {
	n := min(a.segment, len(a.data))
	d := a.data[:n:n]
	a.data = a.data[n:]
	return d, len(a.data) > 0
}

// slotSize adds a cache line to a multiple of a page's half, so that buffers
// do not all begin in the same cache sets.
func slotSize(packet int) int {
	return (max(packet, minSlot)+2047)/2048*2048 + 64
}

func (b *inbound) init(size int) {
	b.size, b.data = size, make([]byte, MaxBatch*size)
	b.free, b.lent = make([]int, 0, MaxBatch), make([]int, 0, MaxBatch)
	b.arrivals = make([]arrival, 0, MaxBatch)
	for slot := MaxBatch - 1; slot >= 0; slot-- {
		b.free = append(b.free, slot)
	}
	for j := range b.headers {
		h := &b.headers[j].hdr
		h.Iov = &b.iovecs[j]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&b.names[j]))
		h.Control = (*byte)(unsafe.Pointer(&b.control[j]))
	}
}

// grow replaces the buffers by larger ones; what lies in the old ones stays
// whole.
func (b *inbound) grow(size int) {
	if size > b.size {
		b.size, b.data = size, make([]byte, MaxBatch*size)
	}
}

// waiting tells whether something that was read is not handed out.
func (b *inbound) waiting() bool { return len(b.arrivals) > 0 }

// reclaim takes back the buffers of the packets handed out last.
func (b *inbound) reclaim() {
	b.free = append(b.free, b.lent...)
	b.lent = b.lent[:0]
}

// prepare returns the headers of a read of up to n messages.
func (b *inbound) prepare(n int) []mmsghdr {
	for j := range n {
		slot := b.free[len(b.free)-1-j]
		b.iovecs[j].Base = &b.data[slot*b.size]
		b.iovecs[j].SetLen(b.size)
		b.headers[j].hdr.Namelen = uint32(unsafe.Sizeof(b.names[0]))
		b.headers[j].hdr.SetControllen(int(unsafe.Sizeof(b.control[0])))
	}
	return b.headers[:n]
}

// arrived takes in message j of a read, the first of those not taken in yet.
func (b *inbound) arrived(network, j, segment int) {
	last := len(b.free) - 1
	slot := b.free[last]
	b.free = b.free[:last]
	start := slot * b.size
	end := start + int(b.headers[j].n)
	if segment <= 0 {
		segment = max(end-start, 1)
	}
	b.arrivals = append(b.arrivals, arrival{
		network: network, from: b.from(j), slot: slot, data: b.data[start:end:end], segment: segment,
	})
}

// reject gives the buffer of message j, as of arrived, up until the next batch.
func (b *inbound) reject() {
	last := len(b.free) - 1
	b.lent = append(b.lent, b.free[last])
	b.free = b.free[:last]
}

// handOut fills batch with datagrams that came, and returns how many.
func (b *inbound) handOut(batch []Packet) int {
	filled, done := 0, 0
	for ; done < len(b.arrivals) && filled < len(batch); done++ {
		a := &b.arrivals[done]
		for more := true; more; filled++ {
			if filled == len(batch) {
				b.dropFirst(done)
				return filled
			}
			p := Packet{Network: a.network, From: a.from}
			p.Data, more = a.next()
			batch[filled] = p
		}
		b.lent = append(b.lent, a.slot)
	}
	b.dropFirst(done)
	return filled
}

// dropFirst forgets the first n arrivals.
func (b *inbound) dropFirst(n int) {
	left := copy(b.arrivals, b.arrivals[n:])
	clear(b.arrivals[left:])
	b.arrivals = b.arrivals[:left]
}
