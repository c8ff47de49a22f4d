package check

import (
	"slices"

	"mpspread/groups"
	"mpspread/internal/trace"
)

// standing is what one client has seen of one group.
type standing struct {
	name     string       // the client's private name
	view     *trace.View  // nil: it is no member
	signaled bool         // a transitional signal has come for view
	left     bool         // it has left, and no view has come since
	asks     []groups.Act // joins and leaves that it has asked for and not seen done
	messages uint64       // rolling digest of the group's messages in view
	count    int          // of them
}

// done notes that a join or leave has taken effect: those asked for before it
// have, or never will.
func (s *standing) done(act groups.Act) {
	s.asks = s.asks[slices.Index(s.asks, act)+1:]
}

// took notes a message of the group. Copies of one with self-discard are not
// counted: its sender gets none.
func (s *standing) took(m *trace.Message) {
	if m.Discard {
		return
	}
	h := m.Digest ^ m.Client<<32 ^ m.ClientCounter<<8 ^ uint64(m.Length)
	s.messages = (s.messages ^ h) * 0x94d049bb133111eb
	s.count++
}

// setKey names a vs set of a view.
type setKey struct {
	viewKey
	own int
}

// along is what the members of a vs set delivered before the view: in which
// view, and what there.
type along struct {
	name     string
	from     [3]int32
	messages uint64
	count    int
}

func (c *Checker) standing(client uint64, group string) *standing {
	key := clientGroup{client, group}
	st := c.groups.standings[key]
	if st == nil {
		st = &standing{}
		c.groups.standings[key] = st
	}
	return st
}

// view judges a view by itself and by what its receiver saw before: GRP-1 to
// GRP-3 and, where its cause is written down, GRP-6 to GRP-8 and GRP-10. Text
// is the receiver's private name.
func (c *Checker) view(e *trace.Event) {
	v, st := e.View, c.standing(e.Client, e.View.Group)
	st.name = e.Text
	known := c.sameContents(e)
	if !c.holds(GRP3, slices.Contains(v.Members, e.Text)) {
		c.fail(GRP3, of(e.Process), "client %d, %v, received a view of %v without itself: %v", e.Client, e.Text, v.Group, v.Members)
	}
	if !c.holds(GRP2, st.view == nil || st.view.ID != v.ID) {
		c.fail(GRP2, of(e.Process), "client %d received view %d of %v twice", e.Client, v.ID, v.Group)
	}
	if !c.holds(GRP8, !st.left || slices.Contains(st.asks, groups.ActJoin)) {
		c.fail(GRP8, of(e.Process), "client %d received a view of %v, which it has left", e.Client, v.Group)
	}
	if v.Cause != 0 {
		c.sameCause(e, known)
		c.change(e, st)
		c.vsSets(e, st)
	}
	if st.view == nil {
		st.done(groups.ActJoin)
	}
	st.view, st.signaled, st.left, st.messages, st.count = v, false, false, 0, 0
}

// sameContents judges GRP-1 and GRP-2 against the first that received this
// view.
func (c *Checker) sameContents(e *trace.Event) *trace.View {
	v, about := e.View, of(e.Process)
	key := viewKey{v.Group, v.ID}
	known := c.groups.views.get(key)
	if known == nil {
		c.groups.views.put(key, v)
		known = v
	}
	same := slices.Equal(known.Members, v.Members)
	if !c.holds(GRP1, same) {
		c.fail(GRP1, about, "client %d sees %v %d with members %v, another with %v", e.Client, v.Group, v.ID, v.Members, known.Members)
	}
	if !c.holds(GRP2, same || !sameNames(known.Members, v.Members)) {
		c.fail(GRP2, about, "view %d of %v has the same members in another order", v.ID, v.Group)
	}
	if !c.holds(GRP2, sameNames(known.Members, v.Members)) {
		c.fail(GRP2, about, "view %d of %v is %v and %v", v.ID, v.Group, v.Members, known.Members)
	}
	return known
}

// sameCause judges that all who receive a view are told the same of how it
// came about.
func (c *Checker) sameCause(e *trace.Event, known *trace.View) {
	v := e.View
	if !c.holds(GRP10, known.Cause == v.Cause) {
		c.fail(GRP10, of(e.Process), "client %d is told that view %d of %v has cause %d, another %d", e.Client, v.ID, v.Group, v.Cause, known.Cause)
	}
	if !c.holds(GRP6, slices.EqualFunc(known.Sets, v.Sets, slices.Equal[[]string])) {
		c.fail(GRP6, of(e.Process), "client %d is told that view %d of %v has the sets %v, another %v", e.Client, v.ID, v.Group, v.Sets, known.Sets)
	}
}

// change judges GRP-10 and GRP-7 by the receiver's view before: a join adds
// one, a leave or disconnect takes one away, and neither follows a signal;
// nobody is lost without one.
func (c *Checker) change(e *trace.Event, st *standing) {
	v, about := e.View, of(e.Process)
	var before []string
	if st.view != nil {
		before = st.view.Members
	}
	who := ""
	if len(v.Sets) == 1 && len(v.Sets[0]) == 1 {
		who = v.Sets[0][0]
	}
	ok := true
	switch groups.Cause(v.Cause) {
	case groups.CauseJoin:
		ok = !st.signaled && slices.Contains(v.Members, who) && (st.view == nil || sameNames(append(slices.Clone(before), who), v.Members))
	case groups.CauseLeave, groups.CauseDisconnect:
		ok = !st.signaled && st.view != nil && who != "" && sameNames(before, append(slices.Clone(v.Members), who))
	case groups.CauseNetwork:
		lost := slices.ContainsFunc(before, func(name string) bool { return !slices.Contains(v.Members, name) })
		if !c.holds(GRP7, !lost || st.signaled) {
			c.fail(GRP7, about, "client %d loses members of %v with view %d and has got no transitional signal: %v, then %v", e.Client, v.Group, v.ID, before, v.Members)
		}
	default:
		ok = false
	}
	if !c.holds(GRP10, ok) {
		c.fail(GRP10, about, "client %d receives view %d of %v for cause %d, with sets %v, after %v (signal: %v): %v", e.Client, v.ID, v.Group, v.Cause, v.Sets, before, st.signaled, v.Members)
	}
}

// vsSets judges GRP-6 on a view that the network caused: every member is in
// one set, the receiver in its own with members of its last view, and all of
// one set have delivered the same there.
func (c *Checker) vsSets(e *trace.Event, st *standing) {
	v, about := e.View, of(e.Process)
	if groups.Cause(v.Cause) != groups.CauseNetwork {
		return
	}
	if !c.holds(GRP6, sameNames(slices.Concat(v.Sets...), v.Members)) {
		c.fail(GRP6, about, "client %d: the sets of view %d of %v are %v, its members %v", e.Client, v.ID, v.Group, v.Sets, v.Members)
	}
	if !c.holds(GRP6, v.Own >= 0 && v.Own < len(v.Sets) && slices.Contains(v.Sets[v.Own], e.Text)) {
		c.fail(GRP6, about, "client %d, %v, is not in set %d of %v", e.Client, e.Text, v.Own, v.Sets)
		return
	}
	if st.view == nil {
		return
	}
	for _, name := range v.Sets[v.Own] {
		if !c.holds(GRP6, slices.Contains(st.view.Members, name)) {
			c.fail(GRP6, about, "client %d: %v is said to have come along to view %d of %v, but was not in %v", e.Client, name, v.ID, v.Group, st.view.Members)
		}
	}
	key := setKey{viewKey{v.Group, v.ID}, v.Own}
	mine := along{e.Text, st.view.ID, st.messages, st.count}
	other := c.groups.sets.get(key)
	if other == nil {
		c.groups.sets.put(key, &mine)
		return
	}
	if !c.holds(GRP6, other.from == mine.from && other.messages == mine.messages && other.count == mine.count) {
		c.fail(GRP6, about, "%v and %v are one vs set of view %d of %v, but come from %d with %d messages and from %d with %d", mine.name, other.name, v.ID, v.Group, mine.from, mine.count, other.from, other.count)
	}
}

// signal judges GRP-7: a transitional signal names the receiver's view, and
// comes once for it.
func (c *Checker) signal(e *trace.Event) {
	st := c.standing(e.Client, e.View.Group)
	if !c.holds(GRP7, st.view != nil && st.view.ID == e.View.ID && !st.signaled) {
		c.fail(GRP7, of(e.Process), "client %d gets a transitional signal for view %d of %v, being in %v (signal before: %v)", e.Client, e.View.ID, e.View.Group, st.view, st.signaled)
	}
	st.signaled = true
}

func sameNames(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	x, y := slices.Clone(a), slices.Clone(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
