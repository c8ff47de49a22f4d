package check

import (
	"slices"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// tokenIn judges a token's acceptance (RNG-1 to RNG-3).
func (c *Checker) tokenIn(p *process, e *trace.Event) {
	r := c.ring(e.Ring)
	t := c.part(r, p)
	about := both(p.id, e.From).at(e.Ring, 0)
	switch e.Verdict {
	case ring.TokenDuplicate, ring.TokenResend:
		if !c.holds(RNG3, e.TSeq == t.lastTSeq) {
			c.fail(RNG3, about, "%v took token %d of %v for the last one again, which was %d", p.id, e.TSeq, e.Ring, t.lastTSeq)
		}
		return
	case ring.TokenMalformed:
		// Members that follow the protocol send none, so an old one was judged
		// by what only the next one must be.
		if !c.holds(RNG3, e.TSeq > t.lastTSeq) {
			c.fail(RNG3, about, "%v took token %d of %v for malformed, but it is only old: the last one was %d", p.id, e.TSeq, e.Ring, t.lastTSeq)
		}
		return
	case ring.TokenAccepted:
	default:
		return
	}
	if !c.holds(RNG1, e.TSeq > t.lastTSeq) {
		c.fail(RNG1, about, "%v accepted token %d of %v after %d", p.id, e.TSeq, e.Ring, t.lastTSeq)
	}
	if !c.holds(RNG3, e.TSeq == t.lastTSeq+1) {
		c.fail(RNG3, about, "%v accepted token %d of %v after %d", p.id, e.TSeq, e.Ring, t.lastTSeq)
	}
	if !c.holds(RNG3, !t.accepted || t.predecessor == e.From) {
		c.fail(RNG3, about, "%v accepted a token of %v from %v, earlier ones from %v", p.id, e.Ring, e.From, t.predecessor)
	}
	t.lastTSeq, t.accepted, t.predecessor = e.TSeq, true, e.From
	c.progress(p, r)
	c.checkPredecessor(t)
	if c.opt.WhiteBox {
		if !c.holds(RNG2, r.holder == nil) {
			c.fail(RNG2, about, "%v accepted token %d of %v while another process holds token %d", p.id, e.TSeq, e.Ring, r.held)
		}
	}
	r.holder, r.held = t, e.TSeq
}

// checkPredecessor compares the process tokens came from with the one before t
// in the ring, as soon as the members are known.
func (c *Checker) checkPredecessor(t *part) {
	if !t.accepted || t.ring.conf == nil {
		return
	}
	members := t.ring.conf.Members
	i := slices.Index(members, t.process.id)
	if i < 0 {
		return // CFG-1 has failed, or it never installs
	}
	want := members[(i+len(members)-1)%len(members)]
	if !c.holds(RNG3, t.predecessor == want) {
		c.fail(RNG3, both(t.process.id, want).at(t.ring.id, 0), "%v accepts tokens of %v from %v, but its predecessor is %v", t.process.id, t.ring.id, t.predecessor, want)
	}
}

// tokenOut judges that a token is passed on once, and by whoever holds it: the
// one accepted last, or by the representative the one after it (RNG-2).
func (c *Checker) tokenOut(p *process, e *trace.Event) {
	r := c.ring(e.Ring)
	t := c.part(r, p)
	about := of(p.id).at(e.Ring, 0)
	if !c.holds(RNG2, e.TSeq > t.sentTSeq) {
		c.fail(RNG2, about, "%v made token %d of %v after %d", p.id, e.TSeq, e.Ring, t.sentTSeq)
	}
	if !c.holds(RNG2, e.TSeq == t.lastTSeq || e.TSeq == t.lastTSeq+1) {
		c.fail(RNG2, about, "%v made token %d of %v, the last it accepted was %d", p.id, e.TSeq, e.Ring, t.lastTSeq)
	}
	t.sentTSeq = e.TSeq
	if r.holder != nil && r.holder.process == p {
		r.holder = nil
	}
	c.asks(p, r, c.part(r, p))
}

// stable judges RNG-4.
func (c *Checker) stable(p *process, e *trace.Event) {
	r := c.ring(e.Ring)
	t := c.part(r, p)
	about := of(p.id).at(e.Ring, e.Seq)
	if !c.holds(RNG4, e.Seq >= t.stable) {
		c.fail(RNG4, about, "%v lowered the stable mark of %v from %d to %d", p.id, e.Ring, t.stable, e.Seq)
	}
	t.stable = e.Seq
	if r.conf == nil || !c.opt.WhiteBox {
		return
	}
	for i, q := range r.parts {
		if !r.members.has(i) || !q.process.alive {
			continue
		}
		if !c.holds(RNG4, q.aru >= e.Seq) {
			c.fail(RNG4, both(p.id, q.process.id).at(e.Ring, q.aru+1), "%v holds all up to %d of %v for stable, but %v lacks %d", p.id, e.Seq, e.Ring, q.process.id, q.aru+1)
		}
	}
}

// discard judges RNG-5.
func (c *Checker) discard(p *process, e *trace.Event) {
	t := c.part(c.ring(e.Ring), p)
	if !c.holds(RNG5, e.Seq <= max(t.stable, c.opt.StartSeq)) {
		c.fail(RNG5, of(p.id).at(e.Ring, e.Seq), "%v discarded up to %d of %v, stable is %d", p.id, e.Seq, e.Ring, t.stable)
	}
}

// commit notes the obligation that "all recovered" creates: to the companions,
// and to whom any of them owes it already (protocol rule 8).
func (c *Checker) commit(p *process, e *trace.Event) {
	if e.Conf == nil {
		return
	}
	r := c.ring(e.Ring)
	t := c.part(r, p)
	for _, q := range e.Conf.Members {
		companion := c.part(r, c.process(q))
		t.obligation.add(companion.place)
		t.obligation.union(companion.obligation)
	}
}
