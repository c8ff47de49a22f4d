package groups

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mpspread/ring"
)

// world is several daemons fed by ordered streams, as a ring would: one stream
// for each configuration, partitions included. It is driven by hand:
//
//	w.form("alpha", "beta")     // a configuration, with its transitional ones
//	w.run()                     // order and deliver everything that was submitted
//	w.step()                    // one message
type world struct {
	t       *testing.T
	daemons []Daemon
	nodes   map[string]*node
	epoch   uint64
	lives   uint64
	next    SessionID
	// origin is the configuration in which a message, by its data, got its
	// place in the order.
	origin map[string]ring.RingID
}

// node is one life of a daemon.
type node struct {
	w       *world
	name    string
	process ring.Process
	groups  *Groups
	conf    *component
	// queue holds submissions that are not yet in order; it survives
	// configuration changes as the ring's lanes do.
	queue []Submission
	log   []string // events, in words
	see   func(*node, Event)
	// after says which regular configuration followed one.
	after map[ring.RingID]ring.RingID
}

// component is a regular configuration and its stream.
type component struct {
	id      ring.RingID
	members []*node
	turn    int
	seq     ring.Seq
}

func newWorld(t *testing.T, names ...string) *world {
	w := &world{t: t, nodes: make(map[string]*node), epoch: 100, origin: make(map[string]ring.RingID)}
	for i, name := range names {
		w.daemons = append(w.daemons, Daemon{ID: ring.DaemonID(i + 1), Name: name})
	}
	for _, name := range names {
		w.start(name)
	}
	return w
}

// start begins a new life of a daemon, alone.
func (w *world) start(name string) *node {
	w.t.Helper()
	i := slices.IndexFunc(w.daemons, func(d Daemon) bool { return d.Name == name })
	w.lives++
	n := &node{
		w:       w,
		name:    name,
		process: ring.Process{Daemon: w.daemons[i].ID, Incarnation: ring.Incarnation(w.lives * 0x9e3779b97f4a7c15)},
	}
	n.after = make(map[ring.RingID]ring.RingID)
	n.groups = New(n.process, name, w.daemons)
	if old := w.nodes[name]; old != nil {
		old.conf.members = slices.DeleteFunc(slices.Clone(old.conf.members), func(m *node) bool { return m == old })
	}
	w.nodes[name] = n
	w.install([]*node{n})
	return n
}

// form makes one configuration of these daemons, with a transitional one for
// each that they come from.
func (w *world) form(names ...string) {
	w.t.Helper()
	var members []*node
	for _, d := range w.daemons {
		if slices.Contains(names, d.Name) {
			members = append(members, w.nodes[d.Name])
		}
	}
	w.transit(members, w.epoch+1)
	w.install(members)
}

// transit delivers the transitional configurations that lead to the next
// regular one, of these members.
func (w *world) transit(members []*node, epoch uint64) {
	next := ring.RingID{Epoch: epoch, Representative: members[0].process}
	for _, n := range members {
		t := &ring.Configuration{Kind: ring.Transitional, Old: n.conf.id, New: next}
		for _, other := range members {
			if other.conf == n.conf {
				t.Members = append(t.Members, other.process)
				t.Came = append(t.Came, n.conf.id)
			}
		}
		n.deliver(ring.Delivery{Conf: t})
	}
}

// install delivers a regular configuration.
func (w *world) install(members []*node) {
	w.epoch++
	for _, n := range members {
		if n.conf != nil {
			// Whoever is left behind has not noticed yet.
			n.conf.members = slices.DeleteFunc(slices.Clone(n.conf.members), func(m *node) bool { return m == n })
		}
	}
	c := &component{id: ring.RingID{Epoch: w.epoch, Representative: members[0].process}, members: members}
	conf := &ring.Configuration{Kind: ring.Regular, New: c.id}
	for _, n := range members {
		conf.Members = append(conf.Members, n.process)
		if n.conf == nil {
			conf.Came = append(conf.Came, ring.RingID{})
		} else {
			conf.Came = append(conf.Came, n.conf.id)
		}
	}
	for _, n := range members {
		own := *conf
		if n.conf != nil {
			own.Old = n.conf.id
			n.after[own.Old] = c.id
		}
		n.conf = c
		n.deliver(ring.Delivery{Conf: &own})
	}
}

// deliver hands one step to a daemon, and notes what comes out.
func (n *node) deliver(d ring.Delivery) {
	if d.Payload != nil {
		// The payload is the ring's, and gone after the call.
		d.Payload = append([]byte(nil), d.Payload...)
		defer clear(d.Payload)
	}
	n.groups.Deliver(d)
	n.drain()
}

func (n *node) drain() {
	n.queue = append(n.queue, n.groups.Submissions()...)
	for _, e := range n.groups.Events() {
		n.log = append(n.log, describe(e))
		if n.see != nil {
			n.see(n, e)
		}
	}
}

// originate puts the next submission of the component in order, without
// delivering it.
func (c *component) originate() (d ring.Delivery, ok bool) {
	for range c.members {
		n := c.members[c.turn%len(c.members)]
		c.turn++
		if len(n.queue) == 0 {
			continue
		}
		s := n.queue[0]
		n.queue = n.queue[1:]
		c.seq++
		if m, err := parseData(s.Payload); err == nil {
			n.w.origin[string(m.data)] = c.id
		}
		return ring.Delivery{Sender: n.process, Service: s.Service, Ring: c.id, Seq: c.seq, Payload: s.Payload}, true
	}
	return d, false
}

// step orders and delivers one message in every component.
func (w *world) step() bool {
	moved := false
	for _, c := range w.components() {
		d, ok := c.originate()
		if !ok {
			continue
		}
		moved = true
		for _, n := range c.members {
			n.deliver(d)
		}
	}
	return moved
}

func (w *world) run() {
	w.t.Helper()
	for i := 0; w.step(); i++ {
		if i > 1_000_000 {
			w.t.Fatal("no end of messages")
		}
	}
}

// components are the configurations in force.
func (w *world) components() []*component {
	var list []*component
	for _, d := range w.daemons {
		if n := w.nodes[d.Name]; !slices.Contains(list, n.conf) {
			list = append(list, n.conf)
		}
	}
	return list
}

// client is a session of a daemon.
type client struct {
	t       *testing.T
	node    *node
	id      SessionID
	private string
}

func (w *world) open(daemon, name string, membership bool) *client {
	w.t.Helper()
	w.next++
	c := &client{t: w.t, node: w.nodes[daemon], id: w.next}
	var err error
	if c.private, err = c.node.groups.Open(c.id, name, membership); err != nil {
		w.t.Fatalf("open %s: %v", name, err)
	}
	return c
}

func (c *client) put(s Submission, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%s: %v", c.private, err)
	}
	if s.Payload != nil {
		c.node.queue = append(c.node.queue, s)
	}
	c.node.drain()
}

func (c *client) join(group string)  { c.t.Helper(); c.put(c.node.groups.Join(c.id, group)) }
func (c *client) leave(group string) { c.t.Helper(); c.put(c.node.groups.Leave(c.id, group)) }
func (c *client) close()             { c.t.Helper(); c.put(c.node.groups.Close(c.id)) }
func (c *client) send(data string, groups ...string) {
	c.t.Helper()
	c.put(c.node.groups.Multicast(c.id, &Multicast{Service: ring.Agreed, Groups: groups, Data: []byte(data)}))
}

// describe puts an event into words; ids are left to tests that want them.
func describe(e Event) string {
	to := strings.Trim(fmt.Sprint(e.Sessions), "[]")
	switch e.Kind {
	case EventMessage:
		return fmt.Sprintf("%s: message %q from %s to %s", to, e.Message.Data, e.Message.Sender, strings.Join(e.Message.Groups, ","))
	case EventMembership:
		m := e.Membership
		cause := map[Cause]string{CauseJoin: "join", CauseLeave: "leave", CauseDisconnect: "disconnect", CauseNetwork: "network"}[m.Cause]
		var sets []string
		for i, s := range m.Sets {
			set := strings.Join(s, " ")
			if i == e.Own {
				set = "*" + set
			}
			sets = append(sets, set)
		}
		return fmt.Sprintf("%s: %s %s/%d members %s sets %s", to, cause, m.Group, m.ID.Index, strings.Join(m.Members, " "), strings.Join(sets, " | "))
	case EventTransition:
		return fmt.Sprintf("%s: transition %s/%d", to, e.Group, e.ID.Index)
	case EventSelfLeave:
		return fmt.Sprintf("%s: self-leave %s", to, e.Group)
	case EventReject:
		return fmt.Sprintf("%s: reject %d %s", to, e.Request, e.Group)
	case EventClosed:
		return fmt.Sprintf("%s: closed", to)
	}
	return "?"
}

// want compares what a daemon's sessions have received since the last want.
func (w *world) want(daemon string, events ...string) {
	w.t.Helper()
	n := w.nodes[daemon]
	if !slices.Equal(n.log, events) {
		w.t.Fatalf("%s:\nhave\n\t%s\nwant\n\t%s", daemon, strings.Join(n.log, "\n\t"), strings.Join(events, "\n\t"))
	}
	n.log = nil
}

// quiet throws away what was received.
func (w *world) quiet() {
	for _, n := range w.nodes {
		n.log = nil
	}
}

// wantSame fails unless all daemons have the same table, agreed.
func (w *world) wantSame(daemons ...string) {
	w.t.Helper()
	first := ""
	for i, name := range daemons {
		g := w.nodes[name].groups
		if !g.Ready() {
			w.t.Fatalf("%s: not ready: %+v", name, g.Status())
		}
		have := fmt.Sprintf("%+v", g.List())
		if i == 0 {
			first = have
		} else if have != first {
			w.t.Fatalf("tables differ:\n%s: %s\n%s: %s", daemons[0], first, name, have)
		}
	}
}
