package sim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mpspread/groups"
	"mpspread/internal/engine"
	"mpspread/internal/trace"
	"mpspread/multipath"
	"mpspread/ring"
)

// engineNode is a daemon as it is, without its sockets: real datagrams, sealed
// or not, real sessions.
type engineNode struct {
	recorder
	engine   engineCore
	sessions map[groups.SessionID]*session
	opened   groups.SessionID
	full     bool  // refused something since Output.Room
	told     []int // datagram sizes of the interfaces, as last told
	intact   bool  // the datagram being received has the bytes that were sent
	entropy  *entropy
	tape     *tape // what it was given; nil: not recorded
}

// clusterName is authenticated in every packet.
const clusterName = "sim"

// session is a client of an engineNode.
type session struct {
	id      groups.SessionID
	client  uint64
	private string
	joined  map[string]bool // asked to join, and not asked to leave since
}

// minPacket is the smallest datagram on which a network carries more than
// small packets (protocol rule 6), with room for the envelope.
const minPacket = 1280

func (w *World) newEngineNode(d *daemon) node {
	n := w.blankNode(d)
	n.entropy.prng = stream(w.plan.Seed, "entropy", d.slot, int(d.life))
	mc := w.multipathConfig(d)
	mc.Trace, mc.Entropy = n.traceMultipath, n.entropy
	c := engine.Config{Multipath: mc, Ring: w.ringConfig(d, &n.recorder)}
	n.record(&c)
	n.start(c)
	return n
}

// blankNode is a node without its engine.
func (w *World) blankNode(d *daemon) *engineNode {
	n := &engineNode{recorder: recorder{w: w, d: d}, sessions: make(map[groups.SessionID]*session), entropy: &entropy{}}
	for range w.plan.Networks {
		n.told = append(n.told, packetSize(w.plan.PayloadSize))
	}
	return n
}

func (n *engineNode) start(c engine.Config) {
	e, err := n.w.newEngine(n.d, c, &n.entropy.prng)
	if err != nil {
		panic(fmt.Sprintf("sim: an engine is refused: %v", err))
	}
	n.engine = e
}

func (w *World) multipathConfig(d *daemon) multipath.Config {
	p := w.plan
	c := multipath.Config{
		Cluster: clusterName, Self: multipath.DaemonID(d.process.Daemon), FailureDetection: p.FailureDetection,
		Plaintext: p.Plaintext, StartCounter: p.StartCounter,
	}
	binary.BigEndian.PutUint64(c.Incarnation[:], uint64(d.process.Incarnation))
	binary.BigEndian.PutUint64(c.Incarnation[8:], d.rand.next())
	if p.Failover {
		c.Policy = multipath.Failover
	}
	c.Keys = w.keysOf(d)
	for i := range p.Networks {
		c.Networks = append(c.Networks, multipath.Network{
			Name: string(rune('A' + i)), Broadcast: p.Transports[i] == Broadcast, Primary: i == 0, PacketSize: packetSize(p.PayloadSize),
		})
	}
	for i, id := range p.Order {
		daemon := multipath.Daemon{ID: multipath.DaemonID(id), Name: fmt.Sprintf("h%d", i)}
		for net := range p.Networks {
			var list []netip.AddrPort
			if p.on(i, net) {
				list = append(list, address(net, i))
			}
			daemon.Addresses = append(daemon.Addresses, list)
		}
		c.Daemons = append(c.Daemons, daemon)
	}
	return c
}

// address is where the daemon at position i is on a network.
func address(network, i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(network), 0, byte(i + 1)}), 4803)
}

func (n *engineNode) receive(now time.Duration, network, from int, data []byte) {
	if n.tape != nil {
		n.note(act{kind: actReceive, now: now, network: network, from: from, data: append([]byte(nil), data...)})
	}
	n.intact = n.w.authentic(data)
	n.engine.Receive(now, multipath.NetworkID(network), address(network, from), data)
}

func (n *engineNode) advance(now time.Duration) {
	n.note(act{kind: actAdvance, now: now})
	n.engine.Advance(now)
}

func (n *engineNode) deadline() time.Duration {
	if d := n.engine.Deadline(); d != engine.NoDeadline {
		return d
	}
	return ring.NoDeadline
}

// drain sends first, then hands events to their clients.
func (n *engineNode) drain(now time.Duration, send func(network, to int, data []byte)) {
	n.note(act{kind: actDrain, now: now})
	out := n.engine.Output()
	for i := range out.Datagrams {
		g := &out.Datagrams[i]
		to := everyone
		if most := n.told[g.Network]; len(g.Data) > most {
			n.w.checker.Broke(fmt.Sprintf("a datagram of %d bytes for an interface that takes %d", len(g.Data), most))
		}
		n.w.noteSent(n.d.process, g.Data)
		n.w.nonces.check(n.w, g.Data)
		if n.tape != nil && g.Data[envelopeKind] == byte(multipath.KindHello) {
			n.tape.hellos = append(n.tape.hellos, n.w.now)
		}
		if g.To.IsValid() {
			to = int(g.To.Addr().As4()[3]) - 1
		}
		send(int(g.Network), to, g.Data)
	}
	if out.Room {
		n.full = false
	}
	for i := range out.Events {
		if n.d.node == nil {
			return // it died while it sent
		}
		n.handOver(&out.Events[i])
	}
}

// handOver writes down what clients receive.
func (n *engineNode) handOver(e *groups.Event) {
	for _, id := range e.Sessions {
		s := n.sessions[id]
		if s == nil {
			n.w.checker.Broke(fmt.Sprintf("an event for session %d, which is not open", id))
			return
		}
		out := trace.Event{Client: s.client}
		switch e.Kind {
		case groups.EventMessage:
			out.Kind = trace.ClientDeliver
			out.Message = trace.Message{Service: e.Message.Service, Groups: e.Message.Groups}
			describe(&out.Message, e.Message.Data)
		case groups.EventMembership:
			out.Kind, out.View, out.Text = trace.ClientView, viewOf(e), s.private
		case groups.EventTransition:
			out.Kind = trace.ClientSignal
			out.View = &trace.View{Group: e.Group, ID: [3]int32{e.ID.Ring, e.ID.Epoch, e.ID.Index}}
		case groups.EventSelfLeave:
			out.Kind, out.View = trace.ClientLeave, &trace.View{Group: e.Group}
		case groups.EventClosed:
			out.Kind, out.Text = trace.ClientClose, "closed"
			delete(n.sessions, id)
		case groups.EventReject:
			n.w.checker.Broke(fmt.Sprintf("client %d is rejected", s.client))
			return
		}
		n.w.emit(n.d, &out)
	}
}

func viewOf(e *groups.Event) *trace.View {
	m := e.Membership
	return &trace.View{
		Group: m.Group, ID: [3]int32{m.ID.Ring, m.ID.Epoch, m.ID.Index}, Cause: uint8(m.Cause), Members: m.Members, Sets: m.Sets, Own: e.Own,
	}
}

func (n *engineNode) room(int) bool { return !n.full }

// packetSize is the datagram for a payload.
func packetSize(payload int) int {
	if payload == 0 {
		return 0 // the interface is down
	}
	return max(payload, minPacket) + multipath.Overhead
}

func (n *engineNode) resize(now time.Duration, network, size int) {
	n.note(act{kind: actResize, now: now, network: network, from: size})
	n.told[network] = packetSize(size)
	n.engine.SetPacketSize(now, multipath.NetworkID(network), packetSize(size))
}

func (n *engineNode) leave(now time.Duration) {
	n.note(act{kind: actLeave, now: now})
	n.engine.Stop(now)
}

func (n *engineNode) state() ring.State { return n.engine.Status(n.d.local(n.w.now)).Ring.State }

// sizes sums up the layers.
func (n *engineNode) sizes() *trace.Sizes {
	s := n.engine.Sizes()
	out := idleSizes(s.Ring)
	out.Waiting += s.Waiting
	out.Parts, out.Timers = s.Multipath.Parts, out.Timers+s.Multipath.Candidates
	return out
}

func (n *engineNode) counters() ring.Counters {
	return n.engine.Status(n.d.local(n.w.now)).Ring.Counters
}

// do carries out a client's request. A client without a session opens one
// first and joins the first group.
func (n *engineNode) do(now time.Duration, number int, q *lane, m message) bool {
	n.note(act{kind: actDo, now: now, from: number, client: q.client, counter: q.counter, message: m})
	if q.session == nil && !n.open(now, number, q) {
		return true // the name is still taken: this client has bad luck
	}
	s, group := q.session, fmt.Sprintf("g%d", m.group)
	var err error
	switch m.action {
	case Join:
		if err = n.engine.Join(now, s.id, group); err == nil {
			s.joined[group] = true
		}
	case Quit:
		if err = n.engine.Leave(now, s.id, group); err == nil {
			delete(s.joined, group)
		}
	case Close:
		err = n.engine.Close(now, s.id)
		q.session = nil
		if !n.d.shadow {
			n.w.clients++
		}
		q.client, q.counter = n.w.clients, 0
	default:
		err = n.multicast(now, q, m, group)
	}
	switch {
	case errors.Is(err, ring.ErrWindowFull):
		n.full = true
		return false
	case err != nil && !errors.Is(err, ring.ErrLeft):
		n.w.checker.Broke(fmt.Sprintf("client %d, %s: %v", q.client, m.action, err))
	}
	return true
}

func (n *engineNode) open(now time.Duration, number int, q *lane) bool {
	n.opened++
	private, err := n.engine.Open(now, n.opened, fmt.Sprintf("c%d", number), true)
	if errors.Is(err, groups.ErrNotUnique) {
		private, err = n.engine.Open(now, n.opened, "", true)
	}
	if err != nil {
		return false
	}
	q.session = &session{id: n.opened, client: q.client, private: private, joined: make(map[string]bool)}
	n.sessions[n.opened] = q.session
	if n.engine.Join(now, n.opened, "g0") == nil {
		q.session.joined["g0"] = true
	}
	return true
}

func (n *engineNode) multicast(now time.Duration, q *lane, m message, group string) error {
	e := trace.Event{Kind: trace.ClientSend, Client: q.client, First: q.session.joined[group], Message: trace.Message{Service: m.service, Groups: []string{group}}}
	data := appendPayload(nil, q.client, q.counter+1, m.size)
	describe(&e.Message, data)
	var err error
	taken := n.w.handIn(n.d, &e, func() bool {
		err = n.engine.Multicast(now, q.session.id, &groups.Multicast{Service: m.service, Groups: []string{group}, Data: data})
		return err == nil
	})
	if taken {
		q.counter++
	}
	return err
}
