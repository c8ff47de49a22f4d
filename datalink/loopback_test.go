package datalink

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds every wait for something that must happen.
const patience = 10 * time.Second

// freePort is a UDP port that nobody uses now on loopback.
func freePort(t testing.TB) uint16 {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no IPv4 loopback: %v", err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

func mustOpen(t testing.TB, c Config) Set {
	t.Helper()
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// unicastOn is a host on unicast networks A, B … with one address each.
func unicastOn(port uint16, own ...string) Config {
	var c Config
	for i, a := range own {
		c.Networks = append(c.Networks, Network{Name: string(rune('A' + i)), Transport: Unicast, Addresses: addrs(a), Port: port})
	}
	return c
}

// receive waits for n datagrams; their bytes are copied.
func receive(t testing.TB, s Set, n int) []Packet {
	t.Helper()
	var got []Packet
	batch := make([]Packet, MaxBatch)
	for end := time.Now().Add(patience); len(got) < n; {
		if err := s.Wait(time.Until(end)); err != nil {
			t.Fatal(err)
		}
		for _, p := range batch[:s.Receive(batch)] {
			p.Data = bytes.Clone(p.Data)
			got = append(got, p)
		}
		if time.Now().After(end) {
			t.Fatalf("%d datagrams after %v, want %d; states %+v", len(got), patience, n, s.States(nil))
		}
	}
	return got
}

// awaitState waits until a network's state is as wanted.
func awaitState(t testing.TB, s Set, network int, what string, want func(NetworkState) bool) NetworkState {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		st := s.States(nil)[network]
		if want(st) {
			return st
		}
		if time.Now().After(end) {
			t.Fatalf("network %d not %s after %v: %+v", network, what, patience, st)
		}
		if err := s.Wait(time.Until(end)); err != nil {
			t.Fatal(err)
		}
		s.Receive(make([]Packet, MaxBatch)) // else Wait returns at once
	}
}

func isUp(s NetworkState) bool   { return s.Up }
func isDown(s NetworkState) bool { return !s.Up }

func TestLoopbackIPv4(t *testing.T) {
	defer goleak.VerifyNone(t)
	port := freePort(t)
	h1 := mustOpen(t, unicastOn(port, "127.0.1.1", "127.0.2.1"))
	h2 := mustOpen(t, unicastOn(port, "127.0.1.2", "127.0.2.2"))
	defer h1.Close()
	defer h2.Close()
	to := []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port), netip.AddrPortFrom(netip.MustParseAddr("127.0.2.2"), port)}
	awaitState(t, h1, 0, "up", isUp)
	var out []Datagram
	for i := range 40 {
		for n := range to {
			out = append(out, Datagram{Network: n, To: to[n], Data: fmt.Appendf(nil, "%d on %d", i, n)})
		}
	}
	h1.Send(out)
	next := [2]int{}
	for _, p := range receive(t, h2, len(out)) {
		if want := fmt.Sprintf("%d on %d", next[p.Network], p.Network); string(p.Data) != want {
			t.Fatalf("got %q, want %q", p.Data, want)
		}
		if want := netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf("127.0.%d.1", p.Network+1)), port); p.From != want {
			t.Fatalf("from %s, want %s", p.From, want)
		}
		next[p.Network]++
	}
	for i, st := range h1.States(nil) {
		if st.Sent != 40 || st.SendErrors != 0 || st.PacketSize != LoopbackMTU-28 || !st.Up || st.Interface == "" {
			t.Errorf("sender's network %d: %+v", i, st)
		}
	}
	for i, st := range h2.States(nil) {
		if st.Received != 40 || st.ReceiveBuffer <= 0 || st.Free <= 0 || st.Free > st.ReceiveBuffer || st.Drops != 0 {
			t.Errorf("receiver's network %d: %+v", i, st)
		}
	}
}

func TestLoopbackIPv6(t *testing.T) {
	c, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 loopback: %v", err)
	}
	defer c.Close()
	s := mustOpen(t, unicastOn(0, "::1"))
	awaitState(t, s, 0, "up", isUp)
	s.Send([]Datagram{{To: c.LocalAddr().(*net.UDPAddr).AddrPort(), Data: []byte("ping")}})
	b := make([]byte, 100)
	c.SetReadDeadline(time.Now().Add(patience))
	n, from, err := c.ReadFrom(b)
	if err != nil || string(b[:n]) != "ping" {
		t.Fatalf("%q, %v", b[:n], err)
	}
	if _, err := c.WriteTo([]byte("pong"), from); err != nil {
		t.Fatal(err)
	}
	p := receive(t, s, 1)[0]
	if string(p.Data) != "pong" || p.From != c.LocalAddr().(*net.UDPAddr).AddrPort() {
		t.Errorf("%q from %s", p.Data, p.From)
	}
}

func TestLargestPacket(t *testing.T) {
	port := freePort(t)
	c := unicastOn(port, "127.0.1.1")
	c.Networks[0].MTU = 65535
	h1, h2 := mustOpen(t, c), mustOpen(t, unicastOn(port, "127.0.1.2"))
	size := awaitState(t, h1, 0, "up", isUp).PacketSize
	if size != 65507 {
		t.Fatalf("packet size %d", size)
	}
	data := bytes.Repeat([]byte("0123456"), 65507/7+1)[:size]
	h2.Send([]Datagram{{To: netip.AddrPortFrom(netip.MustParseAddr("127.0.1.1"), port), Data: data[:LoopbackMTU-28]}})
	if p := receive(t, h1, 1)[0]; !bytes.Equal(p.Data, data[:LoopbackMTU-28]) {
		t.Errorf("%d bytes came, not those sent", len(p.Data))
	}
	h1.Send([]Datagram{{To: netip.AddrPortFrom(netip.MustParseAddr("127.0.1.1"), port), Data: data}})
	if runtimeDropsOwn {
		return
	}
	if p := receive(t, h1, 1)[0]; !bytes.Equal(p.Data, data) {
		t.Errorf("%d bytes came, not those sent", len(p.Data))
	}
}

// A send that cannot work is counted with its reason and stops nothing.
func TestBadDestinations(t *testing.T) {
	port := freePort(t)
	s := mustOpen(t, unicastOn(port, "127.0.1.1", "127.0.2.1"))
	peer := mustOpen(t, unicastOn(port, "127.0.1.2", "127.0.2.2"))
	awaitState(t, s, 0, "up", isUp)
	good := netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port)
	for i, c := range []struct {
		to   netip.AddrPort
		want string
	}{
		{netip.AddrPort{}, "no destination on this network"},
		{netip.MustParseAddrPort("[::1]:9"), "no destination on this network"},
		{netip.AddrPortFrom(netip.Addr{}, 9), "no destination on this network"},
	} {
		s.Send([]Datagram{{To: c.to, Data: []byte("bad")}, {To: good, Data: []byte("good")}})
		if p := receive(t, peer, 1)[0]; string(p.Data) != "good" {
			t.Errorf("%s: %q came", c.to, p.Data)
		}
		st := s.States(nil)[0]
		if st.SendErrors != uint64(i+1) || !strings.Contains(st.LastError, c.want) || !st.Up {
			t.Errorf("%s: %+v", c.to, st)
		}
	}
	if st := s.States(nil)[1]; st.SendErrors != 0 || st.LastError != "" {
		t.Errorf("the other network: %+v", st)
	}
}

// Opening never fails for want of an address (A19).
func TestOpenWithoutAddress(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := mustOpen(t, Config{Networks: []Network{
		{Name: "A", Transport: Broadcast, Subnet: netip.MustParsePrefix("198.51.100.0/24"), Addresses: addrs("198.51.100.1"), Port: 4803},
		{Name: "B", Transport: Multicast, Group: netip.MustParseAddr("239.1.1.1"), Port: 4803},
	}})
	defer s.Close()
	st := s.States(nil)
	if st[0].Up || st[0].Reason != "no interface has 198.51.100.1" || st[0].PacketSize != 0 {
		t.Errorf("A: %+v", st[0])
	}
	if st[1].Up || st[1].Reason != "this host has no address on it" {
		t.Errorf("B: %+v", st[1])
	}
	s.Send([]Datagram{{Network: 0, Data: []byte("x")}})
	if st := s.States(nil)[0]; st.SendErrors != 1 || !strings.Contains(st.LastError, "down") {
		t.Errorf("after a send: %+v", st)
	}
}

// Two daemons with one address must not share its packets.
func TestAddressInUse(t *testing.T) {
	port := freePort(t)
	first := mustOpen(t, unicastOn(port, "127.0.1.1"))
	second := mustOpen(t, unicastOn(port, "127.0.1.1"))
	st := awaitState(t, second, 0, "down", isDown)
	if !strings.Contains(st.Reason, "address already in use") {
		t.Errorf("reason %q", st.Reason)
	}
	g := second.Generation()
	first.Close()
	awaitState(t, second, 0, "up", isUp)
	if second.Generation() == g {
		t.Error("the generation did not change")
	}
}

func TestWaitTimesOut(t *testing.T) {
	s := mustOpen(t, unicastOn(0, "127.0.0.1"))
	awaitState(t, s, 0, "up", isUp)
	for _, d := range []time.Duration{0, 200 * time.Microsecond, 20 * time.Millisecond} {
		start := time.Now()
		for end := start.Add(d); time.Now().Before(end); {
			if err := s.Wait(time.Until(end)); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start); got < d {
			t.Errorf("waited %v of %v", got, d)
		}
	}
}

func TestWake(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := mustOpen(t, unicastOn(0, "127.0.0.1"))
	defer s.Close()
	s.Wake() // before the Wait it ends
	s.Receive(make([]Packet, 1))
	s.Send(nil)
	if err := s.Wait(-1); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				s.Wake()
			}
		})
	}
	woken := make(chan struct{})
	go func() { wg.Wait(); close(woken) }()
	for done := false; !done; {
		if err := s.Wait(time.Millisecond); err != nil {
			t.Fatal(err)
		}
		select {
		case <-woken:
			done = true
		default:
		}
	}
	s.Wake()
	if err := s.Wait(-1); err != nil { // not lost among those before
		t.Fatal(err)
	}
}

// Every wake-up counts: each of two goroutines goes on only after the loop has
// seen what it woke it for.
func TestNoWakeIsLost(t *testing.T) {
	s := mustOpen(t, unicastOn(0, "127.0.0.1"))
	const rounds = 20000
	var asked, answered [2]atomic.Int64
	var wg sync.WaitGroup
	for i := range asked {
		wg.Go(func() {
			for r := int64(1); r <= rounds && !t.Failed(); r++ {
				asked[i].Store(r)
				s.Wake()
				for answered[i].Load() != r && !t.Failed() {
					runtime.Gosched()
				}
			}
		})
	}
	for answered[0].Load() < rounds || answered[1].Load() < rounds {
		start := time.Now()
		if err := s.Wait(patience); err != nil {
			t.Fatal(err)
		}
		if time.Since(start) >= patience {
			t.Errorf("a wake-up was lost after %d and %d rounds", answered[0].Load(), answered[1].Load())
			break
		}
		for i := range asked {
			answered[i].Store(asked[i].Load())
		}
	}
	wg.Wait()
}

func TestCloseEndsWait(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := mustOpen(t, unicastOn(0, "127.0.0.1", "127.0.0.2"))
	ended := make(chan error)
	go func() {
		for {
			if err := s.Wait(-1); err != nil {
				ended <- err
				return
			}
		}
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Wait: %v", err)
	}
	s.Wake()
	s.Send([]Datagram{{Data: []byte("x")}})
	if n := s.Receive(make([]Packet, 1)); n != 0 {
		t.Errorf("received %d after Close", n)
	}
	if st := s.States(nil)[0]; st.Up {
		t.Errorf("up after Close: %+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// A busy network does not keep another's packets from the batch.
func TestReceiveAlternates(t *testing.T) {
	port := freePort(t)
	h1, h2 := mustOpen(t, unicastOn(port, "127.0.1.1", "127.0.2.1")), mustOpen(t, unicastOn(port, "127.0.1.2", "127.0.2.2"))
	awaitState(t, h2, 1, "up", isUp)
	var out []Datagram
	for range 200 {
		out = append(out, Datagram{Network: 0, To: netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port), Data: []byte("busy")})
	}
	out = append(out, Datagram{Network: 1, To: netip.AddrPortFrom(netip.MustParseAddr("127.0.2.2"), port), Data: []byte("rare")})
	h1.Send(out)
	awaitQueued(t, h2, len(out))
	batch := make([]Packet, MaxBatch)
	if err := h2.Wait(-1); err != nil {
		t.Fatal(err)
	}
	n := h2.Receive(batch)
	if !slices.ContainsFunc(batch[:n], func(p Packet) bool { return p.Network == 1 }) {
		t.Errorf("none of %d packets is of network 1", n)
	}
	if total := n + len(receive(t, h2, len(out)-n)); total != len(out) {
		t.Errorf("%d packets, want %d", total, len(out))
	}
}

func BenchmarkLoopback(b *testing.B) {
	port := freePort(b)
	h1, h2 := mustOpen(b, unicastOn(port, "127.0.1.1")), mustOpen(b, unicastOn(port, "127.0.1.2"))
	out := make([]Datagram, 32)
	for i := range out {
		out[i] = Datagram{To: netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port), Data: make([]byte, 1400)}
	}
	batch := make([]Packet, MaxBatch)
	b.ReportAllocs()
	b.SetBytes(int64(len(out) * 1400))
	for b.Loop() {
		h1.Send(out)
		for got := 0; got < len(out); {
			if err := h2.Wait(-1); err != nil {
				b.Fatal(err)
			}
			got += h2.Receive(batch)
		}
	}
}
