package sim

import (
	"slices"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// stale is a copy of a token that is kept, to come again so many rotations
// later (SCN-01, N7). Where it went, the token and its round are known from
// the trace: in engine mode its bytes are sealed.
type stale struct {
	fault int
	made  bool // the token to be copied has been made …
	taken bool // … and, when it was sent, copied
	ring  ring.RingID
	tseq  uint64
	copy  flight
}

// tokenSeen looks at tokens made and accepted.
func (w *World) tokenSeen(d *daemon, e *trace.Event) {
	for i := range w.stales {
		s := &w.stales[i]
		f := &w.plan.Faults[s.fault]
		switch {
		case e.Kind == trace.TokenOut && f.From == d.slot && !s.taken:
			s.made, s.ring, s.tseq = true, e.Ring, e.TSeq
		case e.Kind == trace.TokenIn && e.Verdict == ring.TokenAccepted && s.taken && int(s.copy.to) == d.slot &&
			e.Ring == s.ring && e.TSeq == s.tseq+uint64(f.Count):
			w.endStale(s.fault)
			return
		}
	}
}

// copyToken copies a token that is being sent if a fault waits for it.
func (w *World) copyToken(kind ring.Kind, f flight, data []byte) {
	for i := range w.stales {
		s := &w.stales[i]
		if kind == ring.KindToken && s.made && !s.taken && w.plan.Faults[s.fault].From == int(f.from) {
			s.taken, s.copy = true, f
			s.copy.buf = w.buffer(data)
			w.buffers[s.copy.buf].refs++
		}
	}
}

// soon is how long after its time has come a kept copy arrives.
const soon = time.Microsecond

// endStale lets the copy of a fault arrive, if one was made.
func (w *World) endStale(fault int) {
	w.stales = slices.DeleteFunc(w.stales, func(s stale) bool {
		if s.fault != fault {
			return false
		}
		if s.taken {
			w.fly(w.now+soon, s.copy)
			w.buffers[s.copy.buf].refs--
		}
		return true
	})
}
