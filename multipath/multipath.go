package multipath

import (
	"fmt"
	"io"
	"math"
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
	silence     time.Duration // of a life, before another may take its place
	hearingTime time.Duration // three quarters
	helloSlow   time.Duration
	helloFast   time.Duration
	ledgerTime  time.Duration // half the maximum skew

	now         Time
	started     bool
	startedAt   Time
	counter     uint64 // of the last packet sent
	partID      uint32
	reverted    bool
	challenges  challenges
	nextHearing Time
	nextTick    Time
	nextLedger  Time

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
	cfg.Keys = nil // the keyring has its own copy
	fd := cfg.FailureDetection
	if cfg.MaxSkew == 0 {
		cfg.MaxSkew = fd / 4
	}
	m := &Multipath{
		cfg: cfg, env: env, short: cfg.Incarnation.Short(), counter: cfg.StartCounter,
		keys:        subkeys{sender: cfg.Self, inc: cfg.Incarnation},
		lateAge:     fd / 4,
		silence:     succession(fd),
		hearingTime: fd - fd/4,
		helloSlow:   min(250*time.Millisecond, fd/2),
		helloFast:   min(helloMost, fd/5),
		ledgerTime:  cfg.MaxSkew / 2,
		nextHearing: NoDeadline,
		generation:  1,
		routesStale: true,
	}
	if fd < 2*helloMost {
		m.helloSlow = m.helloFast // else one lost hello would look like silence
	}
	if env.sealed() {
		m.activeKey = env.ring.keys[env.ring.active].ID
	}
	m.tables()
	for _, n := range m.networks {
		n.restartSizing(0)
	}
	m.helloGap = minHelloGap * time.Duration(1+len(m.daemons)/reportsPerHello)
	m.challenges.current = m.newChallenge()
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
	m.started, m.startedAt = true, now
	m.challenges.renewed = now
	m.nextTick, m.nextHello, m.nextLedger, m.lastHello = now, now, now+m.ledgerTime, now-m.helloGap
	for _, n := range m.networks {
		n.restartSizing(now)
	}
}

// Advance does what is due: the tick, hellos, expiries.
func (m *Multipath) Advance(now Time) {
	m.begin(now)
	if !m.started {
		m.start(now)
	}
	m.renewChallenge(now)
	m.expireHearings(now)
	m.admitWaiting(now)
	if now >= m.nextTick {
		m.tick(now)
	}
	m.sendHello(now)
}

// settleLedgers enters what no further copy can change.
func (m *Multipath) settleLedgers(now Time) {
	if now < m.nextLedger {
		return
	}
	m.nextLedger = now + m.ledgerTime
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
	return min(m.nextTick, m.nextHello, m.nextHearing)
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
	n.ticks = 0
	m.routesStale = true
	if m.started {
		m.nextTick = now // others learn at once that the network is back
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
