package check

import (
	"slices"
	"strings"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// What is due to a session.
//
// Joins, leaves, disconnects, messages and configurations stand in one order at
// each daemon. From it follows, for each session, exactly what it is to
// receive: this file works that out, from the places in the order alone. It
// knows nothing of tables that are sent about.
//
// One thing does not follow from the order: in which configuration the state of
// the groups was agreed, so that what was delivered is applied (exchange.go).

// entry is one step of its daemon's order that concerns a session: an
// operation, or the configuration of part.
type entry struct {
	op           *operation
	part         *part // the daemon in the ring the entry belongs to
	transitional bool
}

// output is something due.
type output struct {
	kind    trace.Kind
	op      *operation // of a message
	group   string
	cause   groups.Cause
	members []*session
	sets    [][]*session
}

// due is what an entry brings to s. Nothing is known before the state of the
// groups is agreed.
func (c *Checker) due(s *session, e *entry) (list []output, known bool) {
	switch {
	case e.part.agreed == nil:
		return nil, false
	case e.op == nil && e.transitional:
		return c.signalsDue(s, e.part), true
	case e.op == nil:
		return c.networkDue(s, e.part), true
	case e.op.act == groups.ActMessage:
		return []output{{kind: trace.ClientDeliver, op: e.op}}, true
	case e.op.act == groups.ActDisconnect:
		for _, name := range e.op.left {
			list = append(list, c.changeDue(s, e, name)...)
		}
		return list, true
	}
	return c.changeDue(s, e, e.op.groups[0]), true
}

// signalsDue: one for each group of s that has members which do not come along
// (GRP-7). Where the state is agreed only in a later configuration, those are
// not members any more.
func (c *Checker) signalsDue(s *session, t *part) []output {
	var list []output
	if t.agreed != t {
		return nil
	}
	for _, name := range s.sortedViews() {
		if slices.ContainsFunc(s.views[name].members, func(m *session) bool { return !t.trans.has(t.placeOf(m)) }) {
			list = append(list, output{kind: trace.ClientSignal, group: name})
		}
	}
	return list
}

// networkDue is what the regular configuration of t brings: a view of each
// group that loses members or gets some from elsewhere, after a signal if
// members are lost and none has come. Where a signal has come a view follows in
// any case: those it warned of may have left since.
func (c *Checker) networkDue(s *session, t *part) []output {
	elsewhere := func(m *session) bool { return !t.cameAlong(m) }
	var list []output
	for _, name := range s.sortedViews() {
		v := s.views[name]
		members := c.membersAt(name, t, nil)
		lost := slices.ContainsFunc(v.members, elsewhere)
		if !lost && !v.signaled && !slices.ContainsFunc(members, elsewhere) {
			continue
		}
		if lost && !v.signaled {
			list = append(list, output{kind: trace.ClientSignal, group: name})
		}
		list = append(list, output{
			kind: trace.ClientView, group: name, cause: groups.CauseNetwork, members: members,
			sets: byOrigin(members, func(m *session) int { return t.origins[t.placeOf(m)] }),
		})
	}
	return list
}

// changeDue is what a join, leave or disconnect in a group brings to s, which
// is or becomes a member of it.
func (c *Checker) changeDue(s *session, e *entry, name string) []output {
	op, t, v := e.op, e.part, s.views[name]
	who, at := op.session, t.placeOf(op.session)
	late := t.late(op)
	if op.act == groups.ActJoin {
		if !t.scope.has(at) || late && !t.trans.has(at) || v != nil && slices.Contains(v.members, who) {
			return nil
		}
	} else if v == nil || !slices.Contains(v.members, who) {
		return nil
	}
	var members []*session
	if v != nil {
		members = slices.Clone(v.members)
	} else {
		members = c.membersAt(name, t, op)
	}
	signaled := v != nil && v.signaled
	if v == nil && late && t.agreed == t {
		signaled = c.warned(name, t, op)
	}
	due := output{kind: trace.ClientView, group: name, cause: groups.CauseJoin}
	switch op.act {
	case groups.ActJoin:
		due.members = append(members, who)
	case groups.ActLeave:
		if who == s {
			return []output{{kind: trace.ClientLeave, group: name}}
		}
		due.cause = groups.CauseLeave
	default:
		due.cause = groups.CauseDisconnect
	}
	if op.act != groups.ActJoin {
		due.members = slices.DeleteFunc(members, func(m *session) bool { return m == who })
	}
	if !signaled {
		due.sets = [][]*session{{who}}
		return []output{due}
	}
	// A change after the signal is the network's, and another signal follows
	// (client protocol 7.3).
	due.cause, due.sets = groups.CauseNetwork, lateSets(t, op, due.members)
	return []output{due, {kind: trace.ClientSignal, group: name}}
}

// lateSets are the vs sets of a change after the signal: those who come along,
// those of each daemon that does not, and one that has only just joined alone.
func lateSets(t *part, op *operation, members []*session) [][]*session {
	return byOrigin(members, func(m *session) ring.RingID {
		switch {
		case op.act == groups.ActJoin && m == op.session:
			return ring.RingID{Epoch: 1}
		case t.trans.has(t.placeOf(m)):
			return ring.RingID{}
		}
		return ring.RingID{Representative: m.process.id}
	})
}

// byOrigin parts members by a key.
func byOrigin[K comparable](members []*session, key func(*session) K) [][]*session {
	var keys []K
	var sets [][]*session
	for _, m := range members {
		k := key(m)
		i := slices.Index(keys, k)
		if i < 0 {
			i = len(keys)
			keys, sets = append(keys, k), append(sets, nil)
		}
		sets[i] = append(sets[i], m)
	}
	return sets
}

// membersAt are the members of a group as t's process has them right before an
// operation in its ring, nil: when the ring begins. Only daemons count that
// share what t applies. Memberships of older rings are brought along by the member's own
// daemon; in this ring they must have been delivered here, and a join between
// the configurations counts only for one that comes along.
func (c *Checker) membersAt(group string, t *part, before *operation) []*session {
	over := func(op *operation) bool {
		if op == nil || op.ring.id.Epoch != t.ring.id.Epoch {
			return op != nil && op.ring.id.Epoch < t.ring.id.Epoch
		}
		return before != nil && op.ring == t.ring && op.place.before(before.place) && op.delivered.has(t.place)
	}
	var list []*session
	for _, st := range c.groups.stays[group] {
		q, member := t.ring.index[st.session.process.id]
		if !member || !t.scope.has(q.place) || !over(st.from) || over(st.to) {
			continue
		}
		if t.late(st.from) && !t.trans.has(q.place) {
			continue
		}
		list = append(list, st.session)
	}
	return list
}

// warned tells whether members of a group had been signaled in t's transitional
// configuration when an operation came: some did not come along, and the group
// has had members ever since. Those who did not come along may have left.
func (c *Checker) warned(group string, t *part, op *operation) bool {
	over := func(o *operation, upto place) bool {
		if o == nil || o.ring != t.ring {
			return o != nil && o.ring.id.Epoch < t.ring.id.Epoch
		}
		return !upto.before(o.place) && o.delivered.has(t.place)
	}
	stays := c.groups.stays[group]
	member := func(st *stay, upto place) bool {
		at := t.placeOf(st.session)
		return t.scope.has(at) && over(st.from, upto) && !over(st.to, upto) && (t.trans.has(at) || !t.late(st.from))
	}
	left := func(st *stay) bool { return member(st, t.transAt) && !t.trans.has(t.placeOf(st.session)) }
	emptied := func(st *stay) bool {
		return t.late(st.to) && over(st.to, op.place) && !slices.ContainsFunc(stays, func(other *stay) bool { return member(other, st.to.place) })
	}
	return slices.ContainsFunc(stays, left) && !slices.ContainsFunc(stays, emptied)
}

// late tells whether an operation comes after the transitional configuration
// that ends t's ring.
func (t *part) late(op *operation) bool {
	return op != nil && op.ring == t.ring && t.inTrans && t.transAt.before(op.place)
}

// placeOf is the place of a session's daemon in t's ring.
func (t *part) placeOf(s *session) int {
	if q := t.ring.index[s.process.id]; q != nil {
		return q.place
	}
	return outside
}

func (s *session) sortedViews() []string {
	names := make([]string, 0, len(s.views))
	for name := range s.views {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
