// The race detector makes calls allocate that do not without it.

//go:build !portable && !race

package datalink

import (
	"net/netip"
	"testing"
)

// The way of a packet, out and in, allocates nothing.
func TestNoAllocations(t *testing.T) {
	port := freePort(t)
	h1, h2 := mustOpen(t, unicastOn(port, "127.0.1.1", "127.0.2.1")), mustOpen(t, unicastOn(port, "127.0.1.2", "127.0.2.2"))
	awaitState(t, h1, 1, "up", isUp)
	awaitState(t, h2, 1, "up", isUp)
	out := make([]Datagram, 16)
	for i := range out {
		a := netip.MustParseAddr("127.0.1.2")
		if i%2 == 1 {
			a = netip.MustParseAddr("127.0.2.2")
		}
		out[i] = Datagram{Network: i % 2, To: netip.AddrPortFrom(a, port), Data: make([]byte, 1400)}
	}
	batch := make([]Packet, MaxBatch)
	states := make([]NetworkState, 0, 2)
	n := testing.AllocsPerRun(200, func() {
		h1.Send(out)
		for got := 0; got < len(out); {
			if err := h2.Wait(patience); err != nil {
				t.Fatal(err)
			}
			got += h2.Receive(batch)
		}
		states = h2.States(states[:0])
		h2.Wake()
	})
	if n != 0 {
		t.Errorf("%v allocations for %d datagrams", n, len(out))
	}
	for _, st := range states {
		if st.Drops != 0 {
			t.Errorf("%+v", st)
		}
	}
}
