package check

import (
	"slices"

	"mpspread/groups"
	"mpspread/internal/trace"
)

// groupState is what is known of clients and groups (2.9).
type groupState struct {
	views     recent[viewKey, *trace.View]
	standings map[clientGroup]*standing
	sets      recent[setKey, *along] // by vs set: what its members delivered (GRP-6)
	counts    map[[2]uint64]uint64
	placed    recent[messageGroup, []placing]
	sent      map[[2]uint64]ask // (client, count) -> what a client without session handed in
	closed    map[uint64]bool
	owed      map[uint64]*copies
	sessions  map[uint64]*session
	stays     map[string][]*stay // of all sessions, by group
}

// viewKey names a membership of a group.
type viewKey struct {
	group string
	id    [3]int32
}

type clientGroup struct {
	client uint64
	group  string
}

func newGroupState() groupState {
	return groupState{
		standings: make(map[clientGroup]*standing), counts: make(map[[2]uint64]uint64), sent: make(map[[2]uint64]ask), closed: make(map[uint64]bool),
		owed: make(map[uint64]*copies), sessions: make(map[uint64]*session), stays: make(map[string][]*stay),
	}
}

// client judges what a client does and receives. What it receives is judged
// twice: by what it has seen itself, which any trace shows, and, for sessions
// whose opening and whose daemon's ring the trace shows too, by what is due to
// it at its place in the order (due.go).
func (c *Checker) client(e *trace.Event) {
	s := c.groups.sessions[e.Client]
	if c.observers != nil {
		c.observe(e)
	}
	switch e.Kind {
	case trace.ClientOpen:
		c.opened(e)
		return
	case trace.ClientSend:
		c.clientSend(e, s)
		return
	case trace.ClientStall:
		c.stall(e, s)
		return
	}
	if !c.holds(CLI5, !c.groups.closed[e.Client]) {
		c.fail(CLI5, of(e.Process), "client %d gets %v after it was closed", e.Client, e.Kind)
	}
	if e.Kind == trace.ClientClose {
		c.closed(e, s)
		return
	}
	c.received(e, s)
}

// received judges an event that a client gets.
func (c *Checker) received(e *trace.Event, s *session) {
	switch e.Kind {
	case trace.ClientDeliver:
		c.clientDeliver(e, s)
	case trace.ClientView:
		c.view(e)
	case trace.ClientSignal:
		c.signal(e)
	case trace.ClientLeave:
		c.selfLeave(e)
	}
	if s != nil {
		c.match(s, e)
	}
}

// clientDeliver judges a message that a client receives: CLI-2 by the sending
// client's count, INT-1, INT-6, GRP-5, GRP-8.
func (c *Checker) clientDeliver(e *trace.Event, s *session) {
	g, m := &c.groups, &e.Message
	about := of(e.Process)
	in := c.through(e)
	if m.Client == 0 {
		return
	}
	pair := [2]uint64{e.Client, m.Client}
	if !c.holds(CLI2, g.counts[pair] < m.ClientCounter) {
		c.fail(CLI2, about, "client %d received message %d of client %d after its %d", e.Client, m.ClientCounter, m.Client, g.counts[pair])
	}
	g.counts[pair] = m.ClientCounter
	if g.sessions[m.Client] == nil {
		sent, known := g.sent[[2]uint64{m.Client, m.ClientCounter}]
		if !c.holds(INT1, known) {
			c.fail(INT1, about, "client %d received message %d of client %d, which never sent it", e.Client, m.ClientCounter, m.Client)
		}
		if !c.holds(INT6, !known || sent.describes(m)) {
			c.fail(INT6, about, "client %d received message %d of client %d, but not as it was sent", e.Client, m.ClientCounter, m.Client)
		}
	}
	for _, st := range in {
		if !st.signaled { // what comes after the signal is compared by vs sets
			c.sameView(e, st)
		}
	}
	if o := g.owed[m.Client]; o != nil && e.Client == m.Client {
		o.back[class(m.Service)]++
	}
}

// through lists the groups of a message that its receiver is in, as far as
// the receiver has seen. One that it has left is no way for a message to reach
// it (GRP-8).
func (c *Checker) through(e *trace.Event) []*standing {
	var in []*standing
	left := ""
	for i, name := range e.Message.Groups {
		st := c.groups.standings[clientGroup{e.Client, name}]
		if st == nil || slices.Contains(e.Message.Groups[:i], name) {
			continue
		}
		if st.view == nil {
			if st.left {
				left = name
			}
			continue
		}
		st.took(&e.Message)
		in = append(in, st)
	}
	if left == "" && len(in) == 0 {
		return in
	}
	own := slices.ContainsFunc(e.Message.Groups, func(name string) bool { return isPrivate(name) })
	if !c.holds(GRP8, len(in) > 0 || own) {
		c.fail(GRP8, of(e.Process), "client %d received a message of %v, which it has left", e.Client, left)
	}
	return in
}

// isPrivate tells a session's private group name from a group's.
func isPrivate(name string) bool { return name != "" && name[0] == '#' }

// selfLeave judges GRP-3: a client is told of its own leave only of a group
// that it is in.
func (c *Checker) selfLeave(e *trace.Event) {
	st := c.standing(e.Client, e.View.Group)
	if !c.holds(GRP3, !st.left) {
		c.fail(GRP3, of(e.Process), "client %d is told again that it has left %v", e.Client, e.View.Group)
	}
	st.done(groups.ActLeave)
	st.view, st.signaled, st.left = nil, false, true
}
