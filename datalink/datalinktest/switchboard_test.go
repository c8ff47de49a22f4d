package datalinktest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mpspread/datalink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// addr is host n's address on network i.
func addr(i, n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 77, byte(i + 1), byte(n)}) }

func host(n int, transport datalink.Transport) datalink.Config {
	var c datalink.Config
	for i, name := range []string{"A", "B"} {
		c.Networks = append(c.Networks, datalink.Network{
			Name: name, Transport: transport, Port: 4803,
			Subnet: netip.PrefixFrom(addr(i, 0), 24), Addresses: []netip.Addr{addr(i, n)},
		})
	}
	return c
}

// hosts connects hosts 1 to n.
func hosts(t *testing.T, b *Switchboard, n int) []datalink.Set {
	t.Helper()
	sets := make([]datalink.Set, n+1)
	for i := 1; i <= n; i++ {
		s, err := b.Open(host(i, datalink.Broadcast))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		sets[i] = s
	}
	return sets
}

// received is all that waits, as "network:last byte of the source:data".
func received(s datalink.Set) string {
	var text []string
	batch := make([]datalink.Packet, datalink.MaxBatch)
	for {
		n := s.Receive(batch)
		if n == 0 {
			return strings.Join(text, " ")
		}
		for _, p := range batch[:n] {
			text = append(text, fmt.Sprintf("%d:%d:%s", p.Network, p.From.Addr().As4()[3], p.Data))
		}
	}
}

func all(data string) []datalink.Datagram {
	return []datalink.Datagram{{Network: 0, Data: []byte(data)}, {Network: 1, Data: []byte(data)}}
}

func want(t *testing.T, what string, s datalink.Set, want string) {
	t.Helper()
	if got := received(s); got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestBroadcastAndUnicast(t *testing.T) {
	h := hosts(t, New(), 3)
	h[1].Send(all("x"))
	want(t, "h1, its own", h[1], "")
	want(t, "h2", h[2], "0:1:x 1:1:x")
	want(t, "h3", h[3], "0:1:x 1:1:x")
	h[2].Send([]datalink.Datagram{{Network: 1, To: netip.AddrPortFrom(addr(1, 3), 4803), Data: []byte("token")}})
	want(t, "h1", h[1], "")
	want(t, "h3", h[3], "1:2:token")
	h[2].Send([]datalink.Datagram{
		{Network: 1, To: netip.AddrPortFrom(addr(1, 3), 4804), Data: []byte("port")},
		{Network: 1, To: netip.AddrPortFrom(addr(0, 3), 4803), Data: []byte("network")},
	})
	want(t, "h3, not for it", h[3], "")
}

// sorted forgets which network's turn it was.
func sorted(text string) string {
	f := strings.Fields(text)
	slices.Sort(f)
	return strings.Join(f, " ")
}

func TestCuts(t *testing.T) {
	b := New()
	h := hosts(t, b, 3)
	for _, step := range []struct {
		name          string
		do            func()
		at1, at2, at3 string // after 1 and 2 have each sent to all on both networks
	}{
		{"whole", func() {}, "0:2:x 1:2:x", "0:1:x 1:1:x", "0:1:x 1:1:x 0:2:x 1:2:x"},
		{"cut A", func() { b.Cut("A") }, "1:2:x", "1:1:x", "1:1:x 1:2:x"},
		{"heal A", func() { b.Heal("A") }, "0:2:x 1:2:x", "0:1:x 1:1:x", "0:1:x 1:1:x 0:2:x 1:2:x"},
		{"1 to 2 on A", func() { b.CutPair("A", addr(0, 1), addr(0, 2)) }, "0:2:x 1:2:x", "1:1:x", "0:1:x 1:1:x 0:2:x 1:2:x"},
		{"and 2 to 1 on B: crossed", func() { b.CutPair("B", addr(1, 2), addr(1, 1)) }, "0:2:x", "1:1:x", "0:1:x 1:1:x 0:2:x 1:2:x"},
		{"heal the pair", func() { b.HealPair("A", addr(0, 1), addr(0, 2)) }, "0:2:x", "0:1:x 1:1:x", "0:1:x 1:1:x 0:2:x 1:2:x"},
		{"heal B", func() { b.Heal("B") }, "0:2:x 1:2:x", "0:1:x 1:1:x", "0:1:x 1:1:x 0:2:x 1:2:x"},
		{"loss", func() {
			b.Lose(func(network string, from, to netip.Addr, data []byte) bool {
				return network == "B" && to == addr(1, 3) && string(data) == "x"
			})
		}, "0:2:x 1:2:x", "0:1:x 1:1:x", "0:1:x 0:2:x"},
		{"no loss", func() { b.Lose(nil) }, "0:2:x 1:2:x", "0:1:x 1:1:x", "0:1:x 1:1:x 0:2:x 1:2:x"},
	} {
		step.do()
		h[1].Send(all("x"))
		h[2].Send(all("x"))
		for i, at := range []string{step.at1, step.at2, step.at3} {
			if got := sorted(received(h[i+1])); got != sorted(at) {
				t.Errorf("%s, at %d: got %q, want %q", step.name, i+1, got, sorted(at))
			}
		}
	}
	for i, st := range h[1].States(nil) {
		if st.SendErrors != 0 || st.Drops != 0 || !st.Up {
			t.Errorf("a cut is silent, network %d: %+v", i, st)
		}
	}
}

func TestInterfaceFaults(t *testing.T) {
	b := New()
	h := hosts(t, b, 2)
	state := func() datalink.NetworkState { return h[1].States(nil)[0] }
	h[2].Send(all("early"))
	b.Down("A", addr(0, 1))
	if st := state(); st.Up || st.Reason == "" || h[1].Generation() != 1 {
		t.Errorf("down: %+v", st)
	}
	h[1].Send(all("x"))
	h[2].Send(all("y"))
	want(t, "1", h[1], "1:2:early 1:2:y")
	want(t, "2", h[2], "1:1:x")
	if st := state(); st.SendErrors != 1 || st.LastError == "" {
		t.Errorf("send while down: %+v", st)
	}
	b.Up("A", addr(0, 1))
	b.Up("A", addr(0, 1)) // no change
	if st := state(); !st.Up || h[1].Generation() != 2 {
		t.Errorf("up: %+v, generation %d", st, h[1].Generation())
	}
	b.SetMTU("A", addr(0, 1), 1280)
	if st := state(); st.PacketSize != 1252 || h[1].Generation() != 3 {
		t.Errorf("MTU: %+v", st)
	}
	h[1].Send([]datalink.Datagram{{Data: make([]byte, 1253)}, {Data: make([]byte, 1252)}})
	if n := len(received(h[2])); n != 4+1252 {
		t.Errorf("%d characters came", n)
	}
	b.FailSends("A", addr(0, 1), errors.New("no buffer space available"))
	h[1].Send(all("z"))
	want(t, "failing", h[2], "1:1:z")
	if st := state(); st.SendErrors != 3 || !strings.Contains(st.LastError, "no buffer space") || !st.Up {
		t.Errorf("failing: %+v", st)
	}
	b.FailSends("A", addr(0, 1), nil)
	h[1].Send(all("z"))
	want(t, "no longer", h[2], "0:1:z 1:1:z")
	if b.Down("C", addr(0, 1)) || b.Down("A", addr(0, 9)) {
		t.Error("an unknown interface went down")
	}
}

func TestBufferIsBounded(t *testing.T) {
	b := New()
	h := hosts(t, b, 1)
	c := host(2, datalink.Broadcast)
	c.ReceiveBuffer = 10 * (1000 + overhead)
	s, err := b.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 15 {
		h[1].Send([]datalink.Datagram{{Data: make([]byte, 1000)}})
	}
	st := s.States(nil)
	if st[0].Drops != 5 || st[0].Free != 0 || st[1].Free != st[1].ReceiveBuffer {
		t.Errorf("%+v", st)
	}
	received(s)
	if st := s.States(nil)[0]; st.Received != 10 || st.Free != st.ReceiveBuffer {
		t.Errorf("%+v", st)
	}
}

func TestOpenRefuses(t *testing.T) {
	b := New()
	hosts(t, b, 1)
	if _, err := b.Open(host(1, datalink.Broadcast)); err == nil {
		t.Error("one address twice")
	}
	if _, err := b.Open(datalink.Config{}); err == nil {
		t.Error("no networks")
	}
	c := host(2, datalink.Unicast)
	c.Networks[0].Addresses = nil
	s, err := b.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if st := s.States(nil); st[0].Up || st[0].Reason == "" || !st[1].Up {
		t.Errorf("%+v", st)
	}
	s.Send(all("x"))
	if st := s.States(nil); st[1].SendErrors != 1 {
		t.Errorf("unicast without destination: %+v", st[1])
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New()
		h := hosts(t, b, 2)
		start := time.Now()
		waits := func(what string, want time.Duration) {
			t.Helper()
			if err := h[1].Wait(time.Minute); err != nil || time.Since(start) != want {
				t.Errorf("%s: waited %v, %v; want %v", what, time.Since(start), err, want)
			}
			start = time.Now()
		}
		waits("nothing", time.Minute)
		h[2].Send(all("x"))
		waits("a packet", 0)
		waits("it is still there", 0)
		received(h[1])
		waits("the signal of before", 0)
		waits("nothing again", time.Minute)
		h[1].Wake()
		waits("woken", 0)
		b.Down("A", addr(0, 1))
		waits("a change", 0)
		go func() {
			time.Sleep(time.Second)
			h[2].Send(all("y"))
		}()
		waits("a packet later", time.Second)
		received(h[1])
		go func() {
			time.Sleep(time.Second)
			h[1].Close()
		}()
		waits0 := func() error {
			for {
				if err := h[1].Wait(-1); err != nil {
					return err
				}
			}
		}
		if err := waits0(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		h[2].Send(all("z"))
		want(t, "closed", h[1], "")
	})
}

func TestManyGoroutines(t *testing.T) {
	b := New()
	h := hosts(t, b, 4)
	var wg sync.WaitGroup
	for _, s := range h[1:] {
		wg.Go(func() {
			batch := make([]datalink.Packet, 8)
			for range 300 {
				s.Send(all("x"))
				s.Receive(batch)
				s.States(nil)
			}
		})
	}
	wg.Go(func() {
		for range 300 {
			b.Cut("A")
			b.Down("B", addr(1, 1))
			b.Heal("A")
			b.Up("B", addr(1, 1))
		}
	})
	wg.Wait()
}
