//go:build !portable

package datalink

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// outbound is what one network sends: a part of the batch, planned, and the
// headers that the kernel is handed for it.
type outbound struct {
	cursor int // position in the batch to go on from
	plan   plan
	next   int // of the plan's runs

	// back is the batch positions of datagrams whose run was refused, from
	// backNext on: they go singly. trial: the first of them is on its way, and
	// will tell whether the run was at fault. refused: how long it was.
	back     []int
	backNext int
	trial    bool
	refused  int

	headers [turnRuns]mmsghdr
	names   [turnRuns]unix.RawSockaddrInet6
	control [turnRuns]segmentControl
	// Of each datagram, in the order of the plan's runs:
	iovecs    [turnSegments]unix.Iovec
	positions [turnSegments]int // in the batch
	added     [turnSegments]int // scratch: positions in the order of the batch
}

// segmentControl is the control message that makes a datagram a run, with the
// length of its segments.
type segmentControl struct {
	hdr  unix.Cmsghdr
	size uint16
	_    [6]byte
}

func (o *outbound) init() {
	o.back = make([]int, 0, turnSegments)
	o.plan.reset(1, 0)
	for k := range o.headers {
		c := &o.control[k].hdr
		c.Level, c.Type = unix.SOL_UDP, unix.UDP_SEGMENT
		c.SetLen(unix.CmsgLen(int(unsafe.Sizeof(o.control[k].size))))
		o.headers[k].hdr.Name = (*byte)(unsafe.Pointer(&o.names[k]))
	}
}

// start begins a batch.
func (o *outbound) start() { o.cursor = 0 }

// planned tells whether something is planned and not sent.
func (o *outbound) planned() bool { return o.next < len(o.plan.runs) }

// Send makes one system call per network in turn until all is sent or has
// failed, so that no network waits for more than one call of another (MPX-7).
func (s *set) Send(batch []Datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return
	}
	for i := range s.networks {
		s.networks[i].out.start()
	}
	for left := true; left; {
		left = false
		for i := range s.networks {
			if s.sendSome(i, batch) {
				left = true
			}
		}
	}
}

// sendSome makes at most one system call for one network and tells whether
// there may be more to send on it.
func (s *set) sendSome(i int, batch []Datagram) bool {
	n := &s.networks[i]
	o := &n.out
	if !o.planned() {
		n.gather(i, batch)
		if !o.planned() {
			return false
		}
	}
	sent, errno := s.sendmmsg(n.link.unicast.fd, o.headers[o.next:len(o.plan.runs)])
	for range sent {
		n.countSent(&o.plan.runs[o.next])
		o.next++
	}
	if o.trial {
		o.trial = false
		if sent > 0 {
			n.blameRuns(o.refused)
		}
	}
	if sent == 0 && errno != 0 { // it is the first one's error, and no other's (A23)
		r := &o.plan.runs[o.next]
		if r.count > 1 && refusesRuns(errno) {
			n.ledger.fail(failure{op: "send as a run", err: errno, size: r.segment, to: r.to})
			o.putBack()
		} else {
			n.ledger.sendFailed(errno, r.to, r.segment, r.count)
			o.next++
		}
	}
	if !o.planned() {
		o.forget()
	}
	return o.planned() || o.backNext < len(o.back) || o.cursor < len(batch)
}

// gather plans a network's next system call.
func (n *network) gather(i int, batch []Datagram) {
	o := &n.out
	segments := n.segments
	if o.backNext < len(o.back) {
		segments = 1
	}
	o.plan.reset(segments, n.packetSize)
	o.next = 0
	for at := o.peek(i, batch); at < len(batch); at = o.peek(i, batch) {
		d := &batch[at]
		to, err := n.link.accepts(d.To)
		if err != nil {
			n.ledger.sendFailed(err, d.To, len(d.Data), 1)
		} else if o.plan.add(to, len(d.Data)) {
			o.added[len(o.plan.belongs)-1] = at
		} else {
			break
		}
		o.pass()
	}
	o.fill(n.link, batch)
}

// peek returns the position of the network's next datagram in the batch, or
// the batch's end.
func (o *outbound) peek(i int, batch []Datagram) int {
	if o.backNext < len(o.back) {
		return o.back[o.backNext]
	}
	for o.cursor < len(batch) && batch[o.cursor].Network != i {
		o.cursor++
	}
	return o.cursor
}

// pass goes on to the next datagram.
func (o *outbound) pass() {
	if o.backNext < len(o.back) {
		o.backNext++
		return
	}
	o.cursor++
}

// fill writes the headers of what is planned.
func (o *outbound) fill(l *link, batch []Datagram) {
	o.plan.layout()
	var placed [turnRuns]int
	for j, k := range o.plan.belongs {
		place := o.plan.runs[k].first + placed[k]
		placed[k]++
		data := batch[o.added[j]].Data
		o.positions[place] = o.added[j]
		o.iovecs[place].Base = unsafe.SliceData(data)
		o.iovecs[place].SetLen(len(data))
	}
	for k := range o.plan.runs {
		r, h := &o.plan.runs[k], &o.headers[k].hdr
		h.Namelen = o.name(k, r.to, l)
		h.Iov = &o.iovecs[r.first]
		h.SetIovlen(r.count)
		h.Control = nil
		h.SetControllen(0)
		if r.count > 1 {
			o.control[k].size = uint16(r.segment)
			h.Control = (*byte)(unsafe.Pointer(&o.control[k]))
			h.SetControllen(unix.CmsgSpace(int(unsafe.Sizeof(o.control[k].size))))
		}
	}
}

// putBack takes all that is planned back, to be sent singly.
func (o *outbound) putBack() {
	r := &o.plan.runs[o.next]
	// What came from back went singly and cannot have been refused as a run.
	o.back = append(o.back[:0], o.positions[r.first:len(o.plan.belongs)]...)
	o.backNext = 0
	o.trial, o.refused = true, r.count
	o.next = len(o.plan.runs)
}

// name writes a destination and returns its length.
func (o *outbound) name(k int, to netip.AddrPort, l *link) uint32 {
	if to.Addr().Is4() {
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&o.names[k]))
		*sa = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: hostOrder(to.Port()), Addr: to.Addr().As4()}
		return uint32(unsafe.Sizeof(*sa))
	}
	sa := &o.names[k]
	*sa = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: hostOrder(to.Port()), Addr: to.Addr().As16(), Scope_id: l.zone(to.Addr())}
	return uint32(unsafe.Sizeof(*sa))
}

// forget drops the references to the caller's bytes.
func (o *outbound) forget() { clear(o.iovecs[:len(o.plan.belongs)]) }

// accepts returns where a datagram goes, or why it cannot.
func (l *link) accepts(to netip.AddrPort) (netip.AddrPort, error) {
	if l == nil {
		return to, errDown
	}
	to = l.destination(to)
	if !to.IsValid() || to.Addr().Is4() != l.own.Addr().Is4() {
		return to, errNoDestination
	}
	return to, nil
}

// destination is where a datagram goes.
func (l *link) destination(to netip.AddrPort) netip.AddrPort {
	if to == (netip.AddrPort{}) {
		return l.group
	}
	return netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
}

// countSent counts, and notes own broadcasts that will come back only to be
// refused by the filter: as a whole where runs are received, else one by one.
func (n *network) countSent(r *run) {
	n.ledger.sent += uint64(r.count)
	if r.count > 1 {
		n.ledger.sentRuns++
	}
	if n.link.network.Transport != Broadcast || r.to != n.link.group {
		return
	}
	if n.link.data.joins {
		n.link.looped++
	} else {
		n.link.looped += uint64(r.count)
	}
}

// refusesRuns tells whether an error may be about the run and not about what
// is in it: no checksum in the card or an IPsec policy (EIO), too many segments
// (EINVAL), too long for the interface (either of the next), no such thing.
func refusesRuns(errno unix.Errno) bool {
	switch errno {
	case unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.ENOPROTOOPT, unix.EOPNOTSUPP:
		return true
	}
	return false
}

// blameRuns draws the conclusion where a datagram went singly that had been
// refused in a run of count: shorter runs, or none, until the network's
// sockets or interface change.
func (n *network) blameRuns(count int) {
	if count > olderSegments {
		n.segments = olderSegments
	} else {
		n.segments = 1
	}
}
