package datalink_test

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"mpspread/datalink"
	"mpspread/datalink/datalinktest"
)

func host(n int) datalink.Config {
	var c datalink.Config
	for i, name := range []string{"A", "B"} {
		c.Networks = append(c.Networks, datalink.Network{
			Name: name, Transport: datalink.Broadcast, Port: 4803,
			Subnet:    netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 77, byte(i + 1), 0}), 24),
			Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 77, byte(i + 1), byte(n)})},
		})
	}
	return c
}

func openHost(t *testing.T, b *datalinktest.Switchboard, n int) datalink.Set {
	t.Helper()
	s, err := b.Open(host(n))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func received(s datalink.Set) string {
	text := ""
	batch := make([]datalink.Packet, datalink.MaxBatch)
	for {
		n := s.Receive(batch)
		if n == 0 {
			return text
		}
		for _, p := range batch[:n] {
			text += fmt.Sprintf("%d:%s ", p.Network, p.Data)
		}
	}
}

func both(data string) []datalink.Datagram {
	return []datalink.Datagram{{Network: 0, Data: []byte(data)}, {Network: 1, Data: []byte(data)}}
}

func TestWeatherCuts(t *testing.T) {
	board := datalinktest.New()
	w := datalink.NewWeather(openHost(t, board, 1), host(1).Networks, 1)
	other := openHost(t, board, 2)
	for _, step := range []struct {
		do      func(string) bool
		network string
		known   bool
		want    string // both ways
	}{
		{w.Heal, "A", true, "0:x 1:x "},
		{w.Cut, "B", true, "0:x "},
		{w.Cut, "C", false, "0:x "},
		{w.Cut, "A", true, ""},
		{w.Heal, "B", true, "1:x "},
		{w.Heal, "A", true, "0:x 1:x "},
	} {
		if got := step.do(step.network); got != step.known {
			t.Errorf("network %s known: %t", step.network, got)
		}
		w.Send(both("x"))
		if got := received(other); got != step.want {
			t.Errorf("out: %q, want %q", got, step.want)
		}
		other.Send(both("x"))
		if got := received(w); got != step.want {
			t.Errorf("in: %q, want %q", got, step.want)
		}
	}
	if st := w.States(nil); len(st) != 2 || !st[0].Up {
		t.Errorf("states %+v", st)
	}
}

// A full batch of dropped packets is not the end of what there is.
func TestWeatherCutsReadsOn(t *testing.T) {
	board := datalinktest.New()
	w := datalink.NewWeather(openHost(t, board, 1), host(1).Networks, 1)
	other := openHost(t, board, 2)
	w.Cut("A")
	for range 200 {
		other.Send(both("y")[:1])
	}
	other.Send(both("z")[1:])
	batch := make([]datalink.Packet, 1)
	if n := w.Receive(batch); n != 1 || string(batch[0].Data) != "z" {
		t.Errorf("received %d, %q", n, batch[0].Data)
	}
}

func TestWeatherCutsWaitsAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := datalink.NewWeather(openHost(t, datalinktest.New(), 1), host(1).Networks, 1)
		start := time.Now()
		if err := w.Wait(time.Hour); err != nil || time.Since(start) != time.Hour {
			t.Errorf("waited %v, %v", time.Since(start), err)
		}
		w.Wake()
		if err := w.Wait(-1); err != nil {
			t.Error(err)
		}
		if w.Generation() != 0 {
			t.Error("the generation changed")
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if err := w.Wait(-1); err == nil {
			t.Error("Wait after Close succeeds")
		}
	})
}

// What is late comes when it is due; what is sent after the network has
// recovered overtakes it.
func TestWeatherLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := datalinktest.New()
		w := datalink.NewWeather(openHost(t, board, 1), host(1).Networks, 1)
		other := openHost(t, board, 2)
		send := func(text string) { other.Send(both(text)) }
		after := func(d time.Duration, want string) {
			t.Helper()
			time.Sleep(d)
			if got := received(w); got != want {
				t.Errorf("received %q, want %q", got, want)
			}
		}
		if !w.Late("B", time.Second) || w.Late("C", time.Second) {
			t.Error("the networks are A and B")
		}
		send("x")
		after(0, "0:x ")
		send("y")
		after(500*time.Millisecond, "0:y ")
		w.Late("B", 100*time.Millisecond)
		send("z")
		after(0, "0:z ")
		w.Late("B", 0)
		send("now")
		after(0, "0:now 1:now ")
		start := time.Now()
		got := ""
		for got == "" {
			if err := w.Wait(-1); err != nil {
				t.Fatal(err)
			}
			got = received(w)
		}
		if got != "1:z " || time.Since(start) != 100*time.Millisecond {
			t.Errorf("waited %v for %q", time.Since(start), got)
		}
		after(time.Second, "1:x 1:y ")
		// A cut also ends what is on its way.
		w.Late("B", time.Second)
		send("lost")
		after(0, "0:lost ")
		w.Cut("B")
		after(time.Second, "")
		w.Heal("B")
		after(time.Second, "")
	})
}

func TestWeatherLoses(t *testing.T) {
	board := datalinktest.New()
	w := datalink.NewWeather(openHost(t, board, 1), host(1).Networks, 1)
	other := openHost(t, board, 2)
	w.Lose("A", 0.25)
	w.Lose("B", 1)
	const sent = 4000
	came := [2]int{}
	batch := make([]datalink.Packet, datalink.MaxBatch)
	for range sent {
		other.Send(both("x"))
		for n := w.Receive(batch); n > 0; n = w.Receive(batch) {
			for _, p := range batch[:n] {
				came[p.Network]++
			}
		}
	}
	if came[0] < sent*70/100 || came[0] > sent*80/100 || came[1] != 0 {
		t.Errorf("of %d each %v came, want three quarters and none", sent, came)
	}
}

// The bytes of a late packet are the receiver's until it calls again.
func TestWeatherKeepsLatePacketsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := datalinktest.New()
		w := datalink.NewWeather(openHost(t, board, 1), host(1).Networks, 1)
		other := openHost(t, board, 2)
		w.Late("A", time.Second)
		const sent = 3000
		for i := range sent {
			other.Send([]datalink.Datagram{{Data: fmt.Appendf(nil, "packet %d", i)}})
			received(w)
		}
		time.Sleep(time.Second)
		batch, next := make([]datalink.Packet, datalink.MaxBatch), 0
		for n := w.Receive(batch); n > 0; n = w.Receive(batch) {
			for _, p := range batch[:n] {
				if want := fmt.Sprintf("packet %d", next); string(p.Data) != want {
					t.Fatalf("got %q, want %q", p.Data, want)
				}
				clear(p.Data) // as a receiver may
				next++
			}
		}
		if next != sent {
			t.Errorf("%d of %d came", next, sent)
		}
	})
}
