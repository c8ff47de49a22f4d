package check

import (
	"cmp"
	"maps"
	"slices"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// observers judge order and safe delivery by what clients see of them, for
// traces that show nothing of rings (Options.OnlyClients): the laboratory's.
//
// A client sees a part of its daemon's order. So the oracle of CFG-8 holds for
// clients as it does for daemons: one node for each message and for each view,
// the clients' orders as edges. And the members of a view stand for the daemons
// of its configuration: a safe message that one of them gets before the signal
// all of them get in that view, or do not live (SAFE-1), and all of them have
// got the view (SAFE-2).
type observers struct {
	last     map[uint64]int32    // each client's latest node
	messages map[[2]uint64]int32 // (client, count) -> node
	views    map[viewKey]int32
	clients  map[string]uint64 // by private name
	homes    map[uint64]ring.Process
	sentIn   map[[2]uint64]viewKey // safe messages, by the view their senders were in
	safe     map[viewKey]*safeView
}

// safeView is a view with the safe messages that were sent and delivered in it.
type safeView struct {
	members []string
	got     map[uint64]bool // by clients
	taken   map[[2]uint64]*safeTaken
}

// safeTaken is who has delivered a safe message.
type safeTaken struct {
	early uint64 // one that did before the signal; 0: none
	by    []uint64
}

func newObservers() *observers {
	return &observers{
		last: make(map[uint64]int32), messages: make(map[[2]uint64]int32), views: make(map[viewKey]int32),
		clients: make(map[string]uint64), homes: make(map[uint64]ring.Process),
		sentIn: make(map[[2]uint64]viewKey), safe: make(map[viewKey]*safeView),
	}
}

// observe takes what a client does or gets, before the client's own state
// follows.
func (c *Checker) observe(e *trace.Event) {
	switch o := c.observers; e.Kind {
	case trace.ClientSend:
		o.sends(c, e)
	case trace.ClientDeliver:
		o.delivers(c, e)
	case trace.ClientView:
		o.sees(c, e)
	}
}

// sends notes in which view a safe message is sent, if to one group only.
func (o *observers) sends(c *Checker, e *trace.Event) {
	m := &e.Message
	if m.Service != ring.Safe || m.Client == 0 || len(m.Groups) != 1 {
		return
	}
	if st := c.groups.standings[clientGroup{m.Client, m.Groups[0]}]; st != nil && st.view != nil {
		o.sentIn[[2]uint64{m.Client, m.ClientCounter}] = viewKey{m.Groups[0], st.view.ID}
	}
}

// delivers notes the place of a message among all that its receiver gets.
func (o *observers) delivers(c *Checker, e *trace.Event) {
	m := &e.Message
	if m.Client == 0 {
		return
	}
	key := [2]uint64{m.Client, m.ClientCounter}
	n, known := o.messages[key]
	if !known {
		n = c.graph.add(label{client: m.Client, number: m.ClientCounter})
		o.messages[key] = n
	}
	o.node(c, e.Client, n)
	o.took(c, e, key)
}

// took notes a safe message that is delivered in the view in which it was
// sent: sent after the groups' state had been agreed on, it was not held back
// for that.
func (o *observers) took(c *Checker, e *trace.Event, key [2]uint64) {
	view, sent := o.sentIn[key]
	if !sent {
		return
	}
	st := c.groups.standings[clientGroup{e.Client, view.group}]
	v := o.safe[view]
	if st == nil || st.view == nil || st.view.ID != view.id || v == nil {
		return
	}
	t := v.taken[key]
	if t == nil {
		t = &safeTaken{}
		v.taken[key] = t
	}
	t.by = append(t.by, e.Client)
	if !st.signaled && t.early == 0 {
		t.early = e.Client
	}
}

// sees notes a view.
func (o *observers) sees(c *Checker, e *trace.Event) {
	key := viewKey{e.View.Group, e.View.ID}
	o.clients[e.Text], o.homes[e.Client] = e.Client, e.Process
	n, known := o.views[key]
	if !known {
		n = c.graph.add(label{view: e.View})
		o.views[key] = n
		o.safe[key] = &safeView{members: e.View.Members, got: make(map[uint64]bool), taken: make(map[[2]uint64]*safeTaken)}
	}
	o.safe[key].got[e.Client] = true
	o.node(c, e.Client, n)
}

// node makes n the next step of a client.
func (o *observers) node(c *Checker, client uint64, n int32) {
	if last, known := o.last[client]; known {
		c.graph.edges = append(c.graph.edges, [2]int32{last, n})
	}
	o.last[client] = n
}

// safeEverywhere judges SAFE-1 and SAFE-2 at the end of a run.
func (o *observers) safeEverywhere(c *Checker) {
	keys := slices.SortedFunc(maps.Keys(o.safe), func(a, b viewKey) int {
		return cmp.Or(cmp.Compare(a.group, b.group), slices.Compare(a.id[:], b.id[:]))
	})
	for _, key := range keys {
		v := o.safe[key]
		messages := slices.SortedFunc(maps.Keys(v.taken), func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
		for _, m := range messages {
			if t := v.taken[m]; t.early != 0 {
				o.everyMember(c, key, v, m, t)
			}
		}
	}
}

// everyMember judges one message that a member of a view delivered as safe for
// all of them.
func (o *observers) everyMember(c *Checker, key viewKey, v *safeView, m [2]uint64, t *safeTaken) {
	for _, name := range v.members {
		client, known := o.clients[name]
		if !known || c.groups.closed[client] || !c.process(o.homes[client]).alive {
			continue
		}
		about := both(o.homes[t.early], o.homes[client])
		if !c.holds(SAFE2, v.got[client]) {
			c.fail(SAFE2, about, "client %d delivered safe message %d of client %d in view %d of %v, which %v never got", t.early, m[1], m[0], key.id, key.group, name)
		}
		if !c.holds(SAFE1, slices.Contains(t.by, client)) {
			c.fail(SAFE1, about, "client %d delivered safe message %d of client %d in view %d of %v before any signal, but %v, a member, has not delivered it there", t.early, m[1], m[0], key.id, key.group, name)
		}
	}
}
