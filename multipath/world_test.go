package multipath

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// entropy is a deterministic source of randomness for tests.
type entropy struct{ r *rand.Rand }

func newEntropy(seed uint64) *entropy { return &entropy{rand.New(rand.NewPCG(seed, 77))} }

func (e *entropy) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e.r.Uint64())
	}
	return len(b), nil
}

const ms = time.Millisecond

// world joins several Multipaths over simulated networks in virtual time.
type world struct {
	t        testing.TB
	rand     *rand.Rand
	base     Config
	now      Time
	nodes    []*node
	inflight flights
	number   int
	loss     float64
	delay    [maxNetworks]time.Duration
	// filter decides about one datagram from one node to another; it may change
	// the network on which it arrives.
	filter func(f *flight) bool
	// tap sees everything that is sent.
	tap func(f *flight)
	// operator, if any, is reached at operatorAddr.
	operator *Operator
}

type node struct {
	*Multipath
	index   int
	dead    bool
	packets []Packet // accepted, payloads copied
	at      []Time
	command func(c Command)
}

type flight struct {
	at       Time
	number   int
	net      NetworkID
	from, to int // to -1: the operator
	data     []byte
}

type flights []*flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	return f[i].at < f[j].at || f[i].at == f[j].at && f[i].number < f[j].number
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(*flight)) }
func (f *flights) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

const operatorNode = 200

func testAddr(net, node int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, byte(net + 1), byte(node + 1)}), 4803)
}

func testID(i int) DaemonID { return DaemonID(0x1000 + i) }

func testKeys() []Key {
	return []Key{{ID: 7, Active: true, Secret: [32]byte{1, 2, 3}}, {ID: 8, Secret: [32]byte{9, 9}}}
}

// testConfig is a configuration of daemons on all of some networks.
func testConfig(daemons, networks int) Config {
	c := Config{
		Cluster: "test", Keys: testKeys(), FailureDetection: 500 * ms, Entropy: newEntropy(1), Self: testID(0),
		Incarnation: Incarnation{0: 0xaa, 15: 1},
	}
	for n := range networks {
		c.Networks = append(c.Networks, Network{Name: string(rune('A' + n)), Broadcast: n%2 == 0, PacketSize: 1472})
	}
	for i := range daemons {
		d := Daemon{ID: testID(i), Name: fmt.Sprintf("h%d", i+1)}
		for n := range networks {
			d.Addresses = append(d.Addresses, []netip.AddrPort{testAddr(n, i)})
		}
		c.Daemons = append(c.Daemons, d)
	}
	return c
}

func newWorld(t testing.TB, daemons, networks int, change ...func(*Config)) *world {
	w := &world{t: t, rand: rand.New(rand.NewPCG(4, 5)), base: testConfig(daemons, networks)}
	for _, f := range change {
		f(&w.base)
	}
	for i := range w.base.Daemons {
		w.nodes = append(w.nodes, &node{index: i})
		w.boot(i)
	}
	return w
}

// boot starts a new life of a daemon.
func (w *world) boot(i int) {
	w.t.Helper()
	c := w.base
	c.Networks = slices.Clone(c.Networks)
	c.Self = testID(i)
	c.Entropy = newEntropy(w.rand.Uint64())
	c.Entropy.Read(c.Incarnation[:])
	m, err := New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	m.SetBeacon([]byte{byte(i)}, true)
	*w.nodes[i] = node{Multipath: m, index: i}
}

// send takes what a node has queued and puts it on the wire.
func (w *world) send(nd *node) {
	if nd.dead {
		nd.Datagrams()
		return
	}
	for _, d := range nd.Datagrams() {
		w.wire(nd.index, d)
	}
}

func (w *world) wire(from int, d Datagram) {
	for to := range w.nodes {
		if d.To.IsValid() && d.To != testAddr(int(d.Network), to) {
			continue
		}
		if !d.To.IsValid() && to == from {
			continue
		}
		w.fly(&flight{net: d.Network, from: from, to: to, data: slices.Clone(d.Data)})
	}
	if d.To == testAddr(int(d.Network), operatorNode) {
		w.fly(&flight{net: d.Network, from: from, to: -1, data: slices.Clone(d.Data)})
	}
}

func (w *world) fly(f *flight) {
	f.at = w.now + 100*time.Microsecond + w.delay[f.net]
	w.number++
	f.number = w.number
	if w.tap != nil {
		w.tap(f)
	}
	if w.filter != nil && !w.filter(f) {
		return
	}
	if w.loss > 0 && w.rand.Float64() < w.loss {
		return
	}
	heap.Push(&w.inflight, f)
}

// next is the earliest time at which something happens.
func (w *world) next() Time {
	at := NoDeadline
	if len(w.inflight) > 0 {
		at = w.inflight[0].at
	}
	for _, nd := range w.nodes {
		if !nd.dead {
			at = min(at, nd.Deadline())
		}
	}
	if w.operator != nil {
		at = min(at, w.operator.Deadline())
	}
	return at
}

func (w *world) run(d time.Duration) {
	w.t.Helper()
	end := w.now + d
	for steps := 0; ; steps++ {
		at := w.next()
		if at > end {
			break
		}
		if steps > 3_000_000 {
			w.t.Fatal("no progress")
		}
		w.now = max(w.now, at)
		w.deliver()
		w.advance()
	}
	w.now = end
}

// until runs until something holds, and fails if it does not within d.
func (w *world) until(d time.Duration, what string, holds func() bool) time.Duration {
	w.t.Helper()
	begun := w.now
	for !holds() {
		if w.now-begun > d {
			w.t.Fatalf("not within %v: %s", d, what)
		}
		w.run(ms)
	}
	return w.now - begun
}

func (w *world) deliver() {
	for len(w.inflight) > 0 && w.inflight[0].at <= w.now {
		f := heap.Pop(&w.inflight).(*flight)
		from := testAddr(int(f.net), f.from)
		if f.to < 0 {
			w.operator.Receive(w.now, f.net, f.data)
			w.sendOperator()
			continue
		}
		nd := w.nodes[f.to]
		if nd.dead {
			continue
		}
		w.receive(nd, f.net, from, f.data)
		w.send(nd)
	}
}

func (w *world) receive(nd *node, net NetworkID, from netip.AddrPort, data []byte) {
	if p, ok := nd.Receive(w.now, net, from, data); ok {
		p.Payload = slices.Clone(p.Payload)
		nd.packets, nd.at = append(nd.packets, p), append(nd.at, w.now)
	}
	for _, c := range nd.Commands() {
		if nd.command != nil {
			nd.command(c)
		}
	}
}

func (w *world) advance() {
	for _, nd := range w.nodes {
		if !nd.dead && nd.Deadline() <= w.now {
			nd.Advance(w.now)
			w.send(nd)
		}
	}
	if w.operator != nil && w.operator.Deadline() <= w.now {
		w.operator.Advance(w.now)
		w.sendOperator()
	}
}

func (w *world) sendOperator() {
	for _, d := range w.operator.Datagrams() {
		w.wire(operatorNode, d)
	}
}

// multicast sends a payload of a node to all.
func (w *world) multicast(from int, payload string) {
	nd := w.nodes[from]
	nd.Send(w.now, KindUpper, 0, false, []byte(payload))
	w.send(nd)
}

func (w *world) mutual(a, b int) bool {
	for _, h := range w.nodes[a].Hearings() {
		if h.Daemon == testID(b) {
			return h.Mutual && h.Incarnation == w.nodes[b].short
		}
	}
	return false
}

func (w *world) allMutual() bool {
	for a, x := range w.nodes {
		for b, y := range w.nodes {
			if a != b && !x.dead && !y.dead && !w.mutual(a, b) {
				return false
			}
		}
	}
	return true
}

// form waits until all hear each other, and a little longer.
func (w *world) form() {
	w.t.Helper()
	w.until(time.Second, "all hear each other", w.allMutual)
	w.run(3 * time.Second)
}

func (w *world) path(a, b int, net NetworkID) PathStatus {
	w.t.Helper()
	for _, p := range w.nodes[a].Status(w.now).Networks[net].Peers {
		if p.Daemon == testID(b) {
			return p
		}
	}
	w.t.Fatalf("no path from %d to %d on %d", b, a, net)
	return PathStatus{}
}

func (w *world) payloads(i int) []string {
	var s []string
	for _, p := range w.nodes[i].packets {
		s = append(s, string(p.Payload))
	}
	return s
}
