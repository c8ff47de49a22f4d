package check

import (
	"slices"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// groupState is what clients have seen of groups (2.9).
type groupState struct {
	views   map[viewKey]*trace.View
	current map[clientGroup]*trace.View
	closed  map[uint64]bool
	counts  map[[2]uint64]uint64 // (receiver, sender) -> last count
	sentIn  map[inGroup]*trace.View
	sent    map[[2]uint64]submission // (client, count) -> what was handed in
	owed    map[uint64]*copies
	in      map[ordered]trace.ConfID // where a client's message was delivered
}

// ordered is a client's message as the ring delivered it at a process.
type ordered struct {
	at             ring.Process
	client, number uint64
}

// copies are the messages of a client that must come back to it: ordinary and
// safe ones (LIV-3, LIV-4).
type copies struct {
	daemon         ring.Process
	accepted, back [2]uint64
}

type viewKey struct {
	group string
	id    [3]int32
}

type clientGroup struct {
	client uint64
	group  string
}

type inGroup struct {
	client, number uint64
	group          string
	conf           trace.ConfID
	way            string // of a message held back beyond conf: where its holder went
}

func newGroupState() groupState {
	return groupState{
		views: make(map[viewKey]*trace.View), current: make(map[clientGroup]*trace.View),
		closed: make(map[uint64]bool), counts: make(map[[2]uint64]uint64), sentIn: make(map[inGroup]*trace.View),
		sent: make(map[[2]uint64]submission), owed: make(map[uint64]*copies), in: make(map[ordered]trace.ConfID),
	}
}

// client judges what a client receives.
func (c *Checker) client(e *trace.Event) {
	if c.groups.views == nil {
		c.groups = newGroupState()
	}
	switch e.Kind {
	case trace.ClientSend:
		c.clientSend(e)
	case trace.ClientView:
		c.view(e)
	case trace.ClientDeliver:
		c.clientDeliver(e)
	case trace.ClientLeave:
		delete(c.groups.current, clientGroup{e.Client, e.View.Group})
	case trace.ClientClose:
		c.groups.closed[e.Client] = true
		delete(c.groups.owed, e.Client)
	}
}

// view judges GRP-1 to GRP-3: one id is one membership in one order, and the
// receiver is in it (the harness writes its name into Text).
func (c *Checker) view(e *trace.Event) {
	g, v := &c.groups, e.View
	about := of(e.Process)
	key := viewKey{v.Group, v.ID}
	known := g.views[key]
	if known == nil {
		g.views[key] = v
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
	if !c.holds(GRP3, slices.Contains(v.Members, e.Text)) {
		c.fail(GRP3, about, "client %d, %v, received a view of %v without itself: %v", e.Client, e.Text, v.Group, v.Members)
	}
	g.current[clientGroup{e.Client, v.Group}] = v
}

func sameNames(a, b []string) bool {
	x, y := slices.Clone(a), slices.Clone(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// clientSend notes what a client was told is accepted.
func (c *Checker) clientSend(e *trace.Event) {
	g, m := &c.groups, &e.Message
	if m.Client != 0 {
		g.sent[[2]uint64{m.Client, m.ClientCounter}] = submission{m.ClientCounter, m.Service, m.Length, m.Digest}
	}
	if !e.First || m.Client == 0 {
		return
	}
	o := g.owed[e.Client]
	if o == nil {
		o = &copies{daemon: e.Process}
		g.owed[e.Client] = o
	}
	o.accepted[class(m.Service)]++
}

// copiesBack judges LIV-3 and LIV-4 for the clients of live processes: what
// they sent to groups they are in has come back to them.
func (c *Checker) copiesBack() {
	clients := make([]uint64, 0, len(c.groups.owed))
	for id, o := range c.groups.owed {
		if c.process(o.daemon).alive {
			clients = append(clients, id)
		}
	}
	slices.Sort(clients)
	for _, id := range clients {
		o := c.groups.owed[id]
		for i, p := range []Property{LIV3, LIV4} {
			if !c.holds(p, o.back[i] >= o.accepted[i]) {
				c.fail(p, of(o.daemon), "client %d of %v received %d of its own %d messages", id, o.daemon, o.back[i], o.accepted[i])
			}
		}
	}
}

// clientDeliver judges CLI-2 by the sending client's count, and GRP-5.
func (c *Checker) clientDeliver(e *trace.Event) {
	g, m := &c.groups, &e.Message
	if m.Client == 0 {
		return
	}
	about := of(e.Process)
	pair := [2]uint64{e.Client, m.Client}
	if !c.holds(CLI2, g.counts[pair] < m.ClientCounter) {
		c.fail(CLI2, about, "client %d received message %d of client %d after its %d", e.Client, m.ClientCounter, m.Client, g.counts[pair])
	}
	g.counts[pair] = m.ClientCounter
	c.clientIntact(e, about)
	// Clients may receive later than the ring delivers: what counts is where
	// that was. A message held back until its configuration was over, because
	// the groups' state was not agreed in it, is in the same view at those that
	// went on together all the way.
	conf := g.in[ordered{e.Process, m.Client, m.ClientCounter}]
	way := c.way(e.Process, conf.Regular())
	for _, name := range m.Groups {
		v := g.current[clientGroup{e.Client, name}]
		if v == nil {
			continue
		}
		key := inGroup{m.Client, m.ClientCounter, name, conf, way}
		known := g.sentIn[key]
		if known == nil {
			g.sentIn[key] = v
			known = v
		}
		if !c.holds(GRP5, known.ID == v.ID) {
			c.fail(GRP5, about, "client %d received message %d of client %d in view %d of %v, another in %d", e.Client, m.ClientCounter, m.Client, v.ID, name, known.ID)
		}
	}
}

// way names the regular configurations a process has installed since one.
func (c *Checker) way(id ring.Process, since ring.RingID) string {
	var way string
	for {
		r := c.rings[since]
		if r == nil || r.index[id] == nil || r.index[id].nextRing.IsZero() {
			return way
		}
		since = r.index[id].nextRing
		way += " " + trace.RingString(since)
	}
}

// clientIntact judges INT-1 and INT-6 from client to client.
func (c *Checker) clientIntact(e *trace.Event, about subject) {
	g, m := &c.groups, &e.Message
	sent, known := g.sent[[2]uint64{m.Client, m.ClientCounter}]
	if !c.holds(INT1, known) {
		c.fail(INT1, about, "client %d received message %d of client %d, which never sent it", e.Client, m.ClientCounter, m.Client)
	}
	if !c.holds(INT6, !known || sent == submission{m.ClientCounter, m.Service, m.Length, m.Digest}) {
		c.fail(INT6, about, "client %d received message %d of client %d, but not as it was sent", e.Client, m.ClientCounter, m.Client)
	}
	if o := g.owed[m.Client]; o != nil && e.Client == m.Client {
		o.back[class(m.Service)]++
	}
}
