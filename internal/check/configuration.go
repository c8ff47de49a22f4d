package check

import (
	"slices"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// conf judges the installation of a configuration (2.2), and what must hold
// when one ends (2.3, SAFE-1).
func (c *Checker) conf(p *process, conf *ring.Configuration) {
	if conf == nil {
		c.fail(CFG3, of(p.id), "%v installed a configuration without content", p.id)
		return
	}
	if !c.holds(CFG1, slices.Contains(conf.Members, p.id)) {
		c.fail(CFG1, of(p.id).at(conf.New, 0), "%v installed %v, whose members %v do not include it", p.id, conf.New, conf.Members)
	}
	c.sameContent(p, conf)
	c.leavePrimary(p)
	if conf.Kind == ring.Transitional && !p.stated {
		c.undisturbed(p) // nothing told that it gathers
	}
	p.moved = c.event.Time
	c.node(p, c.graph.conf(trace.IDOf(conf)))
	if conf.Kind == ring.Transitional {
		c.transitional(p, conf)
	} else {
		c.regular(p, conf)
	}
	p.conf, p.in = conf, trace.IDOf(conf)
	if conf.Kind == ring.Regular {
		c.settled(p)
	}
	c.watchCores()
	c.reconsider()
}

func (c *Checker) sameContent(p *process, conf *ring.Configuration) {
	id := trace.IDOf(conf)
	known := c.confs[id]
	if known == nil {
		c.confs[id] = conf
		return
	}
	// Two that come from different rings into one have different Old; all
	// else of a regular configuration is the same.
	same := slices.Equal(known.Members, conf.Members) && slices.Equal(known.Came, conf.Came)
	if !c.holds(CFG3, same) {
		c.fail(CFG3, of(p.id).at(conf.New, 0), "%v installed %v with members %v, another process with %v", p.id, id, conf.Members, known.Members)
	}
}

func (c *Checker) transitional(p *process, t *ring.Configuration) {
	if p.conf == nil {
		c.fail(CFG2, of(p.id), "%v began with a transitional configuration", p.id)
		return
	}
	if !c.holds(CFG5, p.conf.Kind == ring.Regular && t.Old == p.conf.New) {
		c.fail(CFG5, of(p.id).at(t.New, 0), "%v installed a transitional configuration from %v while %v was in force", p.id, t.Old, p.in)
	}
	for _, q := range t.Members {
		if !c.holds(CFG5, slices.Contains(p.conf.Members, q)) {
			c.fail(CFG5, both(p.id, q).at(t.New, 0), "%v has %v in the transitional set out of %v, of which it was no member", p.id, q, p.conf.New)
		}
	}
	p.next = t
	if p.part == nil {
		return
	}
	p.part.inTrans, p.part.transAt = true, p.part.last
	for _, q := range t.Members {
		other := c.part(p.part.ring, c.process(q))
		p.part.trans.add(other.place)
		p.part.bound.union(other.obligation)
	}
	p.part.bound.union(p.part.trans)
	p.changeOfConfiguration(p.part, true)
	c.safeBeforeTransitional(p)
}

func (c *Checker) regular(p *process, conf *ring.Configuration) {
	c.changes++
	r := c.ring(conf.New)
	t := c.part(r, p)
	if p.conf == nil {
		if !c.holds(CFG2, len(conf.Members) == 1 && conf.Members[0] == p.id) {
			c.fail(CFG2, of(p.id).at(conf.New, 0), "%v began in %v with members %v", p.id, conf.New, conf.Members)
		}
	} else {
		c.leave(p, conf)
	}
	if r.conf == nil {
		r.conf = conf
		for _, q := range conf.Members {
			r.members.add(c.part(r, c.process(q)).place)
		}
	}
	if !c.holds(CFG4, slices.Contains(conf.Members, conf.New.Representative)) {
		c.fail(CFG4, of(p.id).at(conf.New, 0), "%v installed %v, whose representative is no member", p.id, conf.New)
	}
	t.installed = true
	p.came, p.regular, p.part, p.next = p.in.Regular(), r, t, nil
	t.before = p.came
	c.checkPredecessor(t)
	p.changeOfConfiguration(t, false)
	if p.came != (ring.RingID{}) && len(c.quiet) > 0 && p.gathered >= c.quiet[0].since {
		// Being born is no change, and what began before is not of this phase.
		p.installs++
	}
}

// leave judges the end of the regular configuration in force at p.
func (c *Checker) leave(p *process, conf *ring.Configuration) {
	old, t := p.regular, p.next
	about := of(p.id).at(conf.New, 0)
	if !c.holds(CFG5, t != nil && t.New == conf.New) {
		c.fail(CFG5, about, "%v installed %v without the transitional configuration that leads there", p.id, conf.New)
	}
	if !c.holds(CFG4, conf.New.Epoch > old.id.Epoch) {
		c.fail(CFG4, about, "%v installed %v after %v", p.id, conf.New, old.id)
	}
	if t == nil {
		return
	}
	for _, q := range t.Members {
		if !c.holds(CFG5, slices.Contains(conf.Members, q)) {
			c.fail(CFG5, both(p.id, q).at(conf.New, 0), "%v has %v in the transitional set into %v, of which it is no member", p.id, q, conf.New)
		}
	}
	c.exactSet(p, t, conf)
	c.selfDelivery(p)
	c.owedSafe(p)
	c.sameDeliveries(p, conf)
	p.part.left, p.part.nextRing = true, conf.New
	c.release(old)
}

// exactSet judges CFG-6 against all that came into the configuration before.
func (c *Checker) exactSet(p *process, t, conf *ring.Configuration) {
	r := c.ring(conf.New)
	for _, other := range r.parts {
		if !other.installed || other.process == p {
			continue
		}
		q := other.process
		together := other.before == t.Old
		if !c.holds(CFG6, together == slices.Contains(t.Members, q.id)) {
			c.fail(CFG6, both(p.id, q.id).at(conf.New, 0), "%v came into %v from %v, %v from %v, and the transitional set of %v is %v", p.id, conf.New, t.Old, q.id, other.before, p.id, t.Members)
		}
	}
	for i, q := range conf.Members {
		if q == p.id && i < len(conf.Came) {
			if !c.holds(CFG6, conf.Came[i] == t.Old) {
				c.fail(CFG6, of(p.id).at(conf.New, 0), "%v says that %v came from %v, but it came from %v", conf.New, p.id, conf.Came[i], t.Old)
			}
		}
	}
}

func (c *Checker) die(p *process) {
	p.alive = false
	p.lives = nil
	c.leavePrimary(p)
	c.gone(p)
	for _, r := range c.rings {
		if r.holder != nil && r.holder.process == p {
			r.holder = nil
		}
	}
	c.quiet = nil
	for _, s := range p.sessionsOf() {
		s.drop()
	}
	p.sessions, p.local, p.unclaimed, p.stalled = nil, nil, nil, 0
	if p.regular != nil {
		c.release(p.regular)
	}
}

// release frees the order of a ring that all its members have left.
func (c *Checker) release(r *ringState) {
	for _, q := range r.conf.Members {
		t := r.index[q]
		if t == nil || t.process.alive && !t.left {
			return
		}
	}
	r.order, r.digests, r.released = nil, nil, true
	for _, t := range r.parts {
		t.asked = nil
	}
}
