package ring

import (
	"testing"
	"time"
)

// The way of a received data packet allocates nothing once buffers have been
// made (house style, performance reference 2.8).
func TestReceiveDoesNotAllocate(t *testing.T) {
	w, _ := formed(t, 2)
	n, in := w.nodes[1], w.nodes[1].cur
	from := w.nodes[0].process
	body := chunk{service: Agreed, data: make([]byte, 1000)}
	var packet, tok []byte
	seq := in.store.high
	round := func() {
		for range 10 {
			seq++
			h := header{ring: in.id, origin: 0, seq: seq, round: in.lastTSeq + 1}
			packet = body.append(h.append(packet[:0]))
			n.Receive(w.now, from, KindData, packet)
			n.Sends()
			n.Deliveries()
		}
		w.now += 100 * time.Microsecond
		have := token{ring: in.id, tseq: in.lastTSeq + 1, seq: seq, aru: seq, setter: nobody, arq: uint8(in.lastTSeq + 1)}
		tok = have.append(tok[:0])
		n.Receive(w.now, from, KindToken, tok)
		n.Sends()
		n.Deliveries()
	}
	for range 100 {
		round()
	}
	if got := testing.AllocsPerRun(100, round); got > 0 {
		t.Errorf("%v allocations for ten data packets and a token, want none", got)
	}
	if n.n.DataReceived < 2000 || in.store.base < 1900 {
		t.Fatalf("received %d, discarded up to %d: the packets did not go through", n.n.DataReceived, in.store.base)
	}
}

// BenchmarkThreeRings orders 100-byte messages through three rings that hand
// each other their packets in memory: the cost of the protocol alone, of all
// three together.
func BenchmarkThreeRings(b *testing.B) {
	w := newNetwork(&testing.T{}, 3)
	w.run(500 * time.Millisecond)
	message := make([]byte, 100)
	b.ReportAllocs()
	b.SetBytes(int64(len(message)))
	sent := 0
	for b.Loop() {
		if w.nodes[sent%3].Submit(w.now, 1, Agreed, message) != nil {
			w.run(time.Millisecond)
			for _, n := range w.nodes {
				n.got = n.got[:0]
			}
		}
		sent++
	}
}
