package check

import (
	"cmp"
	"slices"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// stall notes that a client reads no more, or again.
func (c *Checker) stall(e *trace.Event, s *session) {
	if s == nil || s.stalled == e.First || s.closed {
		return
	}
	s.stalled, s.lagged = e.First, true
	if s.process.stalled++; !e.First {
		s.process.stalled -= 2
	}
}

// closed ends what a client receives. Why must be said (CLI-4).
func (c *Checker) closed(e *trace.Event, s *session) {
	if !c.holds(CLI4, e.Text != "") {
		c.fail(CLI4, of(e.Process), "client %d is closed without a reason", e.Client)
	}
	c.groups.closed[e.Client] = true
	delete(c.groups.owed, e.Client)
	if s == nil {
		return
	}
	if s.stalled {
		s.process.stalled--
	}
	s.closed, s.stalled = true, false
	s.drop()
}

// sessionsOf lists the sessions of a process whose disconnect it has not
// delivered, in the order of their clients.
func (p *process) sessionsOf() []*session {
	var list []*session
	for _, s := range p.sessions {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *session) int { return cmp.Compare(a.client, b.client) })
	return list
}

// pending is the first thing that is due to a session and has not come; nil if
// there is none.
func (c *Checker) pending(s *session) *output {
	for i := range s.list {
		due, known := c.due(s, &s.list[i])
		if i == 0 && s.known {
			due = s.due[s.done:]
		}
		switch {
		case !known:
			return &output{kind: trace.Conf}
		case len(due) > 0:
			return &due[0]
		}
	}
	return nil
}

// allServed judges, at the end of a run, that nothing is left undone for the
// sessions of a live process: what was accepted is in order (CLI-1), what is
// due has come (LIV-3, LIV-4; CLI-3 if another client does not read), and who
// was closed has been disconnected once (CLI-4).
func (c *Checker) allServed(p *process) {
	c.toldTheEnd(p)
	for _, s := range p.sessionsOf() {
		if !c.holds(CLI4, !s.closed && !s.gone) {
			c.fail(CLI4, of(p.id), "%v (client %d): closed %v, disconnect in order %v, and not delivered at its daemon", s.private, s.client, s.closed, s.gone)
		}
		if !c.holds(CLI1, len(s.asked) == 0) {
			c.fail(CLI1, of(p.id), "%v (client %d) was told that its %v to %v is accepted, and it is not in order; %d such", s.private, s.client, s.asked[0].act, s.asked[0].groups, len(s.asked))
		}
		if s.stalled {
			continue
		}
		due := c.pending(s)
		name := LIV3
		switch {
		case p.stalled > 0:
			name = CLI3
		case due != nil && due.op != nil && due.op.service == ring.Safe:
			name = LIV4
		}
		if !c.holds(name, due == nil) {
			c.fail(name, of(p.id), "%v (client %d) has not received %v", s.private, s.client, due)
		}
	}
}

// toldTheEnd judges CLI-4 for sessions whose disconnect has been delivered: the
// client has been told.
func (c *Checker) toldTheEnd(p *process) {
	for _, s := range p.forgotten {
		if !c.holds(CLI4, s.closed) {
			c.fail(CLI4, of(p.id), "%v (client %d) was disconnected and not told", s.private, s.client)
		}
	}
}

// served tells whether nothing is left undone for the sessions of a process.
func (c *Checker) served(p *process) bool {
	for _, s := range p.sessionsOf() {
		if len(s.asked) > 0 || s.closed || s.gone || !s.stalled && c.pending(s) != nil {
			return false
		}
	}
	return true
}
