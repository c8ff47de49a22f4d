//go:build !portable

package datalink

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func netlinkDel(l netlink.Link) error { return netlink.LinkDel(l) }

// changes is what happens to an interface, and what undoes it (S13, N12).
var changes = []struct {
	name     string
	do, undo func(t *testing.T, p *peer) error
	reason   string
}{
	{
		"link down",
		func(*testing.T, *peer) error { return change("vethA", netlink.LinkSetDown) },
		func(*testing.T, *peer) error { return change("vethA", netlink.LinkSetUp) },
		"interface vethA is down",
	},
	{
		"carrier lost",
		func(_ *testing.T, p *peer) error {
			p.do(func() error { return change("vethA-peer", netlink.LinkSetDown) })
			return nil
		},
		func(_ *testing.T, p *peer) error {
			p.do(func() error { return change("vethA-peer", netlink.LinkSetUp) })
			return nil
		},
		"interface vethA has no carrier",
	},
	{
		"address removed",
		func(*testing.T, *peer) error { return delAddress("vethA", "10.77.1.1/24") },
		func(*testing.T, *peer) error { return addAddress("vethA", "10.77.1.1/24", 0) },
		"no interface has 10.77.1.1",
	},
	{
		"link deleted and made again",
		func(*testing.T, *peer) error { return change("vethA", netlinkDel) },
		func(t *testing.T, p *peer) error {
			addVeth(t, p, "vethA", "10.77.1.1/24", "10.77.1.2/24")
			return nil
		},
		"no interface has 10.77.1.1",
	},
	{
		"prefix with another broadcast address",
		func(*testing.T, *peer) error {
			return errors.Join(delAddress("vethA", "10.77.1.1/24"), addAddress("vethA", "10.77.1.1/20", 0))
		},
		func(*testing.T, *peer) error {
			return errors.Join(delAddress("vethA", "10.77.1.1/20"), addAddress("vethA", "10.77.1.1/24", 0))
		},
		"bind 10.77.1.255:4803 on vethA, which has 10.77.1.1/20",
	},
}

// Sockets follow the interface; the other network never notices, and while an
// interface is away the loop sleeps.
func TestInterfaceChanges(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, p := wires["broadcast"], newPeer(t)
	w.lay(t, p)
	s := mustOpen(t, w.config())
	awaitState(t, s, 0, "up", isUp)
	fdB := s.(*set).networks[1].link
	b := p.listen("10.77.2.2", "", wirePort)
	for round := range 2 {
		for _, c := range changes {
			t.Run(fmt.Sprintf("%s %d", c.name, round), func(t *testing.T) {
				g := s.Generation()
				mustDo(t, "change", c.do(t, p))
				st := awaitState(t, s, 0, "down", func(st NetworkState) bool {
					return !st.Up && strings.HasPrefix(st.Reason, c.reason)
				})
				if st.PacketSize != 0 || s.Generation() == g {
					t.Errorf("%+v", st)
				}
				assertSleeps(t, s)
				s.Send([]Datagram{{Network: 0, Data: []byte("lost")}, {Network: 1, To: netip.MustParseAddrPort("10.77.2.2:4803"), Data: []byte("B lives")}})
				wantGot(t, b, "B lives from 10.77.2.1")
				mustDo(t, "undo", c.undo(t, p))
				awaitState(t, s, 0, "up", isUp)
				w.exchange(t, s, p)
				if s.(*set).networks[1].link != fdB {
					t.Error("the sockets of B were opened anew")
				}
			})
		}
	}
}

// exchange sends both ways on A.
func (w wire) exchange(t *testing.T, s Set, p *peer) {
	t.Helper()
	p.awaitCarrier("vethA-peer")
	uni := p.listen(w.other[0], "vethA-peer", wirePort)
	defer uni.conn.Close()
	uni.send(t, w.group[0], "vethA-peer", wirePort, "data")
	uni.send(t, w.own[0], "vethA-peer", wirePort, "token")
	receive(t, s, 2)
	s.Send([]Datagram{{To: netip.AddrPortFrom(netip.MustParseAddr(w.other[0]), wirePort), Data: []byte("answer")}})
	wantGot(t, uni, "answer from "+w.own[0])
}

// assertSleeps: once settled, nothing makes Wait return early.
func assertSleeps(t *testing.T, s Set) {
	t.Helper()
	const nap = 60 * time.Millisecond
	for range 20 {
		start := time.Now()
		if err := s.Wait(nap); err != nil {
			t.Fatal(err)
		}
		s.Receive(make([]Packet, MaxBatch))
		if time.Since(start) >= nap {
			return
		}
	}
	t.Error("Wait keeps returning with nothing to tell")
}

// N14: the size follows the interface without the sockets being touched.
func TestMTUChange(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, p := wires["broadcast"], newPeer(t)
	w.lay(t, p)
	c := w.config()
	c.Networks[1].MTU = 1400
	s := mustOpen(t, c)
	awaitState(t, s, 0, "up", isUp)
	link := s.(*set).networks[0].link
	for _, mtu := range []int{9000, 16000, 1280, 576, 1500} {
		g := s.Generation()
		for _, name := range vethNames {
			mustDo(t, "mtu", change(name, func(l netlink.Link) error { return netlink.LinkSetMTU(l, mtu) }))
			p.do(func() error {
				return change(name+"-peer", func(l netlink.Link) error { return netlink.LinkSetMTU(l, mtu) })
			})
		}
		awaitState(t, s, 0, "of the new size", func(st NetworkState) bool { return st.PacketSize == mtu-28 })
		awaitState(t, s, 1, "of the configured size", func(st NetworkState) bool { return st.PacketSize == min(mtu, 1400)-28 })
		if s.Generation() == g || s.(*set).networks[0].link != link {
			t.Errorf("MTU %d: generation %d after %d, same sockets %t", mtu, s.Generation(), g, s.(*set).networks[0].link == link)
		}
		uni := p.listen("10.77.1.2", "", wirePort)
		full := strings.Repeat("m", mtu-28)
		s.Send([]Datagram{{To: netip.MustParseAddrPort("10.77.1.2:4803"), Data: []byte(full)}})
		wantGot(t, uni, full+" from 10.77.1.1")
		uni.send(t, "10.77.1.1", "", wirePort, full)
		if got := receive(t, s, 1)[0]; string(got.Data) != full {
			t.Errorf("MTU %d: %d bytes came", mtu, len(got.Data))
		}
		uni.conn.Close()
	}
	assertNoFragments(t, p)
}

// A19: the daemon starts first, the interface comes later; an IPv6 address is
// tentative for a while.
func TestInterfaceAppears(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, p := wires["multicast6"], newPeer(t)
	s := mustOpen(t, w.config())
	if st := s.States(nil)[0]; st.Up || st.Reason != "no interface has fd77:1::1" {
		t.Fatalf("%+v", st)
	}
	addVeth(t, p, "vethA", "", "fd77:1::2/64")
	mustDo(t, "address", addAddress("vethA", "fd77:1::1/64", 0))
	awaitState(t, s, 0, "tentative", func(st NetworkState) bool {
		return st.Up || st.Reason == "address fd77:1::1 on vethA is tentative"
	})
	awaitState(t, s, 0, "up", isUp)
	w.exchange(t, s, p)
	if st := s.States(nil)[1]; st.Up {
		t.Errorf("B: %+v", st)
	}
}

// The second of two addresses is used while the first is missing.
func TestAddressMoves(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, p := wires["broadcast"], newPeer(t)
	w.lay(t, p)
	c := w.config()
	c.Networks[0].Addresses = addrs("10.77.1.9", "10.77.1.1")
	s := mustOpen(t, c)
	using := func(a string) func(NetworkState) bool {
		return func(st NetworkState) bool { return st.Up && st.Address.String() == a }
	}
	awaitState(t, s, 0, "on 10.77.1.1", using("10.77.1.1"))
	g := s.Generation()
	mustDo(t, "add", addAddress("vethA", "10.77.1.9/24", 0))
	awaitState(t, s, 0, "on 10.77.1.9", using("10.77.1.9"))
	if s.Generation() == g {
		t.Error("the generation did not change")
	}
	uni := p.listen("10.77.1.2", "", wirePort)
	s.Send([]Datagram{{To: netip.MustParseAddrPort("10.77.1.2:4803"), Data: []byte("new")}})
	wantGot(t, uni, "new from 10.77.1.9")
	mustDo(t, "del", delAddress("vethA", "10.77.1.9/24"))
	awaitState(t, s, 0, "on 10.77.1.1", using("10.77.1.1"))
}

// Without notices the keeper looks by itself.
func TestNoSubscription(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, p := wires["broadcast"], newPeer(t)
	w.lay(t, p)
	s, err := open(w.config(), func(k *keeper) {
		k.newWatch = func() (*watch, error) { return nil, syscall.EPERM }
	})
	mustDo(t, "open", err)
	defer s.Close()
	awaitState(t, s, 0, "up", isUp)
	mustDo(t, "down", change("vethA", netlink.LinkSetDown))
	awaitState(t, s, 0, "down", isDown)
	mustDo(t, "up", change("vethA", netlink.LinkSetUp))
	awaitState(t, s, 0, "up", isUp)
}

// Notices lost to an overrun count as notices.
func TestWatch(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, err := newWatch()
	mustDo(t, "watch", err)
	defer w.close()
	mustDo(t, "buffer", unix.SetsockoptInt(w.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1))
	mustDo(t, "veth", netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "other"}, PeerName: "other-peer"}))
	mustDo(t, "veth", netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "ours"}, PeerName: "ours-peer"}))
	ours, err := netlink.LinkByName("ours")
	mustDo(t, "find", err)
	c := concerns{ifIndexes: map[int]bool{ours.Attrs().Index: true}, wanted: addrs("10.77.1.1", "127.0.1.1")}
	drained := func(what string, want bool) {
		t.Helper()
		if got, err := w.drain(c); err != nil || got != want {
			t.Errorf("%s: matters %t, %v; want %t", what, got, err, want)
		}
	}
	for i := range 100 {
		mustDo(t, "address", addAddress("other", fmt.Sprintf("10.99.0.%d/32", i+1), 0))
	}
	drained("overrun", true)
	drained("nothing", false)
	mustDo(t, "buffer", unix.SetsockoptInt(w.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20))
	mustDo(t, "another's address", addAddress("other", "10.98.0.1/24", 0))
	mustDo(t, "another's link", change("other", netlink.LinkSetUp))
	drained("another's address and link", false)
	mustDo(t, "our link", change("ours", netlink.LinkSetUp))
	drained("our link", true)
	mustDo(t, "our address", addAddress("other", "10.77.1.1/24", 0))
	drained("our address elsewhere", true)
	mustDo(t, "loopback", setUp("lo", ""))
	drained("loopback's prefix", true)
}
