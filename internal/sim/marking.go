package sim

import (
	"slices"

	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// marking is what the world remembers of one life of a daemon to recognise
// the situations of Mark.
type marking struct {
	state     ring.State
	reported  bool // "all recovered", in this recovery
	broken    int  // recoveries interrupted since the last regular configuration
	ring      ring.RingID
	tseq      uint64 // of the last token accepted, in ring
	discarded ring.Seq
	counter   uint64 // of the last packet sent
	former    uint64 // of the last packet of the life before
	lower     bool   // its own counter was found lower
}

// staleMarks are the distances in rotations that a counter of few bits would
// mistake for none or one.
var staleMarks = map[uint64]Mark{
	1: StaleBy1, 15: StaleBy15, 16: StaleBy16, 17: StaleBy17, 255: StaleBy255, 256: StaleBy256, 257: StaleBy257, 65536: StaleBy65536,
}

// mark looks at an event of a daemon.
func (w *World) mark(d *daemon, e *trace.Event) {
	m := &d.marking
	switch e.Kind {
	case trace.TokenIn:
		w.markToken(m, e)
	case trace.State:
		w.markState(m, e.State)
	case trace.Commit:
		m.reported = true
	case trace.Conf:
		if e.Conf.Kind == ring.Regular {
			m.broken, m.discarded = 0, 0
			w.markMerge(e.Conf)
		}
	case trace.Deliver:
		if e.In.Kind == ring.Transitional && e.Message.Service == ring.Safe {
			w.marks[SafeInTransitional]++
		}
	case trace.Originate:
		w.passed(uint64(e.Seq), uint64(w.plan.StartSeq), SeqPassed31, SeqPassed32)
	case trace.Discard:
		m.discarded = e.Seq
	case trace.Visit:
		if e.Sizes.Used+e.Sizes.Packet > e.Sizes.Window {
			w.marks[WindowFull]++
		}
	case trace.ClientClose:
		if e.Text == tooSlow {
			w.marks[OverflowClosed]++
		}
	}
}

func (w *World) markToken(m *marking, e *trace.Event) {
	switch e.Verdict {
	case ring.TokenAccepted:
		m.ring, m.tseq = e.Ring, e.TSeq
		w.passed(e.TSeq, w.plan.StartTSeq, RoundPassed31, RoundPassed32)
	case ring.TokenDuplicate:
		w.marks[TokenDuplicate]++
	case ring.TokenStale:
		if e.Ring == m.ring && e.TSeq < m.tseq {
			if mark, ok := staleMarks[m.tseq-e.TSeq]; ok {
				w.marks[mark]++
			}
		}
	}
}

func (w *World) markState(m *marking, s ring.State) {
	switch {
	case s != ring.Gather:
	case m.state == ring.Commit:
		w.marks[CommitInterrupted]++
	case m.state == ring.Recovery:
		if m.reported {
			w.marks[ReportedInterrupted]++
		} else {
			w.marks[RecoveryInterrupted]++
		}
		if m.broken++; m.broken > 1 {
			w.marks[TwoInterrupted]++
		}
	}
	m.state, m.reported = s, false
}

// markMerge recognises a ring of members that were in three rings, none of
// which is only the one in which a daemon starts.
func (w *World) markMerge(c *ring.Configuration) {
	var old [3]ring.RingID
	n := 0
	for _, came := range c.Came {
		if w.first[came] || n > 0 && came == old[0] || n > 1 && came == old[1] {
			continue
		}
		if old[n] = came; n == 2 {
			w.marks[ThreeWayMerge]++
			return
		}
		n++
	}
	if len(c.Members) == 1 && c.Old.IsZero() {
		w.first[c.New] = true
	}
}

// passed recognises a counter that has passed a limit at which it could have
// wrapped, and says so at each step shortly after.
func (w *World) passed(n, start uint64, at31, at32 Mark) {
	const soon = 1 << 16
	switch {
	case start < 1<<31 && n >= 1<<31 && n < 1<<31+soon:
		w.marks[at31]++
	case start < 1<<32 && n >= 1<<32 && n < 1<<32+soon:
		w.marks[at32]++
	}
}

// markSent looks at the counter of a packet.
func (w *World) markSent(d *daemon, data []byte) {
	p := Passage{Data: data, world: w}
	m := &d.marking
	m.counter = p.Counter()
	w.passed(m.counter, w.plan.StartCounter, CounterPassed31, CounterPassed32)
	if m.counter < m.former && !m.lower {
		m.lower = true
		w.marks[CounterLower]++
	}
}

// markRestart looks, when a daemon starts, whether the others still have its
// former life in their ring.
func (w *World) markRestart(d *daemon, former ring.Process) {
	d.marking = marking{former: d.marking.counter}
	for i := range w.daemons {
		other := &w.daemons[i]
		if other.node == nil || other == d || other.marking.state != ring.Operational {
			continue
		}
		for _, p := range other.view.members {
			if p == former {
				w.marks[RestartUnnoticed]++
				return
			}
		}
	}
}

// markPaths recognises, when links have changed, directed pairs of daemons
// whose only network that still worked is lost.
func (w *World) markPaths() {
	n := w.plan.Daemons
	if w.alive == nil {
		w.alive = make([]uint8, n*n)
	}
	for from := range n {
		for to := range n {
			works := uint8(0)
			for net := range w.plan.Networks {
				if from != to && w.plan.on(from, net) && w.plan.on(to, net) && !w.link(net, from, to).cut {
					works |= 1 << net
				}
			}
			was := &w.alive[from*n+to]
			for net := range min(w.plan.Networks, int(LastPathD-LastPathA)+1) {
				if works == 0 && *was == 1<<net {
					w.marks[int(LastPathA)+net]++
				}
			}
			*was = works
		}
	}
}

// markEnd looks at what a life has counted.
func (w *World) markEnd(d *daemon) {
	n := d.node.counters()
	w.marks[ReassemblyAbandoned] += n.ReassemblyAbandoned
	if e, ok := d.node.(*engineNode); ok {
		w.marks[ExchangeInterrupted] += e.engine.Status(d.local(w.now)).GroupLayer.Counters.Interrupted
	}
}

// finalMarks are the marks at the end of the run. A hole in a transitional
// configuration is what makes GAP-3 worth asking; and of requests a run ignores
// only those that a fault has put on the token.
func (w *World) finalMarks() Marks {
	m := w.marks
	m[HoleInTransitional] = w.checker.Exercised()[check.GAP3]
	if slices.ContainsFunc(w.plan.Faults, func(f Fault) bool { return f.Kind == Stray }) {
		m[RequestBelowStable] = w.totals.RequestsIgnored
	}
	return m
}
