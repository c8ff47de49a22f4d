package check

import (
	"mpspread/internal/trace"
	"mpspread/ring"
)

// packets are the digests of what was given out in a ring, by position: what a
// member receives there, from whomever and in whatever state, is that packet
// (RNG-9).
type packets struct {
	given   ring.Seq // highest
	digests []uint64 // from the first position on
}

// sameOrder judges INT-3 and RNG-9 for a packet that a member now holds: its
// originator gives out one position after the other, from the first one of the
// ring, and all others receive there what it gave out, though it was carried
// over from an old ring.
func (c *Checker) samePacket(p *process, r *ringState, e *trace.Event) {
	if !c.opt.WhiteBox || r.released {
		return
	}
	about := both(p.id, e.From).at(e.Ring, e.Seq)
	at := e.Seq - c.opt.StartSeq - 1
	if e.From == p.id {
		name := INT3
		if len(r.digests) == 0 {
			name = RNG9
		}
		if !c.holds(name, e.Seq == r.given+1) {
			c.fail(name, about, "%v gives out position %d of %v, but the highest was %d", p.id, e.Seq, e.Ring, r.given)
		}
		r.given = e.Seq
		r.digests = append(r.digests, e.Message.Digest)
		return
	}
	name := INT3
	if p.state == ring.Recovery {
		name = RNG9
	}
	if !c.holds(name, uint64(at) < uint64(len(r.digests))) {
		c.fail(name, about, "%v received position %d of %v, which nobody has given out", p.id, e.Seq, e.Ring)
		return
	}
	if !c.holds(name, r.digests[at] == e.Message.Digest) {
		c.fail(name, about, "%v received at position %d of %v another packet than was given out there", p.id, e.Seq, e.Ring)
	}
}
