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
// One thing does not follow from a daemon's own order. When the exchange of a
// configuration R is interrupted, what was delivered in it is handed over later
// by those who went on together, as if the others had never been in R. How many
// configurations later, k, shows only in the first thing that depends on it;
// from then on all sessions of the daemon must agree with it.

// entry is one step of its daemon's order that concerns a session: an
// operation, or the configuration of part.
type entry struct {
	op           *operation
	part         *part // the daemon in the ring the entry belongs to
	transitional bool
	perhaps      bool // it may be handed over or not
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

// way is what is due if the state was agreed k configurations later; k < 0 if
// that makes no difference.
type way struct {
	k       int
	outputs []output
}

// ways lists what may be due to s for an entry; none: nothing can be yet.
func (c *Checker) ways(s *session, e *entry) []way {
	if e.op != nil && e.op.act == groups.ActMessage {
		due := way{-1, []output{{kind: trace.ClientDeliver, op: e.op}}}
		if e.perhaps {
			return []way{due, {k: -1}}
		}
		return []way{due}
	}
	scope := e.part.ring.members
	if c.sure(e.part) {
		return []way{{0, c.outputs(s, e, scope, 0)}}
	}
	var list []way
	for k, at := 0, e.part; ; k++ {
		if k > 0 {
			if at = at.companionsOnward(c, e.part, &scope); at == nil {
				return list
			}
		}
		// Where the state cannot have been agreed nothing follows from it.
		if !e.part.excluded[k] && c.exchanged(at) && (k > 0 || at.merged()) {
			list = append(list, way{k, c.outputs(s, e, scope, k)})
		}
	}
}

// companionsOnward goes to the next ring of at's process and takes those out of
// scope, places of first's ring, that did not go there with it.
func (at *part) companionsOnward(c *Checker, first *part, scope *bits) *part {
	next := at.following(c)
	if next == nil {
		return nil
	}
	var kept bits
	for i, q := range first.ring.parts {
		if other := at.ring.index[q.process.id]; scope.has(i) && other != nil && at.trans.has(other.place) {
			kept.add(i)
		}
	}
	*scope = kept
	return next
}

func (c *Checker) outputs(s *session, e *entry, scope bits, k int) []output {
	switch {
	case e.op == nil && e.transitional:
		return c.signalsDue(s, e.part)
	case e.op == nil:
		return c.networkDue(s, e.part, scope)
	case e.op.act == groups.ActDisconnect:
		var list []output
		for _, name := range e.op.left {
			list = append(list, c.changeDue(s, e, name, scope, k)...)
		}
		return list
	}
	return c.changeDue(s, e, e.op.groups[0], scope, k)
}

// signalsDue: one for each group of s that has members which do not come along
// (GRP-7).
func (c *Checker) signalsDue(s *session, t *part) []output {
	var list []output
	for _, name := range s.sortedViews() {
		if slices.ContainsFunc(s.views[name].members, func(m *session) bool { return !t.trans.has(t.placeOf(m)) }) {
			list = append(list, output{kind: trace.ClientSignal, group: name})
		}
	}
	return list
}

// networkDue is what the regular configuration of t brings, seen by those of
// scope: a view of each group that loses members or gets some from elsewhere,
// after a signal if members are lost and none has come. Where a signal has come
// a view follows in any case: those it warned of may have left since.
func (c *Checker) networkDue(s *session, t *part, scope bits) []output {
	along := t.companions().intersect(scope)
	elsewhere := func(m *session) bool { return !along.has(t.placeOf(m)) }
	var list []output
	for _, name := range s.sortedViews() {
		v := s.views[name]
		members := c.membersAt(name, t, nil, scope)
		lost := slices.ContainsFunc(v.members, elsewhere)
		if !lost && !v.signaled && !slices.ContainsFunc(members, elsewhere) {
			continue
		}
		if lost && !v.signaled {
			list = append(list, output{kind: trace.ClientSignal, group: name})
		}
		list = append(list, output{
			kind: trace.ClientView, group: name, cause: groups.CauseNetwork, members: members,
			sets: byOrigin(members, func(m *session) ring.RingID { return t.ring.came(slices.Index(t.ring.conf.Members, m.process.id)) }),
		})
	}
	return list
}

// changeDue is what a join, leave or disconnect in a group brings to s, which
// is or becomes a member of it.
func (c *Checker) changeDue(s *session, e *entry, name string, scope bits, k int) []output {
	op, t, v := e.op, e.part, s.views[name]
	who, at := op.session, t.placeOf(op.session)
	late := t.inTrans && t.transAt.before(op.place)
	if op.act == groups.ActJoin {
		if !scope.has(at) || late && !t.trans.has(at) || v != nil && slices.Contains(v.members, who) {
			return nil
		}
	} else if v == nil || !slices.Contains(v.members, who) {
		return nil
	}
	var members []*session
	if v != nil {
		members = slices.Clone(v.members)
	} else {
		members = c.membersAt(name, t, op, scope)
	}
	signaled := v != nil && v.signaled
	if v == nil && late && k == 0 {
		signaled = slices.ContainsFunc(members, func(m *session) bool { return !t.trans.has(t.placeOf(m)) })
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
func byOrigin(members []*session, key func(*session) ring.RingID) [][]*session {
	var keys []ring.RingID
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
// operation in its ring, nil: when the ring begins, if only the daemons of
// scope count. Memberships of older rings are brought along by the member's own
// daemon; in this ring they must have been delivered here, and a join between
// the configurations counts only for one that comes along.
func (c *Checker) membersAt(group string, t *part, before *operation, scope bits) []*session {
	over := func(op *operation) bool {
		if op == nil || op.ring.id.Epoch != t.ring.id.Epoch {
			return op != nil && op.ring.id.Epoch < t.ring.id.Epoch
		}
		return before != nil && op.ring == t.ring && op.place.before(before.place) && op.delivered.has(t.place)
	}
	var list []*session
	for _, st := range c.groups.stays[group] {
		q, member := t.ring.index[st.session.process.id]
		if !member || !scope.has(q.place) || !over(st.from) || over(st.to) {
			continue
		}
		if st.from.ring == t.ring && t.inTrans && t.transAt.before(st.from.place) && !t.trans.has(q.place) {
			continue
		}
		list = append(list, st.session)
	}
	return list
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
