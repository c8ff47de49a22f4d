package multipath

// A machine that was put back to an older state goes on with packet counters it
// has used before. Its peers have seen them: they tell it, and it takes a new
// incarnation (protocol rule 1, SCN-28).

// enoughWitnesses is how many daemons must say so, or half of those that report
// on this life if that is less: a single faulty one must not be able to end a
// life. More could not be asked for: one that was put back by a few packets may
// have sent as many again, each to one peer, before it is told, and then nobody
// else can know.
const enoughWitnesses = 2

// witness is what a daemon says of this life.
type witness struct {
	reports bool
	sawMore bool // it has seen more packets than had been sent: that stays true
}

// Reverted tells that this life cannot go on: peers have seen higher packet
// counters of it than it has sent, so the machine was put back to an older
// state (protocol rule 1, SCN-28), or its counters are used up. The driver
// must start again with a new incarnation.
func (m *Multipath) Reverted() bool { return m.reverted }

// compareCounter looks whether peers have seen more packets of this life than
// it has sent.
func (m *Multipath) compareCounter(d *daemon, highest uint64) {
	d.witness.reports = true
	if highest <= m.counter {
		return
	}
	d.witness.sawMore = true
	reporting, saw := 0, 0
	for _, d := range m.daemons {
		switch {
		case d.witness.sawMore:
			reporting++
			saw++
		case d.witness.reports && d.life != nil && d.life.heard:
			reporting++
		}
	}
	if saw >= enoughWitnesses || 2*saw >= reporting {
		m.reverted = true
	}
}

// hearStranger takes what a hello of a life that is not let in says of this one.
// It may be a recording, but none was ever made of counters still to come. A
// machine put back to when it knew nobody depends on it: its peers, which drop
// what it sends as copies, cannot prove to it that they live.
func (m *Multipath) hearStranger(d *daemon, h *hello) {
	if r := h.reportOf(m.cfg.Self); r != nil && r.short == m.short && r.highest > m.counter {
		m.compareCounter(d, r.highest)
	}
}

// lookForFork opens what bears a counter that was accepted with other bytes. If
// it is authentic the life has used the counter twice: its machine was put back
// to an older state, and has gone on from there before anybody could tell it. It
// is told now, by a counter that it cannot have reached (protocol rule 1).
func (m *Multipath) lookForFork(now Time, l *life, h header, data []byte) {
	if l.forked {
		return
	}
	if aead, ok := m.openingKey(l, h); ok {
		if _, ok := m.openKnown(l, aead, h, data); ok {
			l.forked = true
			m.helloSoon(now)
		}
	}
}
