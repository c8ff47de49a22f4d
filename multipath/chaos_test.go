package multipath

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// chaos draws faults for a world: loss, delay, cuts of directions, corruption,
// copies and late replays, restarts.
type chaos struct {
	w        *world
	rand     *rand.Rand
	cut      map[[3]int]bool
	corrupt  float64
	repeat   float64
	recorded []*flight
}

func (c *chaos) change() {
	w := c.w
	switch c.rand.IntN(8) {
	case 0:
		w.loss = c.rand.Float64() * 0.4
	case 1:
		w.delay[c.rand.IntN(2)] = time.Duration(c.rand.IntN(300)) * ms
	case 2:
		c.cut[[3]int{c.rand.IntN(2), c.rand.IntN(3), c.rand.IntN(3)}] = true
	case 3:
		clear(c.cut)
	case 4:
		c.corrupt, c.repeat = c.rand.Float64()*0.2, c.rand.Float64()
	case 5:
		i := c.rand.IntN(3)
		w.nodes[i].dead = true
		w.run(time.Duration(c.rand.IntN(200)) * ms)
		kept := *w.nodes[i]
		w.boot(i)
		w.nodes[i].packets, w.nodes[i].at = kept.packets, kept.at
	case 6:
		nd := w.nodes[c.rand.IntN(3)]
		nd.SetPacketSize(w.now, NetworkID(c.rand.IntN(2)), []int{0, 600, 1252, 1472}[c.rand.IntN(4)])
		w.send(nd)
	case 7:
		w.loss, c.corrupt, c.repeat = 0, 0, 0
		w.delay = [maxNetworks]time.Duration{}
	}
}

func (c *chaos) filter(f *flight) bool {
	if f.from < 0 || f.to < 0 || c.cut[[3]int{int(f.net), f.from, f.to}] {
		return false
	}
	if len(c.recorded) < 3000 {
		g := *f
		g.data = slices.Clone(f.data)
		c.recorded = append(c.recorded, &g)
	}
	if c.rand.Float64() < c.corrupt {
		f.data[c.rand.IntN(len(f.data))] ^= 1 << c.rand.IntN(8)
	}
	return true
}

// replay gives a node something old, or something twice, on any network.
func (c *chaos) replay() {
	if len(c.recorded) == 0 || c.rand.Float64() > c.repeat {
		return
	}
	f := c.recorded[c.rand.IntN(len(c.recorded))]
	for range 1 + c.rand.IntN(3) {
		net := NetworkID(c.rand.IntN(2))
		c.w.receive(c.w.nodes[f.to], net, testAddr(int(f.net), f.from), slices.Clone(f.data))
		c.w.send(c.w.nodes[f.to])
	}
}

// Under all that no payload comes up twice at a life, none that was not sent,
// none of a life that is over (MPX-1, MPX-4), and in quiet all is well again.
func TestChaos(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, 3, 2)
			c := &chaos{w: w, rand: rand.New(rand.NewPCG(seed, 1)), cut: map[[3]int]bool{}}
			w.filter = c.filter
			sent := uint64(0)
			payload := func() string {
				sent++
				return string(binary.BigEndian.AppendUint64(make([]byte, c.rand.IntN(2500)), sent))
			}
			for range 400 {
				if c.rand.IntN(10) == 0 {
					c.change()
				}
				for range c.rand.IntN(20) {
					w.multicast(c.rand.IntN(3), payload())
					c.replay()
				}
				w.run(time.Duration(c.rand.IntN(50)) * ms)
			}
			w.filter, w.loss, w.delay = nil, 0, [maxNetworks]time.Duration{}
			for i, nd := range w.nodes {
				for n := range 2 {
					nd.SetPacketSize(w.now, NetworkID(n), 1472)
				}
				seen := map[uint64]bool{}
				for _, p := range nd.packets {
					number := binary.BigEndian.Uint64(p.Payload[len(p.Payload)-8:])
					// A daemon that restarted keeps its list here, but not its memory: even
					// so nothing old may come up again.
					if seen[number] || number > sent {
						t.Fatalf("daemon %d: payload %d came up again, or was never sent", i, number)
					}
					seen[number] = true
				}
				if len(seen) == 0 {
					t.Errorf("daemon %d got nothing", i)
				}
			}
			w.until(2*time.Second, "all hear each other", w.allMutual)
			w.run(15 * time.Second)
			for i := range w.nodes {
				s := w.status(i)
				if s.RedundancyLost || s.Networks[0].State != NetworkUp || s.Networks[1].State != NetworkUp || w.nodes[i].PayloadSize() != 1420 {
					t.Errorf("daemon %d in quiet: %v %v %v %d", i, s.RedundancyLost, s.Networks[0].State, s.Networks[1].State, w.nodes[i].PayloadSize())
				}
				for _, d := range w.nodes[i].daemons {
					if d.life != nil && len(d.life.parts.open)+len(d.life.hellos.open)+len(d.candidates) != 0 {
						t.Errorf("daemon %d keeps begun payloads or candidates of %s", i, d.Name)
					}
				}
				if w.nodes[i].Reverted() {
					t.Errorf("daemon %d believes it was reverted", i)
				}
			}
		})
	}
}

// Same calls, same output, bit for bit (house-style, the core).
func TestDeterministic(t *testing.T) {
	run := func() (trace []byte) {
		w := newWorld(t, 3, 2)
		w.loss = 0.1
		w.tap = func(f *flight) {
			trace = binary.BigEndian.AppendUint64(trace, uint64(f.at))
			trace = append(trace, f.data...)
		}
		w.run(2 * time.Second)
		return trace
	}
	if a, b := run(), run(); len(a) == 0 || !slices.Equal(a, b) {
		t.Error("two runs differ")
	}
}
