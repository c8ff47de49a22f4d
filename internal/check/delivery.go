package check

import (
	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// deliver judges one delivery: integrity (2.1), order (2.4), safe (2.5).
func (c *Checker) deliver(p *process, e *trace.Event) {
	c.deliveries++
	p.moved = c.event.Time
	c.carried()
	about := both(p.id, e.Message.Sender).at(e.Ring, e.Seq)
	if !c.holds(CFG7, e.In == p.in && p.conf != nil) {
		c.fail(CFG7, about, "%v delivered in %v while %v was in force", p.id, e.In, p.in)
	}
	if p.conf == nil {
		return
	}
	c.globalOrder(p, e)
	m, i := c.originOf(p, e)
	if m == nil {
		return
	}
	t := p.part
	if !c.holds(INT2, !m.deliveredBy.has(t.place)) {
		c.fail(INT2, about, "%v delivered message %d of %v twice", p.id, m.count, m.sender.process.id)
	}
	if !c.holds(INT5, !c.opt.WhiteBox || t.holds(e.Seq)) {
		c.fail(INT5, about, "%v delivered message %d of %v without holding its last packet", p.id, m.count, m.sender.process.id)
	}
	c.intact(p, m, e)
	c.total(p, t, m, i)
	c.holes(t, m, i)
	c.fifo(p, t, m)
	c.causal(p, t, m)
	m.deliveredBy.add(t.place)
	if m.service == ring.Safe {
		c.safe(p, t, m)
	}
	c.account(p, t, m)
	switch {
	case m.op != nil:
		c.deliverable(p, t, m.op)
	case m.act >= groups.ActAnnounce:
		t.noteExchange(m.act, m.sender)
	}
	if m.node == none {
		m.node = c.graph.message(e)
	}
	c.node(p, m.node)
}

// originOf finds the message that is delivered (INT-1). For one below agreed
// a wrong ring is LOW-1.
func (c *Checker) originOf(p *process, e *trace.Event) (*message, int) {
	about := both(p.id, e.Message.Sender).at(e.Ring, e.Seq)
	same := e.Ring == p.in.Regular()
	if e.Message.Service < ring.Agreed {
		if !c.holds(LOW1, same) {
			c.fail(LOW1, about, "%v delivered a %v message of ring %v in %v", p.id, e.Message.Service, e.Ring, p.in)
		}
	}
	if !c.holds(INT1, same) {
		c.fail(INT1, about, "%v delivered a message of ring %v in %v", p.id, e.Ring, p.in)
	}
	if !same || p.part == nil {
		return nil, 0
	}
	at := place{e.Seq, e.Message.Counter}
	r := p.regular
	i := r.find(at, p.part.next)
	found := i < len(r.order) && r.order[i].place == at && r.order[i].sender.process.id == e.Message.Sender
	if !c.holds(INT1, found) {
		c.fail(INT1, about, "%v delivered message %d of %v at %d, which was never originated", p.id, e.Message.Counter, e.Message.Sender, e.Seq)
	}
	if !found {
		return nil, 0
	}
	return &r.order[i], i
}

func (c *Checker) intact(p *process, m *message, e *trace.Event) {
	same := m.length == e.Message.Length && m.digest == e.Message.Digest && m.service == e.Message.Service
	if !c.holds(INT6, same) {
		c.fail(INT6, both(p.id, e.Message.Sender).at(e.Ring, e.Seq), "%v delivered message %d of %v with %d bytes, digest %x, %v; originated with %d bytes, digest %x, %v", p.id, m.count, e.Message.Sender, e.Message.Length, e.Message.Digest, e.Message.Service, m.length, m.digest, m.service)
	}
}

// orProperty is the property of an ordered message's place, LOW-1 for one of
// a lower service.
func orProperty(p Property, s ring.Service) Property {
	if s < ring.Agreed {
		return LOW1
	}
	return p
}

// total judges TOT-1: strictly increasing places.
func (c *Checker) total(p *process, t *part, m *message, _ int) {
	if !c.holds(orProperty(TOT1, m.service), t.last.before(m.place)) {
		c.fail(orProperty(TOT1, m.service), both(p.id, m.sender.process.id).at(t.ring.id, m.seq), "%v delivered message %d of %v at %d after the one at %d", p.id, m.count, m.sender.process.id, m.seq, t.last.seq)
	}
	t.last = m.place
}

// globalOrder judges TOT-2: rings follow one another in one order.
func (c *Checker) globalOrder(p *process, e *trace.Event) {
	if !c.holds(TOT2, p.order.Epoch <= e.Ring.Epoch) {
		c.fail(TOT2, of(p.id).at(e.Ring, e.Seq), "%v delivered a message of ring %v after one of %v", p.id, e.Ring, p.order)
	}
	p.order = e.Ring
}

// holes judges what was skipped: nothing in a regular configuration (GAP-1),
// no message of a companion in a transitional one (GAP-2); and what may come
// after a hole (GAP-3).
func (c *Checker) holes(t *part, m *message, i int) {
	about := both(t.process.id, m.sender.process.id).at(t.ring.id, m.seq)
	for j := t.next; j < i; j++ {
		skipped := &t.ring.order[j] // next lies behind all that t has delivered
		if !t.inTrans {
			if !c.holds(orProperty(GAP1, min(m.service, skipped.service)), false) {
				c.fail(orProperty(GAP1, min(m.service, skipped.service)), about, "%v delivered the message at %d in %v without the one at %d", t.process.id, m.seq, t.ring.id, skipped.seq)
			}
		} else {
			if !c.holds(GAP2, !t.trans.has(skipped.sender.place)) {
				c.fail(GAP2, about, "%v delivered the message at %d without the one at %d, whose sender %v came along", t.process.id, m.seq, skipped.seq, skipped.sender.process.id)
			}
		}
		if !t.passed {
			t.passed, t.hole = true, skipped.place
		}
		if skipped.service >= ring.Causal && t.causalHole == (place{}) {
			t.causalHole = skipped.place
		}
	}
	t.next = max(t.next, i+1)
	switch {
	case !t.inTrans:
		c.count[orProperty(GAP1, m.service)]++
	case t.passed:
		c.count[GAP2]++
		if !c.holds(GAP3, t.bound.has(m.sender.place)) {
			c.fail(GAP3, about, "%v delivered the message of %v at %d after the hole at %d, though it did not come along and there is no obligation to it", t.process.id, m.sender.process.id, m.seq, t.hole.seq)
		}
	}
}

// fifo judges FIFO-1 against the sender's message before this one, which by
// induction covers all, and FIFO-2 by the client's count.
func (c *Checker) fifo(p *process, t *part, m *message) {
	if m.service < ring.FIFO {
		return
	}
	about := both(p.id, m.sender.process.id).at(t.ring.id, m.seq)
	if m.previous != (place{}) {
		before := t.ring.order[t.ring.find(m.previous, 0)]
		if !c.holds(FIFO1, before.deliveredBy.has(t.place)) {
			c.fail(FIFO1, about, "%v delivered message %d of %v without its message %d", p.id, m.count, m.sender.process.id, before.count)
		}
	}
	if m.client != 0 {
		if !c.holds(FIFO2, p.clients[m.client] < m.number) {
			c.fail(FIFO2, about, "%v delivered message %d of client %d after its message %d", p.id, m.number, m.client, p.clients[m.client])
		}
		p.clients[m.client] = m.number
	}
}

// causal judges CAU-1. Whatever m's sender had delivered when it sent lies
// below a place in the order; no hole of this process may lie there too.
func (c *Checker) causal(p *process, t *part, m *message) {
	clear := t.causalHole == (place{}) || m.knows.before(t.causalHole)
	if !c.holds(CAU1, clear) {
		c.fail(CAU1, both(p.id, m.sender.process.id).at(t.ring.id, m.seq), "%v delivered message %d of %v without the one at %d, which %v had delivered before it sent", p.id, m.count, m.sender.process.id, t.causalHole.seq, m.sender.process.id)
	}
}

// account keeps the sums that VS-1 to VS-3, SELF-1 and LIV-3 compare.
func (c *Checker) account(p *process, t *part, m *message) {
	if m.sender == t {
		p.delivered[class(m.service)]++
		if m.service >= ring.Reliable {
			t.own++
		}
	}
	if m.service < ring.Reliable {
		return
	}
	half := 0
	if t.inTrans {
		half = 1
	}
	t.deliveries[half].add(m)
}
