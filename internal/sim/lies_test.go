package sim

import (
	"bytes"
	"testing"

	"mpspread/internal/check"
	"mpspread/ring"
)

// What a faulty member says is its own doing: the packet it would have sent is
// not written to, for its ring may send it again.
func TestLiesLeaveThePacketAlone(t *testing.T) {
	p := NewPlan(RingMode, 2, 1)
	w := newWorld(p, Options{})
	d := &w.daemons[0]
	packet := bytes.Repeat([]byte{1, 2, 3, 4}, 50)
	if got := w.lied(d, ring.KindToken, packet); &got[0] != &packet[0] {
		t.Error("an honest daemon's packet is not its own")
	}
	d.lies = 1000
	other := 0
	for i := range 2000 {
		had := bytes.Clone(packet)
		if got := w.lied(d, ring.Kind(i%7), packet); !bytes.Equal(got, packet) {
			other++
		}
		if !bytes.Equal(had, packet) {
			t.Fatal("the packet has been written to")
		}
	}
	if other < 1900 {
		t.Errorf("%d lies of 2000 say something else", other)
	}
}

// Runs with lies reach what is refused, in both layers, and are judged by
// nothing but RNG-6.
func TestFaultyMembersAreRefused(t *testing.T) {
	for _, mode := range []Mode{RingMode, EngineMode} {
		var malformed uint64
		for seed := range uint64(5) {
			r := run(t, Draw(seed, Faulty, mode), Options{})
			malformed += r.Counters.Malformed
			for p, n := range r.Exercised {
				if n > 0 != (check.Property(p) == check.RNG6) {
					t.Errorf("%s: %v is judged %d times", r.Plan.Name(), check.Property(p), n)
				}
			}
		}
		if malformed == 0 {
			t.Errorf("%s: nothing was malformed", mode)
		}
	}
}
