package check

import (
	"fmt"
	"slices"
	"strings"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// entries are what stands before a session in its daemon's order.
type entries struct {
	list  []entry
	known bool     // what the first brings
	due   []output // then, that
	done  int      // of it has come
}

// takeUp begins with messages to a name that nobody had when they were
// delivered.
func (q *entries) takeUp(list []entry) { q.list = append(q.list, list...) }

// drop forgets everything: nothing more is due.
func (q *entries) drop() { *q = entries{} }

// add enters a step into a session's stream, once however many groups it
// concerns the session by.
func (s *session) add(e entry) {
	if e.op != nil && s.last == e.op || s.closed {
		return
	}
	if e.op != nil {
		s.last = e.op
		if e.op.act == groups.ActMessage && e.op.discard && e.op.session == s {
			return
		}
	}
	s.list = append(s.list, e)
}

// match finds what a session receives in what is due to it: GRP-4 to GRP-10,
// CLI-2, CLI-6.
func (c *Checker) match(s *session, e *trace.Event) {
	for len(s.list) > 0 {
		switch {
		case !c.lookUp(s):
			c.fail(GRP9, of(s.process.id), "%v (client %d) received %v before the state of the groups is agreed that %v left", s.private, s.client, told(e), s.list[0].part.ring.id)
			s.drop()
			return
		case s.done == len(s.due):
			s.next()
			continue
		case c.fits(s, &s.due[s.done], e):
			c.take(s, &s.due[s.done], e)
			s.done++
			return
		}
		c.explain(s, &s.due[s.done], e)
		s.drop() // nothing is known of this session any more
		return
	}
	c.unexpected(s, e)
}

// lookUp finds out what the first entry brings, if that is known. It stays so
// though what comes of it changes the session's views.
func (c *Checker) lookUp(s *session) bool {
	if !s.known {
		s.due, s.known = c.due(s, &s.list[0])
	}
	return s.known
}

// next goes to the next entry.
func (q *entries) next() {
	q.list[0] = entry{}
	q.list, q.known, q.due, q.done = q.list[1:], false, nil, 0
}

// fits tells whether an event is an output. Of a message it need only be the
// same one.
func (c *Checker) fits(s *session, o *output, e *trace.Event) bool {
	switch {
	case o.kind != e.Kind:
		return false
	case e.Kind == trace.ClientDeliver:
		return o.op.is(e)
	case o.group != e.View.Group:
		return false
	case e.Kind == trace.ClientView:
		_, broken := c.wrong(s, o, e.View)
		return !broken
	}
	return e.Kind != trace.ClientSignal || s.views[o.group].id == e.View.ID
}

// is tells whether the operation is the message of an event: by its sender's
// count, or what it looks like if it is too short for that.
func (op *operation) is(e *trace.Event) bool {
	if e.Message.Client != 0 {
		return op.session.client == e.Message.Client && op.number == e.Message.ClientCounter
	}
	return op.number == 0 && op.describes(&e.Message) && op.session.private == e.Text
}

// wrong tells which property a view breaks that should be this one, if any.
func (c *Checker) wrong(s *session, o *output, v *trace.View) (p Property, broken bool) {
	switch {
	case v.Cause != uint8(o.cause):
		return GRP10, true
	case !sameNames(privateNames(o.members), v.Members):
		if slices.ContainsFunc(v.Members, func(name string) bool { return c.isGone(o, name) }) {
			return CLI5, true
		}
		return GRP1, true
	case !sameSets(s, o, v):
		return GRP6, true
	}
	return 0, false
}

// isGone tells whether a name is no member, and the last that had it has been
// disconnected.
func (c *Checker) isGone(o *output, name string) bool {
	if slices.ContainsFunc(o.members, func(m *session) bool { return m.private == name }) {
		return false
	}
	var last *session
	for _, st := range c.groups.stays[o.group] {
		if st.session.private == name {
			last = st.session
		}
	}
	return last != nil && last.gone
}

func privateNames(members []*session) []string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.private
	}
	return names
}

// sameSets compares vs sets, whose order does not matter here, and finds the
// receiver in its own.
func sameSets(s *session, o *output, v *trace.View) bool {
	if len(o.sets) != len(v.Sets) {
		return false
	}
	for _, set := range o.sets {
		names := privateNames(set)
		if !slices.ContainsFunc(v.Sets, func(other []string) bool { return sameNames(names, other) }) {
			return false
		}
	}
	return o.cause != groups.CauseNetwork || v.Own >= 0 && v.Own < len(v.Sets) && slices.Contains(v.Sets[v.Own], s.private)
}

// take notes what has come as it should.
func (c *Checker) take(s *session, o *output, e *trace.Event) {
	c.count[CLI2]++
	if s.process.stalled > 0 && !s.stalled {
		c.count[CLI3]++
	}
	switch e.Kind {
	case trace.ClientDeliver:
		c.count[GRP4]++
		if slices.Contains(e.Message.Groups, s.private) {
			c.count[CLI6]++
		}
		c.asSent(s, o.op, e)
		c.count[GRP9]++
		if o.op.service < ring.Agreed {
			c.count[LOW1]++ // not before the state is agreed
		}
	case trace.ClientView:
		s.views[o.group] = &seen{members: o.members, id: e.View.ID}
	case trace.ClientSignal:
		s.views[o.group].signaled = true
	case trace.ClientLeave:
		delete(s.views, o.group)
	}
}

// asSent judges INT-6 from client to client, the sender's name included.
func (c *Checker) asSent(s *session, op *operation, e *trace.Event) {
	if !c.holds(INT6, op.describes(&e.Message) && op.session.private == e.Text) {
		c.fail(INT6, both(s.process.id, op.session.process.id).at(op.ring.id, op.place.seq),
			"%v received message %d of %v as one of %v, %v to %v with %d bytes, digest %x; sent %v to %v with %d bytes, digest %x", s.private, op.number, op.session.private,
			e.Text, e.Message.Service, e.Message.Groups, e.Message.Length, e.Message.Digest, op.service, op.groups, op.length, op.digest)
	}
}

// explain names the property that is broken by receiving something else than
// what is due.
func (c *Checker) explain(s *session, due *output, e *trace.Event) {
	about := of(s.process.id)
	if due.op != nil {
		about = both(s.process.id, due.op.session.process.id).at(due.op.ring.id, due.op.place.seq)
	}
	p := CLI2
	switch {
	case e.Kind == trace.ClientDeliver && !s.awaits(e):
		c.unexpected(s, e)
		return
	case s.lagged && e.Kind == trace.ClientDeliver:
		p = CLI4 // something was dropped instead of closing
	case e.Kind == trace.ClientDeliver && due.kind == trace.ClientDeliver:
		p = GRP4
	case e.Kind == trace.ClientSignal || due.kind == trace.ClientSignal:
		p = GRP7
	case e.Kind == trace.ClientView && due.kind == trace.ClientView:
		p = GRP10
		if due.group == e.View.Group {
			p, _ = c.wrong(s, due, e.View)
		}
	}
	c.fail(p, about, "%v (client %d) received %v where %v is due", s.private, s.client, told(e), due)
}

// awaits tells whether a message is due later.
func (s *session) awaits(e *trace.Event) bool {
	return slices.ContainsFunc(s.list, func(x entry) bool { return x.op != nil && x.op.act == groups.ActMessage && x.op.is(e) })
}

// unexpected names the property that is broken by receiving what is not due at
// all.
func (c *Checker) unexpected(s *session, e *trace.Event) {
	p := GRP4
	switch e.Kind {
	case trace.ClientView:
		p = GRP10
	case trace.ClientSignal:
		p = GRP7
	case trace.ClientLeave:
		p = GRP3
	default:
		if !slices.ContainsFunc(e.Message.Groups, func(name string) bool { return !isPrivate(name) }) && !slices.Contains(e.Message.Groups, s.private) {
			p = CLI6
		}
	}
	c.fail(p, of(s.process.id), "%v (client %d) received %v, which is not for it at this place, or not again", s.private, s.client, told(e))
}

// told is an event in words.
func told(e *trace.Event) string {
	switch e.Kind {
	case trace.ClientDeliver:
		return fmt.Sprintf("message %d of client %d (%v) to %v", e.Message.ClientCounter, e.Message.Client, e.Text, e.Message.Groups)
	case trace.ClientView:
		return fmt.Sprintf("view %d of %v, cause %d: %v, sets %v", e.View.ID, e.View.Group, e.View.Cause, e.View.Members, e.View.Sets)
	}
	return fmt.Sprintf("%v of %v", e.Kind, e.View.Group)
}

func (o *output) String() string {
	switch o.kind {
	case trace.ClientDeliver:
		return fmt.Sprintf("message %d of %v at %d of %v to %v", o.op.number, o.op.session.private, o.op.place.seq, trace.RingString(o.op.ring.id), o.op.groups)
	case trace.ClientView:
		sets := make([]string, len(o.sets))
		for i, set := range o.sets {
			sets[i] = strings.Join(privateNames(set), " ")
		}
		return fmt.Sprintf("a view of %v, cause %d: %v, sets %q", o.group, o.cause, privateNames(o.members), sets)
	}
	if o.kind == trace.Conf {
		return "what follows from the state of the groups, which is not agreed"
	}
	return fmt.Sprintf("%v of %v", o.kind, o.group)
}
