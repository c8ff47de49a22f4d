package sim

import (
	"bufio"
	"encoding/gob"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"time"

	"mpspread/groups"
	"mpspread/internal/engine"
	"mpspread/internal/trace"
	"mpspread/multipath"
	"mpspread/ring"
)

// Peer is another build of the simulator, which hosts some of the cores of a
// run (Options.Other). It belongs to one goroutine and serves one run at a
// time. When the connection fails the run ends in a violation of RNG-6 that
// says so.
type Peer struct {
	in    *gob.Decoder
	out   *gob.Encoder
	flush func() error
	cores int
}

// NewPeer greets a process that runs Serve, whose output is r and input w.
func NewPeer(r io.Reader, w io.Writer) (*Peer, error) {
	out := bufio.NewWriter(w)
	p := &Peer{in: gob.NewDecoder(bufio.NewReader(r)), out: gob.NewEncoder(out), flush: out.Flush}
	if err := p.say(peerGreeting{peerVersion}); err != nil {
		return nil, fmt.Errorf("sim: other build: %w", err)
	}
	var hello peerGreeting
	if err := p.in.Decode(&hello); err != nil {
		return nil, fmt.Errorf("sim: other build: %w", err)
	}
	if hello.Version != peerVersion {
		return nil, fmt.Errorf("sim: other build: it speaks version %d, this one %d", hello.Version, peerVersion)
	}
	return p, nil
}

func (p *Peer) say(v any) error {
	if err := p.out.Encode(v); err != nil {
		return err
	}
	return p.flush()
}

// call makes a call and waits for its answer.
func (p *Peer) call(c *call) *answer {
	if err := p.say(c); err != nil {
		panic(fmt.Sprintf("the other build does not listen: %v", err))
	}
	a := &answer{}
	if err := p.in.Decode(a); err != nil {
		panic(fmt.Sprintf("the other build does not answer: %v", err))
	}
	return a
}

// reset forgets the cores of the run before.
func (p *Peer) reset() {
	p.call(&call{Kind: callReset})
	p.cores = 0
}

// remote is a core of the other build.
type remote struct {
	peer      *Peer
	core      int
	rand      *prng // the daemon's entropy, which the core draws from
	ring      func(now time.Duration, e *ring.TraceEvent)
	multipath func(now time.Duration, e *multipath.TraceEvent)
	agreed    func(now time.Duration, a groups.Agreement)
	confs     map[trace.ConfID]*ring.Configuration
}

func (p *Peer) newRemote() *remote {
	p.cores++
	return &remote{peer: p, core: p.cores - 1, confs: make(map[trace.ConfID]*ring.Configuration)}
}

func (p *Peer) newRing(c ring.Config) ringCore {
	m := p.newRemote()
	m.ring = c.Trace
	c.Trace = nil
	m.do(&call{Kind: callNewRing, Ring: &c})
	return &remoteRing{m}
}

func (p *Peer) newEngine(c engine.Config, rand *prng) (engineCore, error) {
	m := p.newRemote()
	m.rand, m.ring, m.multipath, m.agreed = rand, c.Ring.Trace, c.Multipath.Trace, c.Agreed
	c.Ring.Trace, c.Multipath.Trace, c.Agreed, c.Multipath.Entropy = nil, nil, nil, nil
	a := m.do(&call{Kind: callNewEngine, Engine: &c, Random: rand.s})
	return &remoteEngine{m}, errorNamed(a.Err)
}

// do makes a call on the core, and the calls of the trace that it led to.
func (m *remote) do(c *call) *answer {
	c.Core = m.core
	a := m.peer.call(c)
	if m.rand != nil {
		m.rand.s = a.Random
	}
	for i := range a.Traced {
		t := &a.Traced[i]
		switch {
		case t.Ring != nil:
			t.Ring.Conf = m.conf(t.Ring.Conf)
			m.ring(t.Now, t.Ring)
		case t.Multipath != nil:
			m.multipath(t.Now, t.Multipath)
		case t.Agreed != nil:
			m.agreed(t.Now, *t.Agreed)
		}
	}
	if a.Panic != "" {
		panic(a.Panic)
	}
	return a
}

// conf makes one of the copies of a configuration: within a core it is one.
func (m *remote) conf(c *ring.Configuration) *ring.Configuration {
	if c == nil {
		return nil
	}
	id := trace.IDOf(c)
	if known := m.confs[id]; known != nil && reflect.DeepEqual(known, c) {
		return known
	}
	m.confs[id] = c
	return c
}

// remoteRing is a ring.Ring of the other build.
type remoteRing struct{ *remote }

func (r *remoteRing) Receive(now time.Duration, from ring.Process, kind ring.Kind, payload []byte) {
	r.do(&call{Kind: callReceive, Now: now, From: from, Packet: kind, Data: payload})
}

func (r *remoteRing) Submit(now time.Duration, lane ring.Lane, service ring.Service, payload []byte) error {
	return errorNamed(r.do(&call{Kind: callSubmit, Now: now, Lane: lane, Service: service, Data: payload}).Err)
}

func (r *remoteRing) Advance(now time.Duration) { r.do(&call{Kind: callAdvance, Now: now}) }

func (r *remoteRing) Deadline() time.Duration { return r.do(&call{Kind: callDeadline}).Deadline }

func (r *remoteRing) Sends() []ring.Send { return r.do(&call{Kind: callSends}).Sends }

func (r *remoteRing) Deliveries() []ring.Delivery {
	list := r.do(&call{Kind: callDeliveries}).Deliveries
	for i := range list {
		list[i].Conf = r.conf(list[i].Conf)
	}
	return list
}

func (r *remoteRing) SetHearing(now time.Duration, list []ring.Hearing) {
	r.do(&call{Kind: callHearing, Now: now, Hearing: list})
}

func (r *remoteRing) SetPayloadSize(now time.Duration, n int) {
	r.do(&call{Kind: callPayloadSize, Now: now, Size: n})
}

func (r *remoteRing) Beacon() []byte { return r.do(&call{Kind: callBeacon}).Beacon }

func (r *remoteRing) FastHello() bool { return r.do(&call{Kind: callFastHello}).Yes }

func (r *remoteRing) Room(lane ring.Lane) bool { return r.do(&call{Kind: callRoom, Lane: lane}).Yes }

func (r *remoteRing) Leave(now time.Duration) { r.do(&call{Kind: callLeave, Now: now}) }

func (r *remoteRing) Status() ring.Status { return *r.do(&call{Kind: callStatus}).RingStatus }

func (r *remoteRing) Sizes() ring.Sizes { return *r.do(&call{Kind: callSizes}).RingSizes }

// remoteEngine is an engine.Engine of the other build.
type remoteEngine struct{ *remote }

func (e *remoteEngine) Receive(now time.Duration, network multipath.NetworkID, from netip.AddrPort, data []byte) {
	e.do(&call{Kind: callReceive, Now: now, Network: network, Address: from, Data: data})
}

func (e *remoteEngine) Advance(now time.Duration) { e.do(&call{Kind: callAdvance, Now: now}) }

func (e *remoteEngine) Deadline() time.Duration { return e.do(&call{Kind: callDeadline}).Deadline }

func (e *remoteEngine) Output() *engine.Output {
	if out := e.do(&call{Kind: callOutput}).Output; out != nil {
		return out
	}
	return &engine.Output{}
}

func (e *remoteEngine) Open(now time.Duration, id groups.SessionID, name string, membership bool) (string, error) {
	a := e.do(&call{Kind: callOpen, Now: now, Session: id, Name: name, Membership: membership})
	return a.Private, errorNamed(a.Err)
}

func (e *remoteEngine) Join(now time.Duration, id groups.SessionID, group string) error {
	return errorNamed(e.do(&call{Kind: callJoin, Now: now, Session: id, Name: group}).Err)
}

func (e *remoteEngine) Leave(now time.Duration, id groups.SessionID, group string) error {
	return errorNamed(e.do(&call{Kind: callLeaveGroup, Now: now, Session: id, Name: group}).Err)
}

func (e *remoteEngine) Multicast(now time.Duration, id groups.SessionID, m *groups.Multicast) error {
	return errorNamed(e.do(&call{Kind: callMulticast, Now: now, Session: id, Multicast: m}).Err)
}

func (e *remoteEngine) Close(now time.Duration, id groups.SessionID) error {
	return errorNamed(e.do(&call{Kind: callClose, Now: now, Session: id}).Err)
}

func (e *remoteEngine) SetPacketSize(now time.Duration, network multipath.NetworkID, size int) {
	e.do(&call{Kind: callPacketSize, Now: now, Network: network, Size: size})
}

func (e *remoteEngine) SetKeys(now time.Duration, keys []multipath.Key) error {
	return errorNamed(e.do(&call{Kind: callSetKeys, Now: now, Keys: keys}).Err)
}

func (e *remoteEngine) Suspend(now time.Duration, network multipath.NetworkID, suspended bool) {
	e.do(&call{Kind: callSuspend, Now: now, Network: network, Yes: suspended})
}

func (e *remoteEngine) Reverted() bool { return e.do(&call{Kind: callReverted}).Yes }

func (e *remoteEngine) Stop(now time.Duration) { e.do(&call{Kind: callLeave, Now: now}) }

func (e *remoteEngine) Status(now time.Duration) engine.Status {
	return *e.do(&call{Kind: callStatus, Now: now}).EngineStatus
}

func (e *remoteEngine) Sizes() engine.Sizes { return *e.do(&call{Kind: callSizes}).EngineSizes }
