package multipath

import (
	"testing"
	"time"
)

// quiet makes hellos slow, as in a ring that stands.
func (w *world) quiet() {
	for _, nd := range w.nodes {
		nd.SetBeacon(nil, false)
	}
}

// rotate lets a token go round n times, which is held for a while at daemon 0.
func (w *world) rotate(n int) {
	for range n {
		for i := range w.nodes {
			w.multicast(i, "token")
			w.run(ms / 2)
		}
		w.run(101*ms - time.Duration(len(w.nodes))*ms/2)
	}
}

// Idle daemons send together, whenever each began: all are awake about ten
// times a second, for the token, their own tick and those of all others.
func TestTicksFallTogether(t *testing.T) {
	w := newWorld(t, 4, 2)
	for i := range w.nodes {
		w.nodes[i].dead = true
	}
	for i := range w.nodes {
		w.boot(i)
		w.run(27 * ms)
	}
	w.form()
	w.quiet()
	w.rotate(50)
	bursts, sent, last := 0, 0, Time(0)
	w.tap = func(f *flight) {
		sent++
		if f.at-last > 5*ms {
			bursts++
		}
		last = f.at
	}
	const rotations = 100
	w.rotate(rotations)
	if bursts != rotations {
		t.Errorf("%d bursts in %d rotations", bursts, rotations)
	}
	// Of each daemon to each of its peers on a network, in a rotation: the
	// token, one and a half probes, half a hello, a fifth of a reply.
	if n := float64(sent) / (4 * 3 * 2) / rotations; n > 3.3 {
		t.Errorf("%.2f datagrams from each to each on each network and rotation", n)
	}
}

// Packets that come all the time, be they forged, do not make ticks frequent.
func TestTicksUnderLoad(t *testing.T) {
	w := newWorld(t, 2, 1)
	w.form()
	w.quiet()
	probes := 0
	w.tap = func(f *flight) {
		if f.from == 0 && Kind(f.data[3]) == KindProbe && len(f.data) == probeSize {
			probes++
		}
	}
	for range 7000 {
		w.receive(w.nodes[0], 0, testAddr(0, 1), make([]byte, 100))
		w.run(ms)
	}
	if probes < 95 || probes > 101 {
		t.Errorf("%d probes in 7 s", probes)
	}
}

// Each peer is asked for its reply twice a second, few with one probe.
func TestRepliesInTurn(t *testing.T) {
	w := newWorld(t, 11, 1)
	w.form()
	replies, burst := map[int]int{}, map[Time]int{}
	w.tap = func(f *flight) {
		if f.to == 0 && Kind(f.data[3]) == KindProbeReply {
			replies[f.from]++
			burst[f.at]++
		}
	}
	w.run(10 * time.Second)
	for i := 1; i < 11; i++ {
		if n := replies[i]; n < 14 || n > 21 {
			t.Errorf("daemon %d replied %d times in 10 s", i, n)
		}
	}
	for at, n := range burst {
		if n > maxResponders {
			t.Errorf("%d replies at once at %v", n, at)
		}
	}
}
