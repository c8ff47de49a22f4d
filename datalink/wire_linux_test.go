//go:build !portable

package datalink

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const wirePort = 4803

// wire is how one transport and family is laid over two veth pairs.
type wire struct {
	transport   Transport
	own, other  [2]string // addresses of this host and the peer on A and B
	bits        int
	group       [2]string // where data for all goes
	peerListens bool      // the peer needs a second socket for it
}

var wires = map[string]wire{
	"broadcast": {Broadcast, [2]string{"10.77.1.1", "10.77.2.1"}, [2]string{"10.77.1.2", "10.77.2.2"}, 24, [2]string{"10.77.1.255", "10.77.2.255"}, true},
	// One group on both networks (S16).
	"multicast4": {Multicast, [2]string{"10.77.1.1", "10.77.2.1"}, [2]string{"10.77.1.2", "10.77.2.2"}, 24, [2]string{"239.77.1.1", "239.77.1.1"}, true},
	"multicast6": {Multicast, [2]string{"fd77:1::1", "fd77:2::1"}, [2]string{"fd77:1::2", "fd77:2::2"}, 64, [2]string{"ff05::4803", "ff05::4803"}, true},
	"linklocal6": {Multicast, [2]string{"fe80::77:1", "fe80::77:21"}, [2]string{"fe80::77:2", "fe80::77:22"}, 64, [2]string{"ff02::4803", "ff02::4803"}, true},
	"unicast6":   {Unicast, [2]string{"fd77:1::1", "fd77:2::1"}, [2]string{"fd77:1::2", "fd77:2::2"}, 64, [2]string{"fd77:1::1", "fd77:2::1"}, false},
}

func (w wire) config() Config {
	var c Config
	for i, name := range []string{"A", "B"} {
		n := Network{Name: name, Transport: w.transport, Addresses: addrs(w.own[i]), Port: wirePort, Offload: true}
		switch w.transport {
		case Broadcast:
			n.Subnet = netip.PrefixFrom(n.Addresses[0], w.bits).Masked()
		case Multicast:
			n.Group = netip.MustParseAddr(w.group[i])
		}
		c.Networks = append(c.Networks, n)
	}
	return c
}

var vethNames = [2]string{"vethA", "vethB"}

func (w wire) lay(t *testing.T, p *peer) {
	for i, name := range vethNames {
		addVeth(t, p, name, fmt.Sprintf("%s/%d", w.own[i], w.bits), fmt.Sprintf("%s/%d", w.other[i], w.bits))
	}
}

// S14, S15, S16: every datagram comes once, on its own network, whichever
// socket it is for; own ones never come back; nothing is fragmented.
func testWire(t *testing.T, name string, prepare func(*keeper)) {
	if !inNamespace(t) {
		return
	}
	w, p := wires[name], newPeer(t)
	w.lay(t, p)
	var uni [2]*socket
	for i := range vethNames {
		uni[i] = p.listen(w.other[i], vethNames[i]+"-peer", wirePort)
	}
	s, err := open(w.config(), prepare)
	mustDo(t, "open", err)
	t.Cleanup(func() { s.Close() })
	for i := range vethNames {
		st := awaitState(t, s, i, "up", isUp)
		want := 1472
		if strings.Contains(w.own[i], ":") {
			want = 1452
		}
		if st.PacketSize != want || st.Interface != vethNames[i] {
			t.Errorf("network %d: %+v, want packets of %d", i, st, want)
		}
	}
	size := s.States(nil)[0].PacketSize
	t.Run("in", func(t *testing.T) { w.testIn(t, s, uni, size) })
	// Linux looks for IPv6 memberships without regard to the interface
	// (inet6_mc_check): not bound, the other network's packet comes too, and
	// packet info has to tell.
	strays := uint64(0)
	if prepare != nil && w.transport == Multicast && strings.Contains(w.own[0], ":") {
		strays = 1
	}
	t.Run("out", func(t *testing.T) { w.testOut(t, s, p, uni, size) })
	for i, st := range s.States(nil) {
		if st.Drops != 0 || st.WrongInterface != strays || st.SendErrors != 0 {
			t.Errorf("network %d: %+v", i, st)
		}
	}
	t.Run("too large", func(t *testing.T) { w.testTooLarge(t, s, size) })
	assertNoFragments(t, p)
}

func (w wire) testIn(t *testing.T, s Set, uni [2]*socket, size int) {
	for i, name := range vethNames {
		data := strings.Repeat(name[4:], size)
		uni[i].send(t, w.group[i], name+"-peer", wirePort, data)
		uni[i].send(t, w.own[i], name+"-peer", wirePort, "token"+name[4:])
		for _, got := range receive(t, s, 2) {
			if got.Network != i || string(got.Data) != data && string(got.Data) != "token"+name[4:] {
				t.Errorf("on network %d came %q, sent on %d", got.Network, got.Data[:6], i)
			}
			if want := netip.MustParseAddrPort(fmt.Sprintf("%s:%d", bracket(w.other[i]), wirePort)); got.From != want {
				t.Errorf("from %s, want %s", got.From, want)
			}
		}
	}
	assertQuiet(t, s)
}

func (w wire) testOut(t *testing.T, s Set, p *peer, uni [2]*socket, size int) {
	for i := range vethNames {
		to := netip.MustParseAddrPort(fmt.Sprintf("%s:%d", bracket(w.other[i]), wirePort))
		full := strings.Repeat("f", size)
		s.Send([]Datagram{{Network: i, To: to, Data: []byte("token")}, {Network: i, To: to, Data: []byte(full)}})
		wantGot(t, uni[i], "token from "+w.own[i])
		wantGot(t, uni[i], full+" from "+w.own[i])
		w.testRun(t, s, i, to, uni[i], size)
		if !w.peerListens {
			continue
		}
		all := p.listen(w.group[i], vethNames[i]+"-peer", wirePort)
		s.Send([]Datagram{{Network: i, Data: []byte("data")}, {Network: i, Data: []byte(full)}})
		wantGot(t, all, "data from "+w.own[i])
		wantGot(t, all, full+" from "+w.own[i])
		w.testRun(t, s, i, netip.AddrPort{}, all, size)
	}
	assertQuiet(t, s) // own packets do not come back
}

// testRun: to a peer that takes single datagrams a run is what it was made of.
func (w wire) testRun(t *testing.T, s Set, network int, to netip.AddrPort, at *socket, size int) {
	before := s.States(nil)[network].SentRuns
	var out []Datagram
	for i := range 30 {
		data := fmt.Appendf(nil, "%2d%s", i, strings.Repeat("r", size-2))
		if i == 29 {
			data = data[:100]
		}
		out = append(out, Datagram{Network: network, To: to, Data: data})
	}
	s.Send(out)
	for i := range out {
		wantGot(t, at, string(out[i].Data)+" from "+w.own[network])
	}
	if runs := s.States(nil)[network].SentRuns - before; runs != 1 {
		t.Errorf("%d runs sent, want 1", runs)
	}
}

// A1: what does not fit is refused, not cut.
func (w wire) testTooLarge(t *testing.T, s Set, size int) {
	to := netip.MustParseAddrPort(fmt.Sprintf("%s:%d", bracket(w.other[0]), wirePort))
	for i, n := range []int{size + 1, 9000, 65000} {
		s.Send([]Datagram{{To: to, Data: make([]byte, n)}})
		st := s.States(nil)
		if st[0].SendErrors != uint64(i+1) || !strings.Contains(st[0].LastError, fmt.Sprintf("of %d bytes to %s: message too long", n, to)) || !st[0].Up {
			t.Errorf("%d bytes: %+v", n, st[0])
		}
		if st[1].SendErrors != 0 {
			t.Errorf("the other network: %+v", st[1])
		}
	}
}

func bracket(a string) string {
	if strings.Contains(a, ":") {
		return "[" + a + "]"
	}
	return a
}

func wantGot(t *testing.T, s *socket, want string) {
	t.Helper()
	select {
	case got := <-s.got:
		if got != want {
			t.Errorf("the peer got %.60q, want %.60q", got, want)
		}
	case <-time.After(patience):
		t.Errorf("the peer did not get %.60q", want)
	}
}

// assertQuiet: nothing more comes, and the loop can sleep. What was sent to
// this host so far has been queued before its send returned.
func assertQuiet(t *testing.T, s Set) {
	t.Helper()
	batch := make([]Packet, MaxBatch)
	if n := s.Receive(batch); n != 0 {
		t.Errorf("%d datagrams too many, the first %.40q on %d", n, batch[0].Data, batch[0].Network)
	}
}

func TestWireBroadcast(t *testing.T)           { testWire(t, "broadcast", nil) }
func TestWireMulticast(t *testing.T)           { testWire(t, "multicast4", nil) }
func TestWireMulticast6(t *testing.T)          { testWire(t, "multicast6", nil) }
func TestWireLinkLocalMulticast6(t *testing.T) { testWire(t, "linklocal6", nil) }
func TestWireUnicast6(t *testing.T)            { testWire(t, "unicast6", nil) }

// The same where binding to the device is not permitted.
func TestWireBroadcastUnbound(t *testing.T)  { testWire(t, "broadcast", unbound) }
func TestWireMulticastUnbound(t *testing.T)  { testWire(t, "multicast4", unbound) }
func TestWireMulticast6Unbound(t *testing.T) { testWire(t, "multicast6", unbound) }

func unbound(k *keeper) { k.open = openUnbound }

// S17: Linux takes packets for one interface's address on another's wire.
// Bound to the device they do not come; where that is not permitted, packet
// info tells and they are counted.
func TestWrongInterface(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	for _, bound := range []bool{true, false} {
		t.Run(fmt.Sprintf("bound=%t", bound), func(t *testing.T) {
			w, p := wires["broadcast"], newPeer(t)
			w.lay(t, p)
			// The peer believes that A's address is on B's wire.
			p.do(func() error { return delAddress("vethA-peer", "10.77.1.2/24") })
			p.do(func() error { return addAddress("vethB-peer", "10.77.1.2/24", 0) })
			prepare := unbound
			if bound {
				prepare = nil
			}
			s, err := open(w.config(), prepare)
			mustDo(t, "open", err)
			defer s.Close()
			awaitState(t, s, 1, "up", isUp)
			wrong := p.listen("10.77.1.2", "", wirePort)
			right := p.listen("10.77.2.2", "", wirePort)
			wrong.send(t, "10.77.1.1", "", wirePort, "wrong")
			right.send(t, "10.77.2.1", "", wirePort, "right")
			if got := receive(t, s, 1)[0]; string(got.Data) != "right" || got.Network != 1 {
				t.Errorf("%q on %d", got.Data, got.Network)
			}
			assertQuiet(t, s)
			want := uint64(1)
			if bound {
				want = 0
			}
			if st := s.States(nil)[0]; st.WrongInterface != want || st.Received != 0 {
				t.Errorf("%+v, want %d by the wrong interface", st, want)
			}
			// A route that leads A's packets to B does not.
			mustDo(t, "route", netlink.RouteAdd(&netlink.Route{LinkIndex: s.networks[1].at.ifIndex, Dst: &net.IPNet{IP: net.IPv4(10, 77, 1, 66), Mask: net.CIDRMask(32, 32)}}))
			p.do(func() error { return addAddress("vethA-peer", "10.77.1.66/24", 0) })
			onA := p.listen("10.77.1.66", "", wirePort)
			onA.bindTo(t, "vethA-peer")
			s.Send([]Datagram{{To: netip.MustParseAddrPort("10.77.1.66:4803"), Data: []byte("by A")}})
			wantGot(t, onA, "by A from 10.77.1.1")
			for _, name := range vethNames {
				mustDo(t, "remove", change(name, netlinkDel))
			}
		})
	}
}

// openUnbound opens a link where binding to the device is refused.
func openUnbound(n *Network, at attachment, buffer int) (*link, error) {
	return openLinkBinding(n, at, buffer, func(int, attachment) error { return unix.EPERM })
}

// A6, R2: what a full buffer drops is counted, own broadcasts are not, and the
// two sockets have their own buffers.
func TestDropsAreCounted(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, p := wires["broadcast"], newPeer(t)
	w.lay(t, p)
	c := w.config()
	c.ReceiveBuffer = 64 << 10
	s := mustOpen(t, c)
	before := awaitState(t, s, 0, "up", isUp)
	if before.ReceiveBuffer != 128<<10 || before.Free != before.ReceiveBuffer {
		t.Errorf("the kernel doubles what is asked: %+v", before)
	}
	const own, flood = 300, 500
	for range own {
		s.Send([]Datagram{{Data: make([]byte, 1000)}})
	}
	from := p.listen("10.77.1.2", "", wirePort)
	for range flood {
		from.send(t, "10.77.1.255", "", wirePort, strings.Repeat("x", 1400))
	}
	from.send(t, "10.77.1.1", "", wirePort, "token") // has room
	if st := s.States(nil)[0]; st.Free > st.ReceiveBuffer/4 {
		t.Errorf("full buffer: %+v", st)
	}
	got, token := 0, false
	batch := make([]Packet, MaxBatch)
	for n := 1; n > 0; {
		n = s.Receive(batch)
		for _, p := range batch[:n] {
			token = token || string(p.Data) == "token"
		}
		got += n
	}
	st := s.States(nil)
	if !token || st[0].Drops == 0 || got-1+int(st[0].Drops) != flood || st[0].Sent != own {
		t.Errorf("got %d, token %t, of %d: %+v", got, token, flood, st[0])
	}
	if st[1].Drops != 0 {
		t.Errorf("the other network: %+v", st[1])
	}
	if st[0].Free != st[0].ReceiveBuffer {
		t.Errorf("empty buffer: %+v", st[0])
	}
	drops := st[0].Drops
	mustDo(t, "down", change("vethA", netlink.LinkSetDown))
	awaitState(t, s, 0, "down", isDown)
	mustDo(t, "up", change("vethA", netlink.LinkSetUp))
	if st := awaitState(t, s, 0, "up", isUp); st.Drops != drops {
		t.Errorf("%d drops after reopening, before %d", st.Drops, drops)
	}
}

// An operator's tool on this host reaches the daemon's address on a network.
func TestFromThisHost(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	w, p := wires["broadcast"], newPeer(t)
	w.lay(t, p)
	mustDo(t, "lo", setUp("lo", ""))
	s := mustOpen(t, w.config())
	tool := mustOpen(t, Config{Networks: []Network{{Name: "B", Transport: Unicast, Addresses: addrs("10.77.2.1")}}})
	awaitState(t, s, 1, "up", isUp)
	awaitState(t, tool, 0, "up", isUp)
	tool.Send([]Datagram{{To: netip.MustParseAddrPort("10.77.2.1:4803"), Data: []byte("status")}})
	got := receive(t, s, 1)[0]
	if got.Network != 1 || string(got.Data) != "status" || got.From.Addr() != netip.MustParseAddr("10.77.2.1") {
		t.Fatalf("%q from %s on %d", got.Data, got.From, got.Network)
	}
	s.Send([]Datagram{{Network: 1, To: got.From, Data: []byte("well")}})
	if got := receive(t, tool, 1)[0]; string(got.Data) != "well" {
		t.Fatalf("%q", got.Data)
	}
}
