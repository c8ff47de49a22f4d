package sim

import (
	"fmt"
	"slices"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// misconfigure starts a daemon again with a mistake in its configuration, or,
// with 0, without.
func (w *World) misconfigure(d *daemon, m Mistake) {
	bare := w.plan.Mode == RingMode || w.plan.Plaintext
	switch {
	case m == RemovedKey && (w.cluster.removed == 0 || bare), m == WrongKey && bare, m == WrongVersion && w.plan.Mode == RingMode:
		return
	case m == 0 && d.mistake == 0:
		return
	}
	w.crash(d)
	d.mistake, d.mistaken = m, w.mistakenKeys(m)
	w.boot(d)
}

// exclude finds a configuration in which daemons ring together that must not
// (SCN-31): lives with a mistake may at most ring with others that share it.
func (w *World) exclude(c *ring.Configuration) {
	for _, p := range c.Members {
		if a, b := w.mistaken[p], w.mistaken[c.Members[0]]; a != b {
			w.checker.Broke(fmt.Sprintf("%s, whose configuration has mistake %d, rings with %s, whose has %d",
				trace.ProcessString(p), a, trace.ProcessString(c.Members[0]), b))
		}
	}
}

// otherVersion makes a datagram one of another wire version, or back again.
func otherVersion(data []byte) []byte {
	if len(data) > envelopeVersion {
		data[envelopeVersion] ^= 0x30
	}
	return data
}

// envelopeVersion is where the envelope names the version (package multipath).
const envelopeVersion = 1

// twins are the positions that have a twin at some time of the plan.
func (p *Plan) twins() (list []int) {
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Kind == Twin && p.Mode == EngineMode && !slices.Contains(list, f.From) {
			list = append(list, f.From)
		}
	}
	return list
}

// positionOf is the position of the daemon in a slot of the world.
func (p *Plan) positionOf(slot int) int {
	if slot < p.Daemons {
		return slot
	}
	return p.twins()[slot-p.Daemons]
}

// pair makes the twin of the daemon at a position run while a fault wants it
// to.
func (w *World) pair(at int) {
	wanted := false
	for i := range w.plan.Faults {
		f := &w.plan.Faults[i]
		wanted = wanted || w.active[i] && f.Kind == Twin && f.From == at
	}
	for i := w.plan.Daemons; i < len(w.daemons); i++ {
		switch d := &w.daemons[i]; {
		case d.at != at:
		case wanted:
			w.boot(d)
		default:
			w.crash(d)
		}
	}
}
