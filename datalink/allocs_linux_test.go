// The race detector makes calls allocate that do not without it.

//go:build !portable && !race

package datalink

import (
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// The way of a packet, out and in, allocates nothing, in runs or alone, nor
// where runs are refused.
func TestNoAllocations(t *testing.T) {
	for _, c := range []struct{ offload, refused bool }{{}, {offload: true}, {true, true}} {
		t.Run(fmt.Sprintf("offload=%t refused=%t", c.offload, c.refused), func(t *testing.T) {
			testNoAllocations(t, c.offload, c.refused)
		})
	}
}

func testNoAllocations(t *testing.T, offload, refused bool) {
	port := freePort(t)
	from, to := offloadOn(port, "127.0.1.1", "127.0.2.1"), offloadOn(port, "127.0.1.2", "127.0.2.2")
	for i := range from.Networks {
		from.Networks[i].Offload, to.Networks[i].Offload = offload, offload
	}
	h1, h2 := mustOpen(t, from).(*set), mustOpen(t, to)
	awaitState(t, h1, 1, "up", isUp)
	awaitState(t, h2, 1, "up", isUp)
	if refused {
		h1.sendmmsg = func(fd int, h []mmsghdr) (int, unix.Errno) {
			if h[0].hdr.Controllen > 0 {
				return 0, unix.EIO
			}
			return sendmmsg(fd, h)
		}
	}
	out := make([]Datagram, 100)
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
		if refused {
			h1.networks[0].segments = mostSegments
		}
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
		if st.Drops != 0 || (st.ReceivedRuns > 0) != (offload && !refused) {
			t.Errorf("%+v", st)
		}
	}
}
