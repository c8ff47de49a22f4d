package check

import (
	"mpspread/internal/trace"
	"mpspread/ring"
)

// guaranteed is the part of the duplicate window that every receiver has: of a
// packet that is not older, a first copy is never refused (protocol rule 2).
const guaranteed = 4096

// life is what a process has accepted of one life of a sender. It is kept apart
// from what the receiver's own window says, and never forgets.
type life struct {
	id      ring.Process
	let     bool   // let in: not only its hellos are read
	from    uint64 // the first counter accepted since
	highest uint64
	pages   map[uint64]*page
	greeted map[uint64]bool // of those, only read as long as it was not let in
}

// page holds a bit for each of 4096 counters.
type page [64]uint64

func (l *life) has(counter uint64) bool {
	p := l.pages[counter>>12]
	return p != nil && p[counter>>6&63]>>(counter&63)&1 != 0
}

func (l *life) add(counter uint64) {
	p := l.pages[counter>>12]
	if p == nil {
		p = new(page)
		l.pages[counter>>12] = p
	}
	p[counter>>6&63] |= 1 << (counter & 63)
}

// owed tells whether the receiver must know a counter for fresh or for a copy:
// it is of a life let in, and not below the window.
func (l *life) owed(counter uint64) bool {
	return l.let && counter > l.from && (counter > l.highest || l.highest-counter < guaranteed)
}

// datagram judges MPX-1 to MPX-4. First says that the life From has sent these
// very bytes, whatever the receiver made of them.
func (c *Checker) datagram(p *process, e *trace.Event) {
	l := p.life(e.From)
	if l == nil {
		l = &life{id: e.From, pages: make(map[uint64]*page), greeted: make(map[uint64]bool)}
		p.lives = append(p.lives, l)
	}
	known, about := l.has(e.Counter), aboutPacket(p, e)
	taken := e.Fate == trace.FateFresh || e.Fate == trace.FateGreeted
	if !c.holds(MPX3, e.First || !taken) {
		c.fail(MPX3, about, "%v took packet %d of %v, which never sent it like this", p.id, e.Counter, e.From)
	}
	if e.First {
		c.firstCopy(p, l, e, known)
	}
	c.once(p, l, e, known)
	if !taken {
		c.unmoved(p, l, e)
		return
	}
	if e.Fate == trace.FateFresh {
		delete(l.greeted, e.Counter)
	} else if !known {
		l.greeted[e.Counter] = true
	}
	l.add(e.Counter)
	l.highest = max(l.highest, e.Counter)
	if e.Fate == trace.FateGreeted {
		// A life not let in, or no more, may be forgotten and begin again.
		c.shutOut(p, l)
		l.highest = uint64(e.Seq)
	} else if !l.let {
		for _, other := range p.lives {
			if other.id.Daemon == l.id.Daemon { // of two machines with one name it takes one at a time
				c.shutOut(p, other)
			}
		}
		l.let, l.from = true, e.Counter
		c.expectPair(pairOf{e.From, p.id})
	}
	c.unmoved(p, l, e)
}

// aboutPacket is the packet, by its number, that one process receives of
// another.
func aboutPacket(p *process, e *trace.Event) subject {
	return both(p.id, e.From).at(ring.RingID{}, ring.Seq(e.Counter))
}

// shutOut notes that p has not let a life in, or no more. Of its paths nothing
// is expected until it does.
func (c *Checker) shutOut(p *process, l *life) {
	l.let = false
	c.forget(func(x *expectation) bool { return x.pair == pairOf{l.id, p.id} })
}

// life is what a process has accepted of another; nil: nothing. The latest lives
// are the last ones.
func (p *process) life(id ring.Process) *life {
	for i := len(p.lives) - 1; i >= 0; i-- {
		if p.lives[i].id == id {
			return p.lives[i]
		}
	}
	return nil
}

// unmoved judges that the window stands where authentic packets have put it.
func (c *Checker) unmoved(p *process, l *life, e *trace.Event) {
	if !c.holds(MPX3, !l.let || uint64(e.Seq) == l.highest) {
		c.fail(MPX3, both(p.id, e.From), "%v has the window of %v at %d after a packet that was %s, but the highest authentic one is %d", p.id, e.From, e.Seq, e.Fate, l.highest)
	}
}

// once judges MPX-1 of datagrams. What was greeted did not go up; its life may
// have been forgotten since, and with it that the packet came.
func (c *Checker) once(p *process, l *life, e *trace.Event, known bool) {
	if e.Fate != trace.FateFresh {
		return
	}
	if !c.holds(MPX1, !known || l.greeted[e.Counter]) {
		c.fail(MPX1, aboutPacket(p, e), "%v took packet %d of %v twice", p.id, e.Counter, e.From)
	}
}

// firstCopy judges what became of an authentic packet: MPX-2, and MPX-4 if an
// older life of its sender had got as far.
func (c *Checker) firstCopy(p *process, l *life, e *trace.Event, known bool) {
	about := aboutPacket(p, e)
	if known {
		if !c.holds(MPX3, e.Fate != trace.FateForged) {
			c.fail(MPX3, about, "%v keeps other bytes for packet %d of %v than were sent", p.id, e.Counter, e.From)
		}
		return
	}
	if !l.owed(e.Counter) {
		return
	}
	name := MPX2
	for _, other := range p.lives {
		if other.id.Daemon == e.From.Daemon && other != l && other.highest >= e.Counter {
			name = MPX4
		}
	}
	if !c.holds(name, e.Fate == trace.FateFresh || e.Fate == trace.FateGreeted) {
		c.fail(name, about, "%v never took packet %d of %v, but this copy of it is %s", p.id, e.Counter, e.From, e.Fate)
	}
}
