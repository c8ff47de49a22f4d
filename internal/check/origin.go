package check

import (
	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// submit notes a message that a client was told is accepted.
func (c *Checker) submit(e *trace.Event) {
	if !e.First {
		return
	}
	p, m := c.process(e.Process), &e.Message
	s := submission{m.ClientCounter, m.Service, m.Length, m.Digest}
	p.accepted[class(m.Service)]++
	if e.Client == 0 {
		if p.loose == nil {
			p.loose = make(map[submission]int)
		}
		p.loose[s]++
		return
	}
	if p.lanes == nil {
		p.lanes = make(map[uint64][]submission)
	}
	p.lanes[e.Client] = append(p.lanes[e.Client], s)
}

// class indexes the counts of LIV-3 and LIV-4.
func class(s ring.Service) int {
	if s == ring.Safe {
		return 1
	}
	return 0
}

// originate judges that a message gets its place in the order (INT-3, INT-4,
// INT-6, CFG-7).
func (c *Checker) originate(p *process, e *trace.Event) {
	m, at := &e.Message, place{e.Seq, e.Message.Counter}
	about := of(p.id).at(e.Ring, e.Seq)
	if !c.holds(CFG7, e.In == p.in) {
		c.fail(CFG7, about, "%v originated %d in %v while %v was in force", p.id, m.Counter, e.In, p.in)
	}
	legal := p.conf != nil && p.in.Kind == ring.Regular && p.in.New == e.Ring && m.Sender == p.id
	if !c.holds(INT4, legal) {
		c.fail(INT4, about, "%v originated %d of %v in ring %v while %v was in force", p.id, m.Counter, m.Sender, e.Ring, p.in)
	}
	if !c.holds(INT3, m.Counter > p.counter) {
		c.fail(INT3, about, "%v originated message %d after %d", p.id, m.Counter, p.counter)
	}
	if !legal {
		return
	}
	p.counter = m.Counter
	r, t := p.regular, p.part
	i := r.find(at, len(r.order))
	if !c.holds(INT3, (i == len(r.order) || r.order[i].place != at && (r.order[i].seq != at.seq || r.order[i].sender == t)) &&
		(i == 0 || r.order[i-1].seq != at.seq || r.order[i-1].sender == t)) {
		c.fail(INT3, about, "%v originated message %d at %d, where another process has one", p.id, m.Counter, e.Seq)
	}
	c.fromSubmission(p, e)
	msg := message{
		place: at, sender: t, service: m.Service, length: m.Length, digest: m.Digest, client: m.Client, number: m.ClientCounter,
		knows: t.last, previous: t.sent, node: none, act: m.Act,
	}
	if m.Act != 0 && m.Act < groups.ActAnnounce && p.sessions != nil {
		msg.op = c.operate(p, e)
	}
	if m.Service >= ring.FIFO {
		t.sent = at
	}
	if m.Service >= ring.Reliable {
		t.originated++
	}
	r.insert(i, msg)
}

// insert puts m at index i of the order. In one world that is the end; a
// merged trace may show origins late, and then pointers into the order move.
func (r *ringState) insert(i int, m message) {
	if i == len(r.order) {
		r.order = append(r.order, m)
		return
	}
	r.order = append(r.order, message{})
	copy(r.order[i+1:], r.order[i:])
	r.order[i] = m
	for _, t := range r.parts {
		if t.next > i {
			t.next++
		}
	}
}

// fromSubmission compares what is originated with what its client handed in:
// one lane's messages never change their order nor anything in them.
func (c *Checker) fromSubmission(p *process, e *trace.Event) {
	m := &e.Message
	got := submission{m.ClientCounter, m.Service, m.Length, m.Digest}
	about := of(p.id).at(e.Ring, e.Seq)
	if m.Client == 0 {
		if p.loose == nil {
			return
		}
		if !c.holds(INT6, p.loose[got] > 0) {
			c.fail(INT6, about, "%v originated message %d, which no client handed in like this", p.id, m.Counter)
		}
		p.loose[got]--
		return
	}
	queue, submitted := p.lanes[m.Client]
	if !submitted {
		if !c.holds(INT6, p.lanes == nil) {
			c.fail(INT6, about, "%v originated message %d of client %d, which handed nothing in", p.id, m.Counter, m.Client)
		}
		return
	}
	if len(queue) == 0 {
		c.fail(INT3, about, "%v originated message %d of client %d, which has no more", p.id, m.ClientCounter, m.Client)
		return
	}
	if !c.holds(FIFO2, queue[0].count == m.ClientCounter) {
		c.fail(FIFO2, about, "%v originated message %d of client %d before its %d", p.id, m.ClientCounter, m.Client, queue[0].count)
	}
	if !c.holds(INT6, queue[0] == got || queue[0].count != got.count) {
		c.fail(INT6, about, "%v originated message %d of client %d, but not as it was handed in", p.id, m.ClientCounter, m.Client)
	}
	p.lanes[m.Client] = queue[1:]
}

// recv notes who holds what. A position goes up once (MPX-1).
func (c *Checker) recv(p *process, e *trace.Event) {
	if !e.First {
		return
	}
	r := c.ring(e.Ring)
	t := c.part(r, p)
	c.samePacket(p, r, e)
	delete(t.asked, e.Seq)
	if !c.holds(MPX1, !t.holds(e.Seq)) {
		c.fail(MPX1, both(p.id, e.From).at(e.Ring, e.Seq), "%v took position %d of %v twice", p.id, e.Seq, e.Ring)
	}
	t.receive(e.Seq)
}
