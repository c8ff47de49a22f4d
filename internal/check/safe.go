package check

// safe judges the delivery of a safe message m by p in the configuration in
// force (2.5).
func (c *Checker) safe(p *process, t *part, m *message) {
	about := both(p.id, m.sender.process.id).at(t.ring.id, m.seq)
	members := t.ring.members
	if t.inTrans {
		members = t.trans
	}
	m.settle(t)
	for i := range t.ring.parts {
		if !members.has(i) {
			continue
		}
		q := t.ring.parts[i]
		if !t.inTrans {
			if !c.holds(SAFE2, q.installed) {
				c.fail(SAFE2, about, "%v delivered safe message %d of %v in %v, which %v has not installed", p.id, m.count, m.sender.process.id, t.ring.id, q.process.id)
			}
		}
		if c.opt.WhiteBox {
			if !c.holds(SAFE3, q.holds(m.seq)) {
				c.fail(SAFE3, about, "%v delivered safe message %d of %v at %d, which %v does not hold", p.id, m.count, m.sender.process.id, m.seq, q.process.id)
			}
		}
		c.oblige(p, q, m)
	}
	if !t.inTrans {
		c.noteUnheld(t, m)
	}
}

// oblige notes that q must deliver m before its next regular configuration
// (SAFE-1), and fails if it is too late for that. Who has delivered it is bound
// already (settle).
func (c *Checker) oblige(p *process, q *part, m *message) {
	if m.must.has(q.place) {
		return
	}
	m.must.add(q.place)
	if !c.holds(SAFE1, !q.left || !q.process.alive) {
		c.fail(SAFE1, both(p.id, q.process.id).at(q.ring.id, m.seq), "%v delivered safe message %d of %v at %d, but %v has left %v without it", p.id, m.count, m.sender.process.id, m.seq, q.process.id, q.ring.id)
	}
	q.owed++
}

// settle pays what t owes of m.
func (m *message) settle(t *part) {
	if m.must.has(t.place) {
		t.owed--
		return
	}
	m.must.add(t.place)
}

// owedSafe judges SAFE-1 when p leaves its regular configuration.
func (c *Checker) owedSafe(p *process) {
	t := p.part
	about := of(p.id).at(t.ring.id, t.last.seq)
	if t.owed > 0 {
		for i := range t.ring.order {
			if m := &t.ring.order[i]; m.must.has(t.place) && !m.deliveredBy.has(t.place) {
				about = both(p.id, m.sender.process.id).at(t.ring.id, m.seq)
				break
			}
		}
	}
	if !c.holds(SAFE1, t.owed == 0) {
		c.fail(SAFE1, about, "%v leaves %v without %d safe messages that another member delivered in a configuration with it", p.id, t.ring.id, t.owed)
	}
}

// noteUnheld remembers a safe message delivered in the regular configuration
// that not all its members held.
func (c *Checker) noteUnheld(t *part, m *message) {
	var holders bits
	for i, q := range t.ring.parts {
		if t.ring.members.has(i) && q.holds(m.seq) {
			holders.add(i)
		}
	}
	if !t.ring.members.within(holders) {
		t.unheld = append(t.unheld, unheld{m.seq, holders})
	}
}

// safeBeforeTransitional judges SAFE-4 when p installs its transitional
// configuration: no safe message delivered before it was held only by those
// that come along.
func (c *Checker) safeBeforeTransitional(p *process) {
	t := p.part
	if !c.opt.WhiteBox {
		return
	}
	c.count[SAFE4]++
	for _, u := range t.unheld {
		if !c.holds(SAFE4, !t.trans.within(u.holders)) {
			c.fail(SAFE4, of(p.id).at(t.ring.id, u.seq), "%v delivered the safe message at %d before its transitional configuration, though only members of that held it", p.id, u.seq)
		}
	}
}
