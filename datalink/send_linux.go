//go:build !portable

package datalink

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendChunk is how many datagrams go out on one network before the next one's
// turn.
const sendChunk = 32

// outbound is the headers that Send hands to the kernel.
type outbound struct {
	headers [sendChunk]mmsghdr
	iovecs  [sendChunk]unix.Iovec
	names   [sendChunk]unix.RawSockaddrInet6
	picked  [sendChunk]int // positions in the batch
	cursors []int          // per network, the position to go on from

	sendmmsg func(fd int, h []mmsghdr) (int, unix.Errno) // replaced in tests
}

func (o *outbound) init(networks int) {
	o.cursors = make([]int, networks)
	o.sendmmsg = sendmmsg
	for i := range o.headers {
		h := &o.headers[i].hdr
		h.Iov = &o.iovecs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&o.names[i]))
	}
}

// Send makes one system call per network in turn until all is sent or has
// failed, so that no network waits for more than one call of another (MPX-7).
func (s *set) Send(batch []Datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return
	}
	clear(s.out.cursors)
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
	o, n := &s.out, &s.networks[i]
	picked := 0
	at := o.cursors[i]
	for ; at < len(batch) && picked < sendChunk; at++ {
		if batch[at].Network != i {
			continue
		}
		if err := o.pick(picked, n.link, batch[at]); err != nil {
			n.ledger.sendFailed(err, batch[at].To, len(batch[at].Data))
			continue
		}
		o.picked[picked] = at
		picked++
	}
	o.cursors[i] = at
	if picked == 0 {
		return false
	}
	sent, errno := o.sendmmsg(n.link.unicast.fd, o.headers[:picked])
	if sent == 0 && errno != 0 { // it is the first one's error, and no other's (A23)
		failed := batch[o.picked[0]]
		n.ledger.sendFailed(errno, n.link.destination(failed.To), len(failed.Data))
	}
	n.countSent(batch, o.picked[:sent])
	if done := max(sent, 1); done < picked {
		o.cursors[i] = o.picked[done]
	}
	o.forget(picked)
	return o.cursors[i] < len(batch)
}

// pick puts a datagram in the headers' place k.
func (o *outbound) pick(k int, l *link, d Datagram) error {
	if l == nil {
		return errDown
	}
	to := l.destination(d.To)
	if !to.IsValid() || to.Addr().Is4() != l.own.Addr().Is4() {
		return errNoDestination
	}
	h := &o.headers[k].hdr
	h.Namelen = o.name(k, to, l)
	o.iovecs[k].Base = unsafe.SliceData(d.Data)
	o.iovecs[k].SetLen(len(d.Data))
	return nil
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
func (o *outbound) forget(picked int) {
	for k := range picked {
		o.iovecs[k].Base = nil
	}
}

// destination is where a datagram goes.
func (l *link) destination(to netip.AddrPort) netip.AddrPort {
	if to == (netip.AddrPort{}) {
		return l.group
	}
	return netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
}

// countSent counts, and notes each own broadcast that will come back only to
// be refused by the filter.
func (n *network) countSent(batch []Datagram, sent []int) {
	n.ledger.sent += uint64(len(sent))
	if n.link.network.Transport != Broadcast {
		return
	}
	for _, at := range sent {
		if n.link.destination(batch[at].To) == n.link.group {
			n.link.looped++
		}
	}
}
