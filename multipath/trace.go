package multipath

// TraceKind names what is reported to Config.Trace.
type TraceKind uint8

// The kinds of TraceEvent.
const (
	// TracePacket is a datagram that names a life known here: From,
	// Incarnation, Counter, Network, Fate, Highest.
	TracePacket TraceKind = iota + 1
	// TracePath is a path that is now reported in another state: From, Network,
	// State; Out: of the path to that daemon, as it says.
	TracePath
)

// Fate is what became of a datagram.
type Fate uint8

// The fates.
const (
	Fresh   Fate = iota + 1 // the first copy; it is accepted
	Greeted                 // a hello of a life that is not let in yet, accepted
	Copy                    // a further copy of a packet accepted
	Forged                  // its counter is that of a packet accepted with other bytes
	Beyond                  // below the window
	Refused                 // not authentic
)

// TraceEvent is one report. Which fields are set depends on Kind.
type TraceEvent struct {
	Kind        TraceKind
	From        DaemonID
	Incarnation uint64 // short
	Counter     uint64
	Network     NetworkID
	Fate        Fate
	Highest     uint64 // of the life's window, afterwards
	State       PathState
	Out         bool
}

// tracePacket reports the fate of a datagram of a life.
func (m *Multipath) tracePacket(now Time, d *daemon, l *life, net NetworkID, counter uint64, f Fate) {
	if m.cfg.Trace == nil {
		return
	}
	m.cfg.Trace(now, &TraceEvent{
		Kind: TracePacket, From: d.ID, Incarnation: l.short, Counter: counter, Network: net, Fate: f, Highest: l.window.highest,
	})
}

// tracePath reports the path to and from a peer over a network, as far as its
// state has changed since it was last reported.
func (m *Multipath) tracePath(now Time, d *daemon, n *network) {
	if m.cfg.Trace == nil {
		return
	}
	p := &d.paths[n.id]
	e := TraceEvent{Kind: TracePath, From: d.ID, Network: n.id}
	if d.life != nil {
		e.Incarnation = d.life.short
	}
	if s := p.state(now); s != p.told {
		p.told, e.State, e.Out = s, s, false
		m.cfg.Trace(now, &e)
	}
	if p.reverse != p.toldReverse {
		p.toldReverse, e.State, e.Out = p.reverse, p.reverse, true
		m.cfg.Trace(now, &e)
	}
}
