package multipath

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// cut drops what goes from one daemon to another over a network; -1 is any.
func cut(net NetworkID, from, to int) func(*flight) bool {
	return func(f *flight) bool {
		return f.net != net || from >= 0 && f.from != from || to >= 0 && f.to != to
	}
}

func (w *world) status(i int) Status { return w.nodes[i].Status(w.now) }

func TestHealthyStatus(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.form()
	for i := range w.nodes {
		s := w.status(i)
		if s.RedundancyLost {
			t.Errorf("daemon %d: redundancy lost", i)
		}
		for _, n := range s.Networks {
			if n.State != NetworkUp || n.PacketSize != 1472 || len(n.Peers) != 2 {
				t.Errorf("daemon %d: %+v", i, n)
			}
			for _, p := range n.Peers {
				if p.State != PathOK || p.Reverse != PathOK || p.Slow || p.Loss != 0 || p.RTT != 200*time.Microsecond || p.LastHeard > 110*ms {
					t.Errorf("daemon %d, network %s: %+v", i, n.Name, p)
				}
			}
		}
		if got := w.nodes[i].PayloadSize(); got != 1420 {
			t.Errorf("payload size %d", got)
		}
	}
}

// MPX-8, S22: a cut network shows within a second, and so does its return;
// hearing does not change.
func TestNetworkCutAndHealed(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.form()
	g := w.nodes[0].HearingGeneration()
	for range 10 {
		w.run(time.Duration(w.rand.IntN(500)) * ms)
		w.filter = cut(1, -1, -1)
		took := w.until(900*ms, "cut shown", func() bool {
			return w.path(0, 1, 1).State == PathSilent && w.path(0, 2, 1).State == PathSilent && w.status(0).RedundancyLost
		})
		if took < 500*ms {
			t.Errorf("silence declared after %v", took)
		}
		w.run(300 * ms)
		if s := w.status(0); s.Networks[1].State != NetworkDown || s.Networks[0].State != NetworkUp {
			t.Errorf("states %v %v", s.Networks[0].State, s.Networks[1].State)
		}
		w.filter = nil
		w.until(900*ms, "return shown", func() bool {
			s := w.status(0)
			return s.Networks[1].State == NetworkUp && !s.RedundancyLost
		})
	}
	if w.nodes[0].HearingGeneration() != g {
		t.Error("hearing changed because of one network")
	}
}

// One direction cut: the receiver sees silence, the sender learns of it.
func TestOneDirectionCut(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	w.filter = cut(0, 0, 1)
	w.until(time.Second, "receiver sees it", func() bool { return w.path(1, 0, 0).State == PathSilent })
	w.until(300*ms, "sender told", func() bool { return w.path(0, 1, 0).Reverse == PathSilent })
	if p := w.path(0, 1, 0); p.State != PathOK {
		t.Errorf("other direction: %v", p.State)
	}
	for i := range 2 {
		if s := w.status(i); !s.RedundancyLost || s.Networks[0].State == NetworkUp {
			t.Errorf("daemon %d: %v %v", i, s.RedundancyLost, s.Networks[0].State)
		}
	}
	if !w.allMutual() {
		t.Error("not mutual")
	}
}

// Crossed cut (N9): each direction has its own network.
func TestCrossedCut(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	g := w.nodes[0].HearingGeneration()
	w.filter = func(f *flight) bool { return f.from == 0 && f.net == 0 || f.from == 1 && f.net == 1 }
	for i := range 200 {
		w.multicast(0, fmt.Sprint(i))
		w.multicast(1, fmt.Sprint(i))
		w.run(10 * ms)
	}
	if w.nodes[0].HearingGeneration() != g || !w.allMutual() {
		t.Error("hearing changed")
	}
	if a, b := len(w.nodes[0].packets), len(w.nodes[1].packets); a != 200 || b != 200 {
		t.Errorf("%d and %d of 200", a, b)
	}
}

// Crossed cables: probes of one network come over the other.
func TestCrossedCables(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.filter = func(f *flight) bool { f.net = 1 - f.net; return true }
	w.until(time.Second, "hear each other all the same", w.allMutual)
	w.run(time.Second)
	s := w.status(0)
	if p := s.Networks[0].Peers[0]; p.State != PathWrongNetwork {
		t.Errorf("state %v", p.State)
	}
	if s.Counters.WrongNetwork == 0 {
		t.Error("not counted")
	}
	w.filter = nil
	w.until(time.Second, "put right", func() bool { return w.path(0, 1, 0).State == PathOK })
}

func TestNoFalseAlarmAt30PercentLoss(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.loss = 0.3
	w.until(2*time.Second, "mutual", w.allMutual)
	w.run(3 * time.Second)
	silent, small := 0, 0
	for range 250 {
		w.run(500 * ms)
		for _, n := range w.status(0).Networks {
			for _, p := range n.Peers {
				if p.State == PathSilent {
					silent++
				}
				if n.PacketSize < 1472 {
					small++
				}
			}
		}
		if !w.mutual(0, 1) || !w.mutual(0, 2) {
			t.Fatal("hearing lost")
		}
	}
	if silent > 0 || small > 2 {
		t.Errorf("%d false alarms, %d times a smaller size", silent, small)
	}
	if p := w.path(0, 1, 0); p.State != PathLossy || p.Loss < 0.15 || p.Loss > 0.45 {
		t.Errorf("%v, loss %v", p.State, p.Loss)
	}
	w.loss = 0
	w.until(12*time.Second, "loss gone", func() bool { return w.path(0, 1, 0).State == PathOK })
}

func TestNoAlarmAtOnePercentLoss(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	n := 0
	w.filter = func(f *flight) bool { n++; return n%200 != 0 }
	for range 100 {
		w.run(300 * ms)
		if p := w.path(0, 1, 0); p.State != PathOK {
			t.Fatalf("%v at loss %v", p.State, p.Loss)
		}
	}
}

// limit drops datagrams above a size on a network.
func limit(net NetworkID, size int) func(*flight) bool {
	return func(f *flight) bool { return f.net != net || len(f.data) <= size }
}

// A2: a hop that silently drops large packets is found from the start.
func TestPacketSizeHoleAtStart(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.filter = limit(0, 1252)
	w.until(1500*ms, "size found", func() bool {
		return w.status(0).Networks[0].PacketSize == 1252 && w.nodes[0].PayloadSize() == 1252-Overhead
	})
	w.run(20 * time.Second)
	for i := range w.nodes {
		if s := w.status(i).Networks[0]; s.PacketSize != 1252 || s.Peers[0].State != PathOK {
			t.Errorf("daemon %d: %+v", i, s)
		}
	}
	w.filter = nil
	w.until(8*time.Second, "raised again", func() bool { return w.nodes[0].PayloadSize() == 1420 })
}

// A4: a drop while running is found in under 5 s, with the other network alive
// and hearing undisturbed.
func TestPacketSizeDrop(t *testing.T) {
	for _, size := range []int{1464, 1400, 1000, 600} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			w := newWorld(t, 2, 2)
			w.form()
			g := w.nodes[0].HearingGeneration()
			w.filter = limit(1, size)
			found := func() bool { s := w.status(0).Networks[1].PacketSize; return s <= size && s > size*9/10-64 }
			took := w.until(5*time.Second, "drop found", found)
			t.Logf("after %v: %d", took, w.status(0).Networks[1].PacketSize)
			if w.nodes[0].HearingGeneration() != g {
				t.Error("hearing changed")
			}
			w.run(3 * time.Second)
			p := w.path(0, 1, 1)
			if want := map[bool]PathState{true: PathSmallPacketsOnly, false: PathOK}[size < 1252]; p.State != want {
				t.Errorf("path is %v, not %v", p.State, want)
			}
			if want := map[bool]int{true: 1420, false: w.status(0).Networks[1].PacketSize - Overhead}[size < 1252]; w.nodes[0].PayloadSize() != want {
				t.Errorf("payload size %d, not %d", w.nodes[0].PayloadSize(), want)
			}
		})
	}
}

// A3: both ends use the smaller interface, at once.
func TestPacketSizeOfThePeerInterface(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.nodes[1].SetPacketSize(0, 0, 1252)
	w.until(1200*ms, "size found", func() bool {
		return w.status(0).Networks[0].PacketSize == 1252 && w.nodes[0].PayloadSize() == 1252-Overhead
	})
}

// One peer with a small path does not make the network small for the others,
// and still gets what is larger, over its other network or in parts.
func TestOnePeerWithSmallPath(t *testing.T) {
	w := newWorld(t, 3, 2)
	small := func(f *flight) bool { return f.net != 0 || f.from != 2 && f.to != 2 || len(f.data) <= 800 }
	w.filter = small
	w.form()
	if n := w.status(0).Networks[0]; n.PacketSize != 1472 || n.Peers[1].State != PathSmallPacketsOnly || n.State != NetworkDegraded {
		t.Errorf("%+v", n)
	}
	big := strings.Repeat("x", 1400)
	w.multicast(0, big)
	w.run(10 * ms)
	w.filter = func(f *flight) bool { return small(f) && f.net == 0 }
	w.run(2 * time.Second)
	w.multicast(0, big+"y")
	w.run(10 * ms)
	for i := 1; i < 3; i++ {
		if p := w.payloads(i); len(p) != 2 || p[0] != big || p[1] != big+"y" {
			t.Errorf("daemon %d got %d packets", i, len(p))
		}
	}
}

// A payload larger than every network goes in parts, and up once.
func TestParts(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.form()
	w.multicast(0, strings.Repeat("a", 1420))
	w.multicast(0, strings.Repeat("b", 1421))
	w.multicast(0, strings.Repeat("c", 1413*32))
	w.multicast(0, strings.Repeat("d", 1413*32+1))
	w.run(20 * ms)
	for i := 1; i < 3; i++ {
		p := w.payloads(i)
		if len(p) != 3 || len(p[0]) != 1420 || p[1] != strings.Repeat("b", 1421) || p[2] != strings.Repeat("c", 1413*32) {
			t.Errorf("daemon %d got %d packets", i, len(p))
		}
	}
	if c := w.status(0).Counters; c.Oversize != 1 {
		t.Errorf("oversize %d", c.Oversize)
	}
}

// S20: bar is on network A only.
func TestDaemonOnOneNetwork(t *testing.T) {
	w := newWorld(t, 3, 2, func(c *Config) { c.Daemons[2].Addresses = c.Daemons[2].Addresses[:1] })
	w.form()
	for i := range w.nodes {
		if s := w.status(i); s.RedundancyLost {
			t.Errorf("daemon %d: redundancy lost", i)
		}
	}
	if n := w.status(0).Networks[1]; len(n.Peers) != 1 || n.State != NetworkUp {
		t.Errorf("%+v", n)
	}
	w.multicast(0, "all")
	w.nodes[0].Send(w.now, KindUpper, testID(2), true, []byte("one"))
	w.send(w.nodes[0])
	w.run(10 * ms)
	if p := w.payloads(2); len(p) != 2 {
		t.Errorf("single-homed daemon got %v", p)
	}
	w.filter = cut(0, -1, 2)
	w.run(time.Second)
	w.multicast(0, "not there")
	w.run(10 * ms)
	if p := w.payloads(2); len(p) != 2 {
		t.Errorf("got %v over a network it is not on", p)
	}
	// With a missing daemon no network is live.
	w.nodes[2].dead = true
	w.filter = nil
	w.run(3 * time.Second)
	if s := w.status(0); !s.RedundancyLost || s.Networks[0].State != NetworkDegraded {
		t.Errorf("with a dead daemon: redundancy lost %v, network %v", s.RedundancyLost, s.Networks[0].State)
	}
}

// Redundancy lost between two others shows here too.
func TestRedundancyOfOthers(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.form()
	w.filter = func(f *flight) bool { return f.net != 1 || f.from == 0 || f.to == 0 }
	w.until(1500*ms, "reported", func() bool { return w.status(0).RedundancyLost })
	if s := w.status(0); s.Networks[1].State != NetworkUp {
		t.Errorf("own end of the network: %v", s.Networks[1].State)
	}
}

func TestInterfaceDownAndSuspended(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	nd := w.nodes[0]
	nd.SetPacketSize(w.now, 0, 0)
	if s := w.status(0); s.Networks[0].State != NetworkDown || !s.RedundancyLost {
		t.Errorf("%v %v", s.Networks[0].State, s.RedundancyLost)
	}
	w.tap = func(f *flight) {
		if f.from == 0 && f.net == 0 {
			t.Errorf("sent over an interface that is down: kind %d", f.data[3])
		}
	}
	w.multicast(0, "down")
	w.run(time.Second)
	nd.SetPacketSize(w.now, 0, 1472)
	nd.Suspend(w.now, 0, true)
	w.tap = func(f *flight) {
		if k := Kind(f.data[3]); f.from == 0 && f.net == 0 && k != KindProbe && k != KindProbeReply {
			t.Errorf("sent over a suspended network: kind %d", k)
		}
	}
	w.multicast(0, "suspended")
	w.run(2 * time.Second)
	if s := w.status(0); s.Networks[0].State != NetworkSuspended || !s.RedundancyLost {
		t.Errorf("%v %v", s.Networks[0].State, s.RedundancyLost)
	}
	w.tap = nil
	nd.Suspend(w.now, 0, false)
	nd.SetPacketSize(w.now, 1, 0)
	w.run(2 * time.Second)
	w.multicast(0, "other")
	w.run(10 * ms)
	if p := w.payloads(1); len(p) != 3 {
		t.Errorf("got %v", p)
	}
	nd.SetPacketSize(w.now, 0, 0)
	w.multicast(0, "nowhere")
	if c := w.status(0).Counters; c.NoNetwork != 1 || nd.PayloadSize() < 1000 {
		t.Errorf("%+v, payload size %d", c, nd.PayloadSize())
	}
}

// S23: failover uses one network, the primary first, and never none.
func TestFailover(t *testing.T) {
	w := newWorld(t, 3, 2, func(c *Config) { c.Policy, c.Networks[1].Primary = Failover, true })
	w.form()
	used := map[NetworkID]int{}
	w.tap = func(f *flight) {
		if Kind(f.data[3]) >= KindUpper {
			used[f.net]++
		}
	}
	count := func(every bool) map[NetworkID]int {
		clear(used)
		w.nodes[0].Send(w.now, KindUpper, 0, every, []byte("x"))
		w.nodes[0].Send(w.now, KindUpper, testID(1), every, []byte("x"))
		w.send(w.nodes[0])
		return used
	}
	if u := count(false); u[0] != 0 || u[1] != 3 {
		t.Errorf("primary: %v", u)
	}
	if u := count(true); u[0] != 3 || u[1] != 3 {
		t.Errorf("every network: %v", u)
	}
	w.filter = cut(1, -1, -1)
	w.run(time.Second)
	if u := count(false); u[0] != 3 || u[1] != 0 {
		t.Errorf("after the primary failed: %v", u)
	}
	w.filter = nil
	w.run(time.Second)
	if u := count(false); u[0] != 3 || u[1] != 0 {
		t.Errorf("too early back to the primary: %v", u)
	}
	w.run(4 * time.Second)
	if u := count(false); u[0] != 0 || u[1] != 3 {
		t.Errorf("not back to the primary: %v", u)
	}
	w.filter = func(*flight) bool { return false }
	w.run(2 * time.Second)
	if u := count(false); len(u) == 0 {
		t.Error("no network at all")
	}
}

// A daemon with two addresses on a network is sent to at each.
func TestTwoAddresses(t *testing.T) {
	second := netip.MustParseAddrPort("10.77.2.99:4803")
	w := newWorld(t, 2, 2, func(c *Config) { c.Daemons[1].Addresses[1] = append(c.Daemons[1].Addresses[1], second) })
	w.nodes[0].Advance(0)
	w.nodes[0].Datagrams()
	w.nodes[0].Send(0, KindUpper, testID(1), false, []byte("x"))
	var to []netip.AddrPort
	for _, d := range w.nodes[0].Datagrams() {
		to = append(to, d.To)
	}
	if len(to) != 3 || to[1] != testAddr(1, 1) || to[2] != second {
		t.Errorf("sent to %v", to)
	}
}

// The ledger: who brought what first, late, alone or not at all.
func TestLedger(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.delay[1] = 5 * ms
	w.form()
	base := [2]PathStatus{w.path(1, 0, 0), w.path(1, 0, 1)}
	n := 0
	w.filter = func(f *flight) bool {
		if f.to != 1 || Kind(f.data[3]) < KindUpper {
			return true
		}
		n++
		return f.net != 0 || n%20 != 1
	}
	for range 200 {
		w.multicast(0, "x")
		w.run(ms)
	}
	w.run(400 * ms)
	a, b := w.path(1, 0, 0), w.path(1, 0, 1)
	if a.Missing-base[0].Missing != 20 || b.Rescued-base[1].Rescued != 20 || a.Rescued != 0 || b.Missing != 0 {
		t.Errorf("A %+v\nB %+v", a, b)
	}
	if first := a.First - base[0].First; first < 180 {
		t.Errorf("A was first %d times", first)
	}
	if late := b.Late - base[1].Late; late < 180 || b.First-base[1].First < 20 {
		t.Errorf("B: late %d", late)
	}
}

// A start is no alarm.
func TestNoAlarmWhileForming(t *testing.T) {
	w := newWorld(t, 3, 2)
	w.nodes[2].dead = true
	for i := range 400 {
		if i == 150 {
			w.boot(2)
		}
		w.run(10 * ms)
		for n := range w.nodes {
			if !w.nodes[n].dead && w.status(n).RedundancyLost {
				t.Fatalf("daemon %d: redundancy lost at %v", n, w.now)
			}
		}
	}
}

// A network that brings probes when their counters have long left the window
// shows as slow, not as silent, and as carrying full packets: as soon as it is
// in time again it must do for the other one. Old probes played back do not
// keep it alive.
func TestPathLaterThanTheWindow(t *testing.T) {
	w := newWorld(t, 2, 2)
	w.form()
	w.delay[1] = 2 * time.Second
	var recorded []*flight
	w.tap = func(f *flight) {
		if f.net == 1 && f.to == 0 && Kind(f.data[3]) == KindProbe {
			c := *f
			c.data = slices.Clone(f.data)
			recorded = append(recorded, &c)
		}
	}
	busy := func(d time.Duration) {
		for end := w.now + d; w.now < end; {
			for range 10 {
				w.multicast(1, "x")
			}
			w.run(ms)
		}
	}
	busy(10 * time.Second)
	if c := w.status(0).Counters; c.BeyondWindow == 0 {
		t.Fatal("nothing was below the window")
	}
	if p := w.path(0, 1, 1); p.State == PathSilent || !p.Slow || !w.status(0).RedundancyLost {
		t.Errorf("%+v", p)
	}
	for i := range w.nodes {
		if s := w.status(i).Networks[1]; s.PacketSize != w.status(i).Networks[0].PacketSize {
			t.Errorf("node %d holds that the late network carries %d bytes", i, s.PacketSize)
		}
	}
	w.tap, w.filter = nil, cut(1, -1, -1)
	busy(3 * time.Second)
	for range 20 {
		for _, f := range recorded[:10] {
			w.receive(w.nodes[0], 1, testAddr(1, 1), slices.Clone(f.data))
		}
		busy(50 * ms)
	}
	if p := w.path(0, 1, 1); p.State != PathSilent {
		t.Errorf("played back probes: %+v", p)
	}
}
