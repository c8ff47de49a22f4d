//go:build !portable

package datalink

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// fakeKernel stands in for sendmmsg: it logs which descriptor got which
// datagrams and fails those whose first byte is in fails.
type fakeKernel struct {
	fails map[byte]unix.Errno
	calls []int // descriptors, in order
	sent  map[int][]byte
}

// sendmmsg stops at the first failure and tells of it only when it is the
// first datagram, as the kernel does.
func (k *fakeKernel) sendmmsg(fd int, h []mmsghdr) (int, unix.Errno) {
	k.calls = append(k.calls, fd)
	for i := range h {
		mark := *h[i].hdr.Iov.Base
		if errno, ok := k.fails[mark]; ok {
			if i == 0 {
				return 0, errno
			}
			return i, 0
		}
		k.sent[fd] = append(k.sent[fd], mark)
	}
	return len(h), 0
}

// withFakeKernel opens two networks on loopback and replaces their sends.
func withFakeKernel(t *testing.T) (*set, *fakeKernel) {
	s := mustOpen(t, unicastOn(0, "127.0.1.1", "127.0.2.1")).(*set)
	k := &fakeKernel{fails: make(map[byte]unix.Errno), sent: make(map[int][]byte)}
	s.out.sendmmsg = k.sendmmsg
	return s, k
}

var somewhere = netip.MustParseAddrPort("127.0.9.9:9")

// A23, R1: an error is the failing datagram's alone, whichever it is.
func TestSendErrorAffectsOneDatagram(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EMSGSIZE, unix.ENOBUFS, unix.EPERM, unix.ENETUNREACH, unix.ENETDOWN, unix.EAGAIN} {
		for every := 1; every <= 5; every++ {
			s, k := withFakeKernel(t)
			fd := s.networks[0].link.unicast.fd
			var batch []Datagram
			var want []byte
			for i := range byte(80) {
				batch = append(batch, Datagram{To: somewhere, Data: []byte{i, 0}})
				if int(i)%every == 0 {
					k.fails[i] = errno
				} else {
					want = append(want, i)
				}
			}
			s.Send(batch)
			if !slices.Equal(k.sent[fd], want) {
				t.Errorf("%v on every %dth: sent %v, want %v", errno, every, k.sent[fd], want)
			}
			st := s.States(nil)
			if st[0].SendErrors != uint64(80-len(want)) || st[0].Sent != uint64(len(want)) || !st[0].Up {
				t.Errorf("%v on every %dth: %+v", errno, every, st[0])
			}
			if want := "of 2 bytes to 127.0.9.9:9: " + errno.Error(); !strings.Contains(st[0].LastError, want) {
				t.Errorf("last error %q, want one with %q", st[0].LastError, want)
			}
			if st[1].SendErrors != 0 {
				t.Errorf("the other network has %d errors", st[1].SendErrors)
			}
			s.Close()
		}
	}
}

// MPX-7: between two calls for one network there is at most one for another,
// and a network all of whose sends fail takes nothing from the other.
func TestSendIsolatesNetworks(t *testing.T) {
	s, k := withFakeKernel(t)
	a, b := s.networks[0].link.unicast.fd, s.networks[1].link.unicast.fd
	var batch []Datagram
	var want []byte
	for i := range byte(100) {
		batch = append(batch, Datagram{Network: 0, To: somewhere, Data: []byte{i}}, Datagram{Network: 1, To: somewhere, Data: []byte{100 + i}})
		k.fails[i] = unix.ENOBUFS
		want = append(want, 100+i)
	}
	s.Send(batch)
	if !slices.Equal(k.sent[b], want) {
		t.Errorf("on B: sent %v, want %v", k.sent[b], want)
	}
	if len(k.sent[a]) != 0 {
		t.Errorf("on A: sent %v", k.sent[a])
	}
	last := -1
	for i, fd := range k.calls {
		if fd != b {
			continue
		}
		if i-last > 2 {
			t.Fatalf("%d calls for A before B had its turn: %v", i-last-1, k.calls)
		}
		last = i
	}
	if last < len(want)/sendChunk {
		t.Fatalf("the calls did not alternate: %v", k.calls)
	}
	st := s.States(nil)
	if st[0].SendErrors != 100 || st[1].SendErrors != 0 || st[1].Sent != 100 {
		t.Errorf("%+v", st)
	}
}

// The bytes handed over are not kept.
func TestSendForgetsData(t *testing.T) {
	s, _ := withFakeKernel(t)
	s.Send([]Datagram{{To: somewhere, Data: []byte("x")}, {To: somewhere, Data: []byte("y")}})
	for i := range s.out.iovecs {
		if s.out.iovecs[i].Base != nil {
			t.Fatalf("iovec %d still points to the sender's bytes", i)
		}
	}
}

// traced is sendmmsg that writes down what it was called for, as it is judged.
func (k *fakeKernel) traced(s *set, write func(trace.Event)) func(fd int, h []mmsghdr) (int, unix.Errno) {
	network := make(map[int]uint8)
	for i := range s.networks {
		network[s.networks[i].link.unicast.fd] = uint8(i)
	}
	return func(fd int, h []mmsghdr) (int, unix.Errno) {
		n, errno := k.sendmmsg(fd, h)
		write(trace.Event{Kind: trace.Send, Network: network[fd], Seq: ring.Seq(max(n, 1)), First: errno == 0})
		return n, errno
	}
}

// MPX-7 by the checker: whatever is sent on which networks and fails, no
// network waits for more than one call of another, and none is left out.
func TestSendIsJudged(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := mustOpen(t, unicastOn(0, "127.0.1.1", "127.0.2.1", "127.0.3.1")).(*set)
	self := ring.Process{Daemon: 1, Incarnation: 1}
	c := check.New(check.Options{Only: []check.Property{check.MPX7}})
	write := func(e trace.Event) {
		e.Process = self
		c.Event(&e)
	}
	write(trace.Event{Kind: trace.Start})
	for n := range uint64(300) {
		k := &fakeKernel{fails: make(map[byte]unix.Errno), sent: make(map[int][]byte)}
		s.out.sendmmsg = k.traced(s, write)
		var batch []Datagram
		var count [3]int
		favourite := r.IntN(3)
		for i := range r.IntN(200) {
			d := Datagram{Network: favourite, To: somewhere, Data: []byte{byte(i)}}
			if r.IntN(3) == 0 {
				d.Network = r.IntN(3)
			}
			if r.IntN(5) == 0 {
				k.fails[byte(i)] = unix.ENOBUFS
			}
			count[d.Network]++
			batch = append(batch, d)
		}
		for i, datagrams := range count {
			write(trace.Event{Kind: trace.Batch, Counter: n + 1, Network: uint8(i), Seq: ring.Seq(datagrams)})
		}
		s.Send(batch)
	}
	write(trace.Event{Kind: trace.Finished})
	if v := c.Verdict(); v != nil {
		t.Error(v)
	}
	if c.Exercised()[check.MPX7] < 1000 {
		t.Errorf("judged %d times", c.Exercised()[check.MPX7])
	}
}
