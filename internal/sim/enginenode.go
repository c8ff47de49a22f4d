package sim

import (
	"encoding/binary"
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
	sessions map[groups.SessionID]*session // until their disconnect has been ordered
	opened   groups.SessionID
	taken    map[string]bool // private names of sessions that are closing
	dirty    []*session      // have staged items
	slow     []*session      // read a few items at a time
	full     bool            // refused something since Output.Room
	told     []int           // datagram sizes of the interfaces, as last told
	intact   bool            // the datagram being received has the bytes that were sent, under a key that is installed here
	entropy  *entropy
	tape     *tape // what it was given; nil: not recorded
	routing  routing
}

// clusterName is authenticated in every packet.
const clusterName = "sim"

// minPacket is the smallest datagram on which a network carries more than
// small packets (protocol rule 6), with room for the envelope.
const minPacket = 1280

func (w *World) newEngineNode(d *daemon) node {
	n := w.blankNode(d)
	n.entropy.prng = stream(w.plan.Seed, "entropy", d.slot, int(d.life))
	mc := w.multipathConfig(d)
	mc.Trace, mc.Entropy = n.traceMultipath, n.entropy
	c := engine.Config{Multipath: mc, Ring: w.ringConfig(d, &n.recorder), Agreed: n.traceAgreed}
	n.record(&c)
	n.start(c)
	return n
}

// blankNode is a node without its engine.
func (w *World) blankNode(d *daemon) *engineNode {
	n := &engineNode{recorder: recorder{w: w, d: d}, sessions: make(map[groups.SessionID]*session), taken: make(map[string]bool), entropy: &entropy{}}
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
	c.Keys = d.keysOf()
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
	n.intact = n.w.authentic(data) && n.w.installed(n.d, data)
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

// drain sends first, then hands events to their clients. What ends a session
// makes more of both.
func (n *engineNode) drain(now time.Duration, send func(network, to int, data []byte)) {
	n.note(act{kind: actDrain, now: now})
	for {
		out := n.engine.Output()
		n.sendAll(out.Datagrams, send)
		if out.Room {
			n.full = false
		}
		for i := range out.Events {
			if n.d.node == nil {
				return // it died while it sent
			}
			n.stage(&out.Events[i])
		}
		if !n.flush(now) {
			return
		}
	}
}

func (n *engineNode) sendAll(datagrams []multipath.Datagram, send func(network, to int, data []byte)) {
	for i := range datagrams {
		g := &datagrams[i]
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
		n.noteRoute(g, to)
		send(int(g.Network), to, g.Data)
	}
	n.noteRoute(nil, everyone)
}

// room tells whether the next request of a client may find room: in the ring,
// and its name free again if it has to open a session first.
func (n *engineNode) room(lane int) bool { return !n.full && !n.taken[privateName(lane)] }

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

// sizes sums up the layers. What ghosts have begun is dropped after a while.
func (n *engineNode) sizes() *trace.Sizes {
	s := n.engine.Sizes()
	out := idleSizes(s.Ring)
	out.Waiting += s.Waiting
	if n.w.now > n.w.ghostsGone() {
		out.Parts, out.Timers = s.Multipath.Parts, out.Timers+s.Multipath.Candidates
	}
	return out
}

func (n *engineNode) counters() ring.Counters {
	return n.engine.Status(n.d.local(n.w.now)).Ring.Counters
}
