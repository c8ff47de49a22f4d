package check

import (
	"slices"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// component is a set of live processes that can all reach each other from the
// beginning of the quiet phase on.
type component struct {
	members []ring.Process
	since   time.Duration
	bound   time.Duration
	text    string // CoreOnly, Overload, or empty
	met     bool   // all have been in one configuration of exactly the members
	settled bool   // all have installed one configuration of exactly the members

	// Of a core (LIV-5): only that its members are together counts.
	core     bool
	together bool          // now
	at       time.Duration // since when that is so, or is not
	kept     time.Duration // how long it was so, after the bound
}

// CoreOnly is the Text of a Quiet event whose members are a core: they are well
// connected, others are not and never will be (LIV-5).
const CoreOnly = "core"

// keepTogether is how much of the time a core must be in one configuration, in
// hundredths.
const keepTogether = 95

// maxIntermediate regular configurations are allowed before the common one
// (LIV-1).
const maxIntermediate = 2

func (c *Checker) beginQuiet(e *trace.Event) {
	q := &component{members: e.Members, since: e.Time, bound: e.Bound, text: e.Text, core: e.Text == CoreOnly, at: e.Time}
	q.together = q.core && c.oneRing(q)
	c.quiet = append(c.quiet, q)
	q.met = c.agreed(q)
	c.deadline = min(c.deadline, q.since+q.bound)
	for _, id := range e.Members {
		c.process(id).installs = 0
	}
}

// agreed tells whether all of a component are in one regular configuration of
// exactly its members.
func (c *Checker) agreed(q *component) bool {
	if len(q.members) == 0 {
		return true
	}
	first := c.process(q.members[0])
	if first.conf == nil || first.in.Kind != ring.Regular || len(first.conf.Members) != len(q.members) {
		return false
	}
	for _, id := range q.members {
		p := c.process(id)
		if p.conf == nil || p.in != first.in || !slices.Contains(first.conf.Members, id) {
			return false
		}
	}
	return true
}

// rests tells whether no member of a component is on its way to another
// configuration. One that was broken by the last fault agrees, by name, until
// the next is installed.
func (c *Checker) rests(q *component) bool {
	for _, id := range q.members {
		if c.process(id).moving() {
			return false
		}
	}
	return true
}

// settled is called when p has installed a regular configuration: none may
// follow the common one (LIV-2).
func (c *Checker) settled(p *process) {
	for _, q := range c.quiet {
		if !slices.Contains(q.members, p.id) || q.special() {
			continue
		}
		if !c.holds(LIV2, !q.settled) {
			c.fail(LIV2, subject{more: q.members}.at(p.in.New, 0), "%v installed %v although nothing had happened since all had agreed", p.id, p.in)
		}
		if c.agreed(q) {
			q.met = true
			q.settled = c.event.Time-q.since >= c.opt.Aftermath && c.rests(q)
			if !c.holds(LIV1, c.event.Time-q.since <= q.bound) {
				c.fail(LIV1, subject{more: q.members}.at(p.in.New, 0), "%v agreed on %v %v after the last fault, the bound is %v", q.members, p.in, c.event.Time-q.since, q.bound)
			}
		}
	}
}

// finish judges the properties of the end of a run.
func (c *Checker) finish() {
	c.acyclic()
	if c.observers != nil {
		c.observers.safeEverywhere(c)
	}
	if !c.holds(LIV3, len(c.quiet) == 0 || c.event.Counter == 0) {
		c.fail(LIV3, subject{}, "%d messages never found room", c.event.Counter)
	}
	for _, q := range c.quiet {
		if q.core {
			c.keptTogether(q)
		}
		if q.special() {
			continue
		}
		c.converged(q)
		c.allDelivered(q)
		for _, id := range q.members {
			c.allServed(c.process(id))
		}
	}
	if len(c.quiet) > 0 {
		c.copiesBack()
	}
	c.allBatchesSent()
	c.onePrimary()
	c.wrapSafe()
}

// special tells that a component is not expected to come together and be done.
func (q *component) special() bool { return q.text != "" }

func (c *Checker) converged(q *component) {
	c.rejoined(q)
	if !c.holds(LIV1, c.agreed(q)) {
		c.fail(LIV1, subject{more: q.members}, "%v have not agreed on a configuration of their own by %v after the last fault: %v", q.members, c.event.Time-q.since, c.inForce(q))
	}
	for _, id := range q.members {
		p := c.process(id)
		if !c.holds(LIV1, p.installs <= maxIntermediate+1) {
			c.fail(LIV1, of(id), "%v installed %d regular configurations after the last fault", id, p.installs)
		}
	}
}

// oneRing tells whether all of a core are in one regular configuration.
func (c *Checker) oneRing(q *component) bool {
	first := c.process(q.members[0])
	for _, id := range q.members {
		if p := c.process(id); p.conf == nil || p.in.Kind != ring.Regular || p.in != first.in {
			return false
		}
	}
	return true
}

// watchCores keeps account of how long cores are together.
func (c *Checker) watchCores() {
	for _, q := range c.quiet {
		if now := c.oneRing(q); q.core && now != q.together {
			q.account(c.event.Time)
			q.together = now
		}
	}
}

func (q *component) account(now time.Duration) {
	if from := max(q.at, q.since+q.bound); q.together && now > from {
		q.kept += now - from
	}
	q.at = now
}

// keptTogether judges LIV-5.
func (c *Checker) keptTogether(q *component) {
	q.account(c.event.Time)
	whole := c.event.Time - q.since - q.bound
	if !c.holds(LIV5, q.kept*100 >= whole*keepTogether) {
		c.fail(LIV5, subject{more: q.members}, "the core %v was in one configuration for %v of %v", q.members, q.kept, whole)
	}
}

func (c *Checker) inForce(q *component) []string {
	var list []string
	for _, id := range q.members {
		list = append(list, trace.ProcessString(id)+" in "+c.process(id).in.String())
	}
	return list
}

// allDelivered judges LIV-3 and LIV-4: what a live process accepted it has
// delivered itself, and what was originated in the common ring all members
// have delivered. Messages of earlier rings are covered by SELF-1 and VS-1.
func (c *Checker) allDelivered(q *component) {
	for _, id := range q.members {
		p := c.process(id)
		if !c.holds(LIV3, p.delivered[0] >= p.accepted[0]) {
			c.fail(LIV3, of(id), "%v accepted %d messages and delivered %d of them", id, p.accepted[0], p.delivered[0])
		}
		if !c.holds(LIV4, p.delivered[1] >= p.accepted[1]) {
			c.fail(LIV4, of(id), "%v accepted %d safe messages and delivered %d of them", id, p.accepted[1], p.delivered[1])
		}
		if p.regular == nil {
			continue
		}
		for i := range p.regular.order {
			m := &p.regular.order[i]
			name := LIV3
			if m.service == ring.Safe {
				name = LIV4
			}
			if !c.holds(name, m.deliveredBy.has(p.part.place)) {
				c.fail(name, both(id, m.sender.process.id).at(p.regular.id, m.seq), "%v has not delivered message %d of %v at %d of %v", id, m.count, m.sender.process.id, m.seq, p.regular.id)
			}
		}
	}
}

// Settled tells that a quiet phase has begun and lasted longer than the
// aftermath of the faults before, that each component has agreed on its
// configuration, and that all messages accepted have been delivered.
func (c *Checker) Settled(now time.Duration) bool {
	for _, q := range c.quiet {
		if q.special() || now-q.since < c.opt.Aftermath || !c.agreed(q) || !c.rests(q) {
			return false
		}
		q.settled = true
		for _, id := range q.members {
			if p := c.process(id); p.delivered[0] < p.accepted[0] || p.delivered[1] < p.accepted[1] || !c.upToDate(p) || !c.served(p) {
				return false
			}
		}
	}
	for _, o := range c.groups.owed {
		if c.process(o.daemon).alive && (o.back[0] < o.accepted[0] || o.back[1] < o.accepted[1]) {
			return false
		}
	}
	return len(c.quiet) > 0
}

// upToDate tells whether p has delivered all of its ring.
func (c *Checker) upToDate(p *process) bool {
	return p.regular == nil || p.part.next == len(p.regular.order)
}
