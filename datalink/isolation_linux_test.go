//go:build !portable

package datalink

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// fakeKernel stands in for sendmmsg: it logs which descriptor got which
// datagrams, fails those whose first byte is in fails, with the whole run they
// are in, and refuses runs as it is told.
type fakeKernel struct {
	fails   map[byte]unix.Errno
	refuses func(run []string) unix.Errno // nil: none
	calls   []int                         // descriptors, in order
	most    int                           // datagrams in a call
	sent    map[int][]byte
	runs    []int // how many datagrams were in each run sent
}

// sendmmsg stops at the first failure and tells of it only when it is the
// first message, as the kernel does.
func (k *fakeKernel) sendmmsg(fd int, h []mmsghdr) (int, unix.Errno) {
	k.calls = append(k.calls, fd)
	total := 0
	for i := range h {
		datagrams := datagramsOf(&h[i])
		total += len(datagrams)
		k.most = max(k.most, total)
		if errno := k.judge(datagrams); errno != 0 {
			if i == 0 {
				return 0, errno
			}
			return i, 0
		}
		for _, d := range datagrams {
			k.sent[fd] = append(k.sent[fd], d[0])
		}
		if len(datagrams) > 1 {
			k.runs = append(k.runs, len(datagrams))
		}
	}
	return len(h), 0
}

func (k *fakeKernel) judge(datagrams []string) unix.Errno {
	if len(datagrams) > 1 && k.refuses != nil {
		if errno := k.refuses(datagrams); errno != 0 {
			return errno
		}
	}
	for _, d := range datagrams {
		if errno, ok := k.fails[d[0]]; ok {
			return errno
		}
	}
	return 0
}

// datagramsOf is what a message comes to on the wire: the bytes it gathers, cut
// as its control message says.
func datagramsOf(h *mmsghdr) (datagrams []string) {
	var data []byte
	for _, v := range unsafe.Slice(h.hdr.Iov, int(h.hdr.Iovlen)) {
		data = append(data, unsafe.Slice(v.Base, int(v.Len))...)
	}
	segment := len(data)
	if h.hdr.Controllen > 0 {
		segment = int((*segmentControl)(unsafe.Pointer(h.hdr.Control)).size)
	}
	for d := range slices.Chunk(data, segment) {
		datagrams = append(datagrams, string(d))
	}
	return datagrams
}

// withFakeKernel opens two networks on loopback and replaces their sends.
func withFakeKernel(t *testing.T, offload bool) (*set, *fakeKernel) {
	c := unicastOn(0, "127.0.1.1", "127.0.2.1")
	for i := range c.Networks {
		c.Networks[i].Offload = offload
	}
	s := mustOpen(t, c).(*set)
	k := &fakeKernel{fails: make(map[byte]unix.Errno), sent: make(map[int][]byte)}
	s.sendmmsg = k.sendmmsg
	return s, k
}

var somewhere = netip.MustParseAddrPort("127.0.9.9:9")

// A23, R1: an error is the failing datagram's alone, whichever it is.
func TestSendErrorAffectsOneDatagram(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EMSGSIZE, unix.ENOBUFS, unix.EPERM, unix.ENETUNREACH, unix.ENETDOWN, unix.EAGAIN} {
		for every := 1; every <= 5; every++ {
			s, k := withFakeKernel(t, false)
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
// none takes more than a turn's worth, and a network all of whose sends fail
// takes nothing from the other.
func TestSendIsolatesNetworks(t *testing.T) {
	for _, offload := range []bool{false, true} {
		s, k := withFakeKernel(t, offload)
		a, b := s.networks[0].link.unicast.fd, s.networks[1].link.unicast.fd
		var batch []Datagram
		var want []byte
		for i := range 1000 {
			onA, onB := byte(i%100), byte(100+i%100)
			batch = append(batch, Datagram{Network: 0, To: somewhere, Data: []byte{onA, 0}}, Datagram{Network: 1, To: somewhere, Data: []byte{onB, 0}})
			k.fails[onA] = unix.ENOBUFS
			want = append(want, onB)
		}
		s.Send(batch)
		if !slices.Equal(k.sent[b], want) {
			t.Errorf("on B: sent %v, want %v", k.sent[b], want)
		}
		if len(k.sent[a]) != 0 {
			t.Errorf("on A: sent %v", k.sent[a])
		}
		last, calls := -1, 0
		for i, fd := range k.calls {
			if fd != b {
				continue
			}
			if i-last > 2 {
				t.Fatalf("%d calls for A before B had its turn: %v", i-last-1, k.calls)
			}
			last = i
			calls++
		}
		if calls < len(want)/turnSegments || k.most > turnSegments {
			t.Fatalf("%d calls for B, the largest for %d datagrams", calls, k.most)
		}
		st := s.States(nil)
		if st[0].SendErrors != 1000 || st[1].SendErrors != 0 || st[1].Sent != 1000 {
			t.Errorf("%+v", st)
		}
		if (st[1].SentRuns > 0) != offload || st[1].SentRuns != uint64(len(k.runs)) {
			t.Errorf("%d runs, the kernel got %d: %+v", st[1].SentRuns, len(k.runs), st[1])
		}
	}
}

// The bytes handed over are not kept.
func TestSendForgetsData(t *testing.T) {
	for _, offload := range []bool{false, true} {
		s, k := withFakeKernel(t, offload)
		k.refuses = func(run []string) unix.Errno { return unix.EIO }
		s.Send([]Datagram{{To: somewhere, Data: []byte("x")}, {To: somewhere, Data: []byte("y")}})
		if got := k.sent[s.networks[0].link.unicast.fd]; string(got) != "xy" {
			t.Errorf("sent %q", got)
		}
		for i, v := range s.networks[0].out.iovecs {
			if v.Base != nil {
				t.Fatalf("iovec %d still points to the sender's bytes", i)
			}
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
		settled := 0
		for i := range h[:n] {
			settled += len(datagramsOf(&h[i]))
		}
		if first := len(datagramsOf(&h[0])); errno != 0 && (first == 1 || !refusesRuns(errno)) {
			settled = first
		}
		write(trace.Event{Kind: trace.Send, Network: network[fd], Seq: ring.Seq(settled), First: errno == 0})
		return n, errno
	}
}

// MPX-7 by the checker: whatever is sent on which networks and fails, no
// network waits for more than one call of another, and none is left out.
func TestSendIsJudged(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	conf := unicastOn(0, "127.0.1.1", "127.0.2.1", "127.0.3.1")
	conf.Networks[0].Offload, conf.Networks[1].Offload = true, true
	s := mustOpen(t, conf).(*set)
	self := ring.Process{Daemon: 1, Incarnation: 1}
	c := check.New(check.Options{Only: []check.Property{check.MPX7}})
	write := func(e trace.Event) {
		e.Process = self
		c.Event(&e)
	}
	write(trace.Event{Kind: trace.Start})
	for n := range uint64(300) {
		k := &fakeKernel{fails: make(map[byte]unix.Errno), sent: make(map[int][]byte)}
		k.refuses = func(run []string) unix.Errno {
			if r.IntN(4) == 0 {
				return unix.EMSGSIZE
			}
			return 0
		}
		s.networks[0].segments, s.networks[1].segments = mostSegments, olderSegments
		s.sendmmsg = k.traced(s, write)
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
