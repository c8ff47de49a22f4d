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

func TestSwitch(t *testing.T) {
	board := datalinktest.New()
	sw := datalink.NewSwitch(openHost(t, board, 1), host(1).Networks)
	other := openHost(t, board, 2)
	for _, step := range []struct {
		do      func(string) bool
		network string
		known   bool
		want    string // both ways
	}{
		{sw.Heal, "A", true, "0:x 1:x "},
		{sw.Cut, "B", true, "0:x "},
		{sw.Cut, "C", false, "0:x "},
		{sw.Cut, "A", true, ""},
		{sw.Heal, "B", true, "1:x "},
		{sw.Heal, "A", true, "0:x 1:x "},
	} {
		if got := step.do(step.network); got != step.known {
			t.Errorf("network %s known: %t", step.network, got)
		}
		sw.Send(both("x"))
		if got := received(other); got != step.want {
			t.Errorf("out: %q, want %q", got, step.want)
		}
		other.Send(both("x"))
		if got := received(sw); got != step.want {
			t.Errorf("in: %q, want %q", got, step.want)
		}
	}
	if st := sw.States(nil); len(st) != 2 || !st[0].Up {
		t.Errorf("states %+v", st)
	}
}

// A full batch of dropped packets is not the end of what there is.
func TestSwitchReadsOn(t *testing.T) {
	board := datalinktest.New()
	sw := datalink.NewSwitch(openHost(t, board, 1), host(1).Networks)
	other := openHost(t, board, 2)
	sw.Cut("A")
	for range 200 {
		other.Send(both("y")[:1])
	}
	other.Send(both("z")[1:])
	batch := make([]datalink.Packet, 1)
	if n := sw.Receive(batch); n != 1 || string(batch[0].Data) != "z" {
		t.Errorf("received %d, %q", n, batch[0].Data)
	}
}

func TestSwitchWaitsAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sw := datalink.NewSwitch(openHost(t, datalinktest.New(), 1), host(1).Networks)
		start := time.Now()
		if err := sw.Wait(time.Hour); err != nil || time.Since(start) != time.Hour {
			t.Errorf("waited %v, %v", time.Since(start), err)
		}
		sw.Wake()
		if err := sw.Wait(-1); err != nil {
			t.Error(err)
		}
		if sw.Generation() != 0 {
			t.Error("the generation changed")
		}
		if err := sw.Close(); err != nil {
			t.Error(err)
		}
		if err := sw.Wait(-1); err == nil {
			t.Error("Wait after Close succeeds")
		}
	})
}
