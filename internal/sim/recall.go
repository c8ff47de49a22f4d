package sim

import (
	"slices"
	"time"
)

// recall keeps copies of a daemon's packets that are to come again when it has
// sent so many later ones: an old packet at the very end of the receiver's
// duplicate window (SEC-4).
type recall struct {
	fault int
	kept  []recorded // oldest first
}

// recorded is a copy of a packet on one link.
type recorded struct {
	flight
	counter uint64
}

// mostRecorded is how many copies one fault keeps, of every recordEvery-th
// packet: enough that some are of a link on which, so many packets later,
// something is sent again.
const (
	mostRecorded = 400
	recordEvery  = 5
)

// record looks at a packet that has been launched: it may be one to be kept,
// or the one behind which a copy arrives.
func (w *World) record(f flight, data []byte, at time.Duration) {
	_, counter := headerOf(data)
	for i := range w.recalls {
		r := &w.recalls[i]
		fault := &w.plan.Faults[r.fault]
		if fault.From != int(f.from) || fault.Network >= 0 && fault.Network != int(f.network) {
			continue
		}
		r.kept = slices.DeleteFunc(r.kept, func(k recorded) bool {
			if k.to == f.to && k.network == f.network && k.counter+uint64(fault.Count) == counter {
				w.fly(at, k.flight)
			} else if k.counter+uint64(fault.Count) >= counter {
				return false
			}
			w.drop(k.buf)
			return true
		})
		if counter%recordEvery == 0 && len(r.kept) < mostRecorded {
			k := recorded{f, counter}
			k.buf = w.buffer(data)
			w.buffers[k.buf].refs++
			r.kept = append(r.kept, k)
		}
	}
}

// endRecall forgets what a fault has recorded.
func (w *World) endRecall(fault int) {
	w.recalls = slices.DeleteFunc(w.recalls, func(r recall) bool {
		if r.fault != fault {
			return false
		}
		for _, k := range r.kept {
			w.drop(k.buf)
		}
		return true
	})
}
