package engine

import (
	"container/heap"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"mpspread/groups"
	"mpspread/multipath"
	"mpspread/ring"
)

// network is daemons on virtual networks in virtual time.
type network struct {
	t       *testing.T
	now     Time
	tie     uint64
	flights flights
	hosts   []*host
	cut     map[multipath.NetworkID]bool
	side    map[string]int // hosts of different sides do not hear each other
	delay   Time
}

// host is a daemon and the address book that all have.
type host struct {
	*Engine
	net    *network
	name   string
	dead   bool
	events []groups.Event
	confs  []*ring.Configuration
	cmds   []Command
	room   int
}

// flight is a datagram under way.
type flight struct {
	at   Time
	tie  uint64
	to   *host
	net  multipath.NetworkID
	from netip.AddrPort
	data []byte
}

type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	return f[i].at < f[j].at || f[i].at == f[j].at && f[i].tie < f[j].tie
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

const (
	testNetworks  = 2
	testDetection = 500 * time.Millisecond
)

func address(net, daemon int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, byte(net + 1), byte(daemon + 1)}), 4803)
}

func newNetwork(t *testing.T, names ...string) *network {
	n := &network{t: t, cut: make(map[multipath.NetworkID]bool), side: make(map[string]int), delay: 100 * time.Microsecond}
	for i := range names {
		n.hosts = append(n.hosts, n.boot(names, i, 1))
	}
	return n
}

// boot starts a life of a daemon.
func (n *network) boot(names []string, self int, life uint64) *host {
	cfg := Config{
		Multipath: multipath.Config{
			Cluster:          "test",
			Self:             multipath.DaemonID(self + 1),
			Plaintext:        true,
			FailureDetection: testDetection,
			Entropy:          entropy(uint64(self), life),
		},
		Ring: ring.Config{Epoch: 1000 + life, Hash: 1},
	}
	for net := range testNetworks {
		cfg.Multipath.Networks = append(cfg.Multipath.Networks, multipath.Network{Name: string(rune('A' + net)), PacketSize: 1472})
	}
	for i, name := range names {
		d := multipath.Daemon{ID: multipath.DaemonID(i + 1), Name: name}
		for net := range testNetworks {
			d.Addresses = append(d.Addresses, []netip.AddrPort{address(net, i)})
		}
		cfg.Multipath.Daemons = append(cfg.Multipath.Daemons, d)
	}
	io.ReadFull(cfg.Multipath.Entropy, cfg.Multipath.Incarnation[:])
	e, err := New(cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	h := &host{Engine: e, net: n, name: names[self]}
	n.take(h)
	return h
}

func entropy(a, b uint64) io.Reader {
	var seed [32]byte
	seed[0], seed[1] = byte(a), byte(b)
	return rand.NewChaCha8(seed)
}

// take obeys what an engine put out.
func (n *network) take(h *host) {
	out := h.Output()
	for _, d := range out.Datagrams {
		for i, to := range n.hosts {
			if to.dead || n.cut[d.Network] || n.side[to.name] != n.side[h.name] || d.To != address(int(d.Network), i) {
				continue
			}
			n.tie++
			heap.Push(&n.flights, flight{
				at: n.now + n.delay, tie: n.tie, to: to, net: d.Network,
				from: address(int(d.Network), n.position(h)), data: append([]byte(nil), d.Data...),
			})
		}
	}
	h.events = append(h.events, out.Events...)
	h.confs = append(h.confs, out.Conf...)
	h.cmds = append(h.cmds, out.Commands...)
	if out.Room {
		h.room++
	}
}

func (n *network) position(h *host) int {
	for i := range n.hosts {
		if n.hosts[i].name == h.name {
			return i
		}
	}
	n.t.Fatalf("unknown host %s", h.name)
	return 0
}

// step does what is due next, and tells whether that was before the limit.
func (n *network) step(limit Time) bool {
	at, who := limit, (*host)(nil)
	for _, h := range n.hosts {
		if d := h.Deadline(); !h.dead && d < at {
			at, who = max(d, n.now), h
		}
	}
	if len(n.flights) > 0 && n.flights[0].at <= at {
		f := heap.Pop(&n.flights).(flight)
		n.now = f.at
		if !f.to.dead {
			f.to.Receive(n.now, f.net, f.from, f.data)
			n.take(f.to)
		}
		return true
	}
	if who == nil {
		n.now = limit
		return false
	}
	n.now = at
	who.Advance(n.now)
	n.take(who)
	return true
}

func (n *network) run(d Time) {
	for end := n.now + d; n.step(end); {
	}
}

// until runs until something holds, and fails if it does not in time.
func (n *network) until(what string, limit Time, holds func() bool) {
	n.t.Helper()
	for end := n.now + limit; !holds(); {
		if !n.step(end) {
			n.t.Fatalf("after %v: not %s", limit, what)
		}
	}
}

// together tells that these hosts are operational in one ring of just them.
func (n *network) together(hosts ...*host) bool {
	for _, h := range hosts {
		s := h.Status(n.now)
		if s.Ring.State != ring.Operational || len(s.Ring.Members) != len(hosts) || s.GroupsState != "operational" ||
			s.Ring.Ring != hosts[0].Status(n.now).Ring.Ring {
			return false
		}
	}
	return true
}

func (n *network) do(h *host, err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatalf("%s: %v", h.name, err)
	}
	n.take(h)
}

func (h *host) open(id groups.SessionID, name string) string {
	h.net.t.Helper()
	private, err := h.Open(h.net.now, id, name, true)
	h.net.do(h, err)
	return private
}

func (h *host) join(id groups.SessionID, group string) {
	h.net.t.Helper()
	h.net.do(h, h.Join(h.net.now, id, group))
}

// send multicasts, waiting for room as a driver does.
func (h *host) send(id groups.SessionID, data, group string) {
	h.net.t.Helper()
	for {
		room := h.room
		err := h.Multicast(h.net.now, id, &groups.Multicast{Service: ring.Agreed, Groups: []string{group}, Data: []byte(data)})
		h.net.take(h)
		if err == nil {
			return
		}
		if err != ring.ErrWindowFull {
			h.net.t.Fatal(err)
		}
		h.net.until("room", time.Second, func() bool { return h.room > room })
	}
}

// count counts the messages that came for any session.
func (h *host) count() int {
	n := 0
	for i := range h.events {
		if h.events[i].Kind == groups.EventMessage {
			n++
		}
	}
	return n
}

// messages lists the data that a session got.
func (h *host) messages(id groups.SessionID) (list []string) {
	for _, e := range h.events {
		if e.Kind != groups.EventMessage {
			continue
		}
		for _, s := range e.Sessions {
			if s == id {
				list = append(list, string(e.Message.Data))
			}
		}
	}
	return list
}

// views lists the members in the memberships that a session got.
func (h *host) views(id groups.SessionID) (list []*groups.Membership) {
	for _, e := range h.events {
		if e.Kind != groups.EventMembership {
			continue
		}
		for _, s := range e.Sessions {
			if s == id {
				list = append(list, e.Membership)
			}
		}
	}
	return list
}
