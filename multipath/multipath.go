package multipath

import (
	"crypto/cipher"
	"fmt"
	"io"
	"math"
	"net/netip"
	"time"
)

// NoDeadline is what Deadline returns when nothing is to be done.
const NoDeadline Time = math.MaxInt64

// Multipath is one daemon's end of all its networks. One goroutine owns it.
type Multipath struct {
	cfg        Config
	env        *envelope
	keys       subkeys // own
	activeKey  uint8
	short      uint64 // own incarnation
	networks   []*network
	preference []*network // for failover
	daemons    []*daemon  // configuration order
	sorted     []*daemon  // by id
	byID       map[DaemonID]*daemon
	self       *daemon

	// Times derived from the failure detection time.
	lateAge     time.Duration // a quarter: packets and paths slower than that are late
	hearingTime time.Duration // three quarters
	helloSlow   time.Duration
	helloFast   time.Duration
	tickTime    time.Duration // half the maximum skew

	now         Time
	started     bool
	counter     uint64 // of the last packet sent
	partID      uint32
	reverted    bool
	challenges  challenges
	nextHearing Time
	nextTick    Time
	nextReview  Time

	generation    uint64
	hearings      []Hearing
	hearingsBuilt uint64
	greeting
	operators

	routes      routes
	routesStale bool

	slab    slab
	out     []Datagram
	drained bool

	// Scratch space.
	body     []byte
	joined   []byte
	probe    probe // being sent
	incoming probe
	sizes    []int

	counters Counters
}

// New makes a Multipath. It keeps slices of the configuration, which must not
// change.
func New(cfg Config) (*Multipath, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	env, err := newEnvelope(cfg.Cluster, cfg.Plaintext, cfg.Cipher, cfg.Keys, cfg.Entropy)
	if err != nil {
		return nil, err
	}
	fd := cfg.FailureDetection
	if cfg.MaxSkew == 0 {
		cfg.MaxSkew = fd / 4
	}
	m := &Multipath{
		cfg: cfg, env: env, short: cfg.Incarnation.Short(), counter: cfg.StartCounter,
		keys:        subkeys{sender: cfg.Self, inc: cfg.Incarnation},
		lateAge:     fd / 4,
		hearingTime: fd - fd/4,
		helloSlow:   min(250*time.Millisecond, fd/2),
		helloFast:   min(100*time.Millisecond, fd/5),
		tickTime:    max(cfg.MaxSkew/2, time.Millisecond),
		nextHearing: NoDeadline,
		generation:  1,
		routesStale: true,
	}
	if env.sealed() {
		m.activeKey = env.ring.keys[env.ring.active].ID
	}
	m.tables()
	for _, n := range m.networks {
		n.restartSizing(0)
	}
	m.helloGap = minHelloGap * time.Duration(1+len(m.daemons)/probesUpTo)
	m.challenges.current = m.newChallenge()
	m.challenges.previous = m.challenges.current
	return m, nil
}

// random fills b from the entropy source.
func (m *Multipath) random(b []byte) {
	if _, err := io.ReadFull(m.cfg.Entropy, b); err != nil {
		panic(fmt.Sprintf("multipath: no entropy: %v", err))
	}
}

// start sets all timers at the first call that tells the time.
func (m *Multipath) start(now Time) {
	m.started = true
	m.challenges.renewed = now
	m.nextTick, m.nextHello, m.nextReview, m.lastHello = now+m.tickTime, now, now, now-m.helloGap
	for _, n := range m.networks {
		n.nextProbe, n.nextSize = now, now
		n.restartSizing(now)
	}
}

// Advance does what is due: hellos, probes, expiries.
func (m *Multipath) Advance(now Time) {
	m.begin(now)
	if !m.started {
		m.start(now)
	}
	m.renewChallenge(now)
	m.expireHearings(now)
	m.admitWaiting(now)
	if now >= m.nextTick {
		m.nextTick = now + m.tickTime
		m.tick(now)
	}
	if now >= m.nextReview {
		m.nextReview = now + defaultProbeInterval
		m.review(now)
	}
	m.sendProbes(now)
	m.sendHello(now)
}

// tick settles the ledgers.
func (m *Multipath) tick(now Time) {
	for _, d := range m.daemons {
		if d.life != nil {
			d.life.window.tick(&d.ledger)
		}
	}
	if m.cfg.Policy == Failover {
		m.routesStale = true // preferring a network again takes time alone
	}
}

// review looks at paths, and at what has been kept for too long.
func (m *Multipath) review(now Time) {
	m.reviewPaths(now)
	before := now - max(m.cfg.FailureDetection, partsLife)
	for _, d := range m.daemons {
		if d.life != nil {
			m.counters.PartsDropped += uint64(d.life.parts.expire(before) + d.life.hellos.expire(before))
		}
		for _, l := range d.candidates {
			l.hellos.expire(before)
		}
	}
	m.expireReceipts(now)
}

// partsLife is the least time a begun payload is kept.
const partsLife = time.Second

// Deadline returns when Advance is needed next.
func (m *Multipath) Deadline() Time {
	if !m.started {
		return 0
	}
	at := min(m.nextTick, m.nextReview, m.nextHello, m.nextHearing)
	for _, n := range m.networks {
		if n.up() && len(n.peers) > 0 {
			at = min(at, n.nextProbe, n.nextSize)
		}
	}
	return at
}

// SetPacketSize says what the interface of a network takes now, in bytes of
// UDP payload; 0 means that it is down.
func (m *Multipath) SetPacketSize(now Time, net NetworkID, size int) {
	m.begin(now)
	if int(net) >= len(m.networks) || size == m.networks[net].PacketSize {
		return
	}
	n := m.networks[net]
	n.PacketSize = max(size, 0)
	n.restartSizing(now)
	m.routesStale = true
	if m.started {
		m.helloSoon(now)
	}
}

// Suspend takes a network out of use, or into use again, for everything but
// probes. What arrives on it is still taken.
func (m *Multipath) Suspend(now Time, net NetworkID, suspended bool) {
	m.begin(now)
	if int(net) < len(m.networks) {
		m.networks[net].suspended = suspended
		m.routesStale = true
	}
}

// Receive takes one datagram that came over a network. At most one packet for
// the layer above comes of it; its payload is valid until the next call. data
// is decrypted in place. Nothing that can be in data does any harm but cost a
// counter.
func (m *Multipath) Receive(now Time, net NetworkID, from netip.AddrPort, data []byte) (Packet, bool) {
	m.begin(now)
	if !m.started {
		m.start(now)
	}
	m.counters.Received++
	h, refused := m.env.parse(data)
	switch {
	case refused == refusedShort:
		m.counters.Short++
		return Packet{}, false
	case refused == refusedVersion:
		m.counters.Version++
		return Packet{}, false
	case int(net) >= len(m.networks):
		panic(fmt.Sprintf("multipath: datagram from network %d of %d", net, len(m.networks)))
	}
	n := m.networks[net]
	if h.sender == OperatorID {
		m.receiveOperator(now, n, from, h, data)
		return Packet{}, false
	}
	d := m.byID[h.sender]
	if !m.admissible(d, h, from.Addr()) {
		return Packet{}, false
	}
	if l := d.life; l != nil && l.short == h.short {
		return m.receiveKnown(now, d, n, h, data)
	}
	m.receiveStranger(now, d, h, data)
	return Packet{}, false
}

// admissible is all that can be said against a packet before any crypto, the
// cheapest first (SEC-8).
func (m *Multipath) admissible(d *daemon, h header, from netip.Addr) bool {
	switch {
	case d == nil:
		m.counters.UnknownSender++
	case d.self && h.short == m.short:
		m.counters.Own++
	case !d.owns(from):
		m.counters.WrongAddress++
	case h.kind == 0 || h.kind > KindPart && h.kind < KindUpper:
		m.counters.WrongKind++
	case !m.env.knows(h.key):
		m.counters.UnknownKey++
	default:
		return true
	}
	return false
}

// receiveKnown takes a packet of a proven life: the window first, from the
// clear header, then the seal.
func (m *Multipath) receiveKnown(now Time, d *daemon, n *network, h header, data []byte) (Packet, bool) {
	l := d.life
	tag := m.env.tagPrefix(data)
	outside := false
	switch l.window.check(h.counter) {
	case duplicate:
		m.counters.Duplicates++
		if l.window.credit(h.counter, tag, n.bit, &d.ledger) {
			d.paths[n.id].lastHeard = now
		}
		return Packet{}, false
	case beyond:
		// A probe below the window still shows that its path is late; its
		// number guards against replays.
		m.counters.BeyondWindow++
		if outside = h.kind == KindProbe; !outside {
			return Packet{}, false
		}
	}
	aead, ok := m.openingKey(l, h)
	if !ok {
		m.counters.BeyondWindow++
		return Packet{}, false
	}
	size := len(data)
	if h.kind.carriesRest() && h.incarnation(data) != l.keys.inc {
		m.counters.Authentication++
		return Packet{}, false
	}
	body, ok := m.env.open(aead, h.bodyAt(), data)
	if !ok {
		m.counters.Authentication++
		return Packet{}, false
	}
	if outside {
		m.receiveOutside(now, d, n, size, body)
		return Packet{}, false
	}
	late := l.stale(now, h.counter, l.window.highest, m.lateAge)
	m.take(l, d, n, h, tag, aead)
	if !late {
		m.touch(now, l)
	}
	d.paths[n.id].lastHeard = now
	return m.dispatch(now, d, n, h, size, late, body)
}

// take enters an authenticated packet in the window.
func (m *Multipath) take(l *life, d *daemon, n *network, h header, tag uint64, aead cipher.AEAD) {
	mark := uint16(n.bit)
	if h.kind == KindProbe || h.kind == KindProbeReply {
		mark |= markSingle
	}
	epoch := epochOf(l.window.highest)
	l.window.accept(h.counter, tag, mark, &d.ledger)
	if now := epochOf(h.counter); now > epoch && m.env.sealed() {
		l.keys.forget(now)
		if l.keys.find(h.key, now) == nil {
			l.keys.add(h.key, now, aead)
		}
	}
	m.counters.Accepted++
}

// openingKey returns the object that opens a packet of a life. One of a
// sub-epoch that is not near the present one is refused unless it is a hello,
// so that forged counters cannot make keys be derived without end.
func (m *Multipath) openingKey(l *life, h header) (cipher.AEAD, bool) {
	if !m.env.sealed() {
		return nil, true
	}
	epoch := epochOf(h.counter)
	if aead := l.keys.find(h.key, epoch); aead != nil {
		return aead, true
	}
	nearby := near(epoch, epochOf(l.window.highest))
	if !nearby && h.kind != KindHello {
		return nil, false
	}
	aead := m.env.ring.derive(m.env.ring.find(h.key), l.keys.sender, l.keys.inc, epoch)
	if nearby {
		l.keys.add(h.key, epoch, aead)
	}
	return aead, true
}

// receiveOutside takes an authenticated probe whose counter is below the
// window.
func (m *Multipath) receiveOutside(now Time, d *daemon, n *network, size int, body []byte) {
	if m.incoming.parse(body) && m.incoming.number > d.paths[n.id].loss.highest {
		m.receiveProbe(now, d, n, size, true, body)
	}
}

// dispatch hands an accepted packet to whom it is for.
func (m *Multipath) dispatch(now Time, d *daemon, n *network, h header, size int, late bool, body []byte) (Packet, bool) {
	p := Packet{Kind: h.kind, From: d.ID, Incarnation: h.short, Network: n.id, Payload: body}
	switch h.kind {
	case KindHello:
		m.receiveHello(now, d, d.life, h.counter, body)
	case KindProbe:
		m.receiveProbe(now, d, n, size, late, body)
	case KindProbeReply:
		m.receiveReply(now, d, n, body)
	case KindPart:
		return m.receivePart(now, d.life, p, body)
	default:
		return p, true
	}
	return Packet{}, false
}

// receivePart collects a part; the last one brings the whole payload.
func (m *Multipath) receivePart(now Time, l *life, p Packet, body []byte) (Packet, bool) {
	pt, ok := parsePart(body)
	if !ok {
		m.counters.Malformed++
		return Packet{}, false
	}
	whole, complete, dropped := l.parts.add(now, pt, m.joined[:0])
	m.counters.PartsDropped += uint64(dropped)
	if !complete {
		return Packet{}, false
	}
	m.joined = whole
	p.Kind, p.Payload = pt.kind, whole
	return p, true
}
