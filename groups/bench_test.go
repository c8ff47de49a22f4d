package groups

import (
	"fmt"
	"testing"

	"mpspread/ring"
)

// BenchmarkDeliver is a message of 1 KiB for some local sessions.
func BenchmarkDeliver(b *testing.B) {
	for _, receivers := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("receivers=%d", receivers), func(b *testing.B) {
			w := newWorld(&testing.T{}, "alpha")
			for i := range receivers {
				w.open("alpha", fmt.Sprintf("u%d", i), true).join("chat")
			}
			sender := w.open("alpha", "sender", false)
			w.run()
			g := sender.node.groups
			s := must(g.Multicast(sender.id, &Multicast{Service: ring.Agreed, Groups: []string{"chat"}, Data: make([]byte, 1024)}))
			d := ring.Delivery{Sender: sender.node.process, Service: ring.Agreed, Payload: s.Payload}
			b.ReportAllocs()
			for b.Loop() {
				g.Deliver(d)
				g.Events()
			}
		})
	}
}

// A message that nobody here is to receive costs no memory.
func TestUnaddressedMessageAllocatesNothing(t *testing.T) {
	w := newWorld(t, "alpha")
	c := w.open("alpha", "c", false)
	w.open("alpha", "d", false).join("chat")
	w.run()
	g := c.node.groups
	for _, to := range [][]string{nil, {"other"}, {"other", "another"}, {"#x#alpha"}, {"#c#beta"}} {
		s := must(g.Multicast(c.id, &Multicast{Groups: to, Data: make([]byte, 1024)}))
		d := ring.Delivery{Sender: c.node.process, Payload: s.Payload}
		if n := testing.AllocsPerRun(100, func() { g.Deliver(d) }); n != 0 {
			t.Errorf("to %v: %v allocations", to, n)
		}
	}
}
