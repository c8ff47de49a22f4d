//go:build !portable

package datalink

import (
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// A socket whose error state cannot be read off costs its network a reopening,
// not the processor (corosync#569).
func TestStuckErrorState(t *testing.T) {
	port := freePort(t)
	s := mustOpen(t, unicastOn(port, "127.0.1.1", "127.0.2.1")).(*set)
	awaitState(t, s, 0, "up", isUp)
	broken, other := s.networks[0].link, s.networks[1].link
	// With IP_RECVERR a refused datagram is queued as an error that SO_ERROR
	// does not take away.
	mustDo(t, "IP_RECVERR", unix.SetsockoptInt(broken.unicast.fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1))
	s.Send([]Datagram{{To: netip.AddrPortFrom(netip.MustParseAddr("127.0.9.9"), port), Data: []byte("x")}})
	st := awaitState(t, s, 0, "down", isDown)
	if !strings.Contains(st.Reason, "the sockets failed") && !strings.Contains(st.Reason, "reopening") {
		t.Errorf("%+v", st)
	}
	assertSleeps(t, s)
	awaitState(t, s, 0, "up", isUp)
	if s.networks[0].link == broken || s.networks[1].link != other {
		t.Error("want new sockets on A alone")
	}
	if !strings.Contains(s.States(nil)[0].LastError, "socket: connection refused") {
		t.Errorf("%+v", s.States(nil)[0])
	}
}

// The kernel's interface lock may be held for long while a card fails. Neither
// opening nor looking keeps the loop from the other network.
func TestKeeperBlocksNobody(t *testing.T) {
	defer goleak.VerifyNone(t)
	port := freePort(t)
	release, entered := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var gone atomic.Bool
	s, err := open(unicastOn(port, "127.0.1.1", "127.0.2.1"), func(k *keeper) {
		look := k.look
		k.look = func(w wanted) (host, error) {
			h, err := look(w)
			if gone.Load() {
				once.Do(func() { close(entered) })
				<-release
			}
			return h, err
		}
	})
	mustDo(t, "open", err)
	defer s.Close()
	h2 := mustOpen(t, unicastOn(port, "127.0.1.2", "127.0.2.2"))
	defer h2.Close()
	gone.Store(true)
	s.exchange.toKeep.signal()
	<-entered
	for range 100 {
		s.Send([]Datagram{{Network: 1, To: netip.AddrPortFrom(netip.MustParseAddr("127.0.2.2"), port), Data: []byte("ping")}})
		receive(t, h2, 1)
		h2.Send([]Datagram{{Network: 1, To: netip.AddrPortFrom(netip.MustParseAddr("127.0.2.1"), port), Data: []byte("pong")}})
		receive(t, s, 1)
	}
	close(release)
}

// An interface that flaps under load neither leaks descriptors nor lets a
// packet of the other network be lost (N12).
func TestFlapUnderLoad(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	defer goleak.VerifyNone(t)
	w, p := wires["multicast4"], newPeer(t)
	w.lay(t, p)
	s, err := Open(w.config())
	mustDo(t, "open", err)
	b := p.listen("10.77.2.2", "vethB-peer", wirePort)
	awaitState(t, s, 0, "up", isUp)
	awaitState(t, s, 1, "up", isUp)
	before := descriptors(t)
	var flapping sync.WaitGroup
	var stop atomic.Bool
	flapping.Go(func() {
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
			if err := change("vethA", netlink.LinkSetDown); err != nil {
				t.Error(err)
			}
			if err := change("vethA", netlink.LinkSetUp); err != nil {
				t.Error(err)
			}
		}
		stop.Store(true)
		s.Wake()
	})
	sent := 0
	batch := make([]Packet, MaxBatch)
	for !stop.Load() {
		s.Send([]Datagram{{Network: 0, Data: []byte("a")}, {Network: 1, To: netip.MustParseAddrPort("10.77.2.2:4803"), Data: []byte("b")}})
		sent++
		wantGot(t, b, "b from 10.77.2.1")
		s.Receive(batch)
		mustDo(t, "wait", s.Wait(time.Millisecond))
	}
	flapping.Wait()
	awaitState(t, s, 0, "up", isUp)
	if st := s.States(nil)[1]; st.Sent != uint64(sent) || st.SendErrors != 0 || !st.Up {
		t.Errorf("B after %d sends: %+v", sent, st)
	}
	// The keeper may still be looking at the last of the changes.
	for end := time.Now().Add(patience); descriptors(t) != before; {
		if time.Now().After(end) {
			t.Fatalf("%d descriptors, before %d", descriptors(t), before)
		}
		mustDo(t, "wait", s.Wait(10*time.Millisecond))
		s.Receive(batch)
	}
	w.exchange(t, s, p)
	mustDo(t, "close", s.Close())
	if after := descriptors(t); after >= before {
		t.Errorf("%d descriptors after Close, before %d", after, before)
	}
	b.conn.Close()
	for range b.got { // its reader has ended
	}
	close(p.work)
	p.work = make(chan func())
}

func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	mustDo(t, "descriptors", err)
	return len(d)
}

// Close at any moment of an interface's coming and going leaves nothing.
func TestCloseWhileChanging(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, p := wires["broadcast"], newPeer(t)
	w.lay(t, p)
	before := 0
	for i := range 30 {
		s := mustOpen(t, w.config())
		if i%2 == 0 {
			mustDo(t, "down", change("vethA", netlink.LinkSetDown))
		} else {
			mustDo(t, "up", change("vethA", netlink.LinkSetUp))
		}
		if i%3 == 0 {
			mustDo(t, "wait", s.Wait(time.Millisecond))
		}
		mustDo(t, "close", s.Close())
		if n := descriptors(t); before == 0 {
			before = n
		} else if n != before {
			t.Fatalf("round %d: %d descriptors, before %d", i, n, before)
		}
	}
}

// Duplicate address detection may end without a notice.
func TestTentativeEndsUnnoticed(t *testing.T) {
	looks := 0
	s, err := open(unicastOn(0, "127.0.0.1"), func(k *keeper) {
		look := k.look
		k.look = func(w wanted) (host, error) {
			h, err := look(w)
			looks++
			for i := range h.addresses {
				h.addresses[i].tentative = looks == 1
			}
			return h, err
		}
	})
	mustDo(t, "open", err)
	defer s.Close()
	if st := s.States(nil)[0]; st.Up || st.Reason != "address 127.0.0.1 on lo is tentative" {
		t.Fatalf("%+v", st)
	}
	awaitState(t, s, 0, "up", isUp)
}
