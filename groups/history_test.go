package groups

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mpspread/ring"
)

var seeds = flag.Int("groups.seeds", 250, "random histories to run")

// TestRandomHistories drives daemons through random partitions, merges,
// restarts and interrupted exchanges, with messages in flight at every change,
// and checks what sessions see against the promises to them (correctness 2.9).
func TestRandomHistories(t *testing.T) {
	total := Counters{}
	for seed := range *seeds {
		h := newHistory(t, uint64(seed))
		h.play()
		for _, n := range h.w.nodes {
			c := n.groups.counters
			total.Interrupted += c.Interrupted
			total.Stale += c.Stale
			total.Exchanges += c.Exchanges
			total.Messages += c.Messages
			if c.Malformed+c.Unexpected != 0 {
				t.Fatalf("seed %d: refused a payload of our own: %+v", seed, c)
			}
		}
		if t.Failed() {
			return
		}
	}
	if total.Interrupted == 0 || total.Stale == 0 || total.Messages == 0 {
		t.Fatalf("never happened: %+v", total)
	}
	t.Logf("%+v", total)
}

// history is one random run.
type history struct {
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	w       *world
	clients []*watched
	views   map[string]string // group and id: members (GRP-2)
	pasts   map[string]string // what those of one set had before (GRP-6)
	within  []within
	message int
}

// watched is a session and what it has seen.
type watched struct {
	*client
	h       *history
	node    *node
	name    string
	flag    bool
	wish    map[string]bool // groups, by the last request
	closing bool
	dead    bool

	views    map[string]*Membership
	signaled map[string]bool
	since    map[string][]string // messages by group since its last membership
	sent     []string            // own messages that must come back
	returned int
	last     map[string]int // highest message number by sender
}

// within is the view that a message was delivered in, and when.
type within struct {
	node  *node
	data  string
	group string
	conf  ring.RingID // in force at the delivery
	view  GroupID
}

// checkWithin is GRP-5, for those who can know of each other: they went on
// together from the configuration in which the message was put in order, and
// were in one configuration when they delivered it to their sessions.
func (h *history) checkWithin() {
	views := make(map[string]within)
	for _, d := range h.within {
		origin := h.w.origin[d.data]
		key := fmt.Sprintf("%s %s %v %v %v", d.data, d.group, origin, d.node.after[origin], d.conf)
		if other, ok := views[key]; ok && other.view != d.view {
			h.fail("GRP-5: %s: at %s in view %v, at %s in %v", key, d.node.name, d.view, other.node.name, other.view)
		}
		views[key] = d
	}
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{
		t:     t,
		seed:  seed,
		rng:   rand.New(rand.NewPCG(seed, 7)),
		views: make(map[string]string),
		pasts: make(map[string]string),
	}
	names := []string{"alpha", "beta", "gamma", "delta", "eta"}[:2+h.rng.IntN(4)]
	h.w = newWorld(t, names...)
	for _, n := range h.w.nodes {
		n.see = h.see
	}
	return h
}

func (h *history) fail(format string, args ...any) {
	h.t.Helper()
	h.t.Errorf("seed %d: %s", h.seed, fmt.Sprintf(format, args...))
}

func (h *history) play() {
	for i := range 3 * len(h.w.daemons) {
		h.open(h.w.daemons[i%len(h.w.daemons)].Name, fmt.Sprintf("u%d", i), h.rng.IntN(5) > 0)
	}
	for range 150 + h.rng.IntN(300) {
		if h.t.Failed() {
			return
		}
		switch n := h.rng.IntN(100); {
		case n < 40:
			h.act(h.clients[h.rng.IntN(len(h.clients))])
		case n < 85:
			h.stepOne()
		case n < 98:
			h.reform()
		default:
			h.restart()
		}
	}
	h.finish()
}

func (h *history) open(daemon, name string, membership bool) {
	c := &watched{
		client: h.w.open(daemon, name, membership), h: h, node: h.w.nodes[daemon], name: name, flag: membership,
		wish:  make(map[string]bool),
		views: make(map[string]*Membership), signaled: make(map[string]bool),
		since: make(map[string][]string), last: make(map[string]int),
	}
	h.clients = append(h.clients, c)
}

func (h *history) group() string { return fmt.Sprintf("g%d", h.rng.IntN(4)) }

func (h *history) act(c *watched) {
	if c.dead || c.closing {
		return
	}
	switch n := h.rng.IntN(20); {
	case n < 7:
		g := h.group()
		c.wish[g] = true
		c.join(g)
	case n < 10:
		g := h.group()
		c.wish[g] = false
		c.leave(g)
	case n < 19:
		h.message++
		data := fmt.Sprintf("%d", h.message)
		c.sent = append(c.sent, data)
		c.send(data, h.group(), c.private, h.group(), "#nobody#"+c.node.name)
	default:
		c.closing = true
		c.close()
	}
}

// stepOne delivers one message in one component.
func (h *history) stepOne() {
	list := h.w.components()
	c := list[h.rng.IntN(len(list))]
	if d, ok := c.originate(); ok {
		for _, n := range c.members {
			n.deliver(d)
		}
	}
}

// reform tears some components apart and makes new ones of what is left: each
// daemon goes to one of two or three new configurations. What was in order
// already when it happened, each side delivers as extended virtual synchrony
// has it.
func (h *history) reform() {
	var old []*component
	var daemons []*node
	for _, c := range h.w.components() {
		if h.rng.IntN(3) > 0 {
			old = append(old, c)
			daemons = append(daemons, c.members...)
		}
	}
	sides := make(map[*node]int)
	count := 1 + h.rng.IntN(3)
	for _, n := range daemons {
		sides[n] = h.rng.IntN(count)
	}
	flights := make(map[*component][]ring.Delivery)
	for _, c := range old {
		for range h.rng.IntN(8) {
			if d, ok := c.originate(); ok {
				flights[c] = append(flights[c], d)
			}
		}
	}
	for side := range count {
		var members []*node
		for _, d := range h.w.daemons {
			if n := h.w.nodes[d.Name]; slices.Contains(daemons, n) && sides[n] == side {
				members = append(members, n)
			}
		}
		if len(members) > 0 {
			h.reconfigure(members, old, flights)
		}
	}
}

// reconfigure takes these daemons from their old components to a new one.
func (h *history) reconfigure(members []*node, old []*component, flights map[*component][]ring.Delivery) {
	next := ring.RingID{Epoch: h.w.epoch + 1, Representative: members[0].process}
	for _, c := range old {
		var along []*node
		t := &ring.Configuration{Kind: ring.Transitional, Old: c.id, New: next}
		for _, n := range members {
			if n.conf == c {
				along = append(along, n)
				t.Members = append(t.Members, n.process)
				t.Came = append(t.Came, c.id)
			}
		}
		if len(along) == 0 {
			continue
		}
		all := func(d ring.Delivery) {
			for _, n := range along {
				n.deliver(d)
			}
		}
		flight := flights[c]
		certain := h.rng.IntN(len(flight) + 1)
		for _, d := range flight[:certain] {
			all(d)
		}
		all(ring.Delivery{Conf: t})
		hole := false
		for _, d := range flight[certain:] {
			if slices.Contains(t.Members, d.Sender) {
				all(d)
			} else if hole = hole || h.rng.IntN(3) == 0; !hole {
				all(d)
			}
		}
	}
	h.w.install(members)
}

// restart ends a life: its sessions and what they sent are gone.
func (h *history) restart() {
	d := h.w.daemons[h.rng.IntN(len(h.w.daemons))].Name
	for _, c := range h.clients {
		c.dead = c.dead || c.node == h.w.nodes[d]
	}
	h.w.start(d).see = h.see
	h.open(d, fmt.Sprintf("v%d", h.rng.IntN(3)), true)
}

// finish brings all together, and checks that nothing was lost.
func (h *history) finish() {
	var members []*node
	for _, d := range h.w.daemons {
		members = append(members, h.w.nodes[d.Name])
	}
	h.reconfigure(members, h.w.components(), nil)
	h.w.run()
	if h.t.Failed() {
		return
	}
	var names []string
	for _, d := range h.w.daemons {
		names = append(names, d.Name)
	}
	h.w.wantSame(names...)
	h.checkWithin()
	wishes := make(map[string][]string)
	for _, c := range h.clients {
		if c.dead {
			continue
		}
		if c.returned != len(c.sent) {
			h.fail("CLI-1: %s got back %d of %d messages", c.private, c.returned, len(c.sent))
		}
		if c.closing {
			continue
		}
		for g, wanted := range c.wish {
			if wanted {
				wishes[g] = append(wishes[g], c.private)
			}
			if view := c.views[g]; c.flag && (view != nil) != wanted {
				h.fail("%s: member of %s: %v, wants %v", c.private, g, view != nil, wanted)
			}
		}
	}
	for _, info := range h.w.nodes[names[0]].groups.List() {
		have := slices.Sorted(slices.Values(info.Members))
		want := slices.Sorted(slices.Values(wishes[info.Name]))
		if !slices.Equal(have, want) {
			h.fail("group %s: have %v, want %v", info.Name, have, want)
		}
		delete(wishes, info.Name)
		for _, c := range h.clients {
			if view := c.views[info.Name]; view != nil && !c.dead && !c.closing && view.ID != info.ID {
				h.fail("GRP-1: %s is in view %v of %s, not %v", c.private, view.ID, info.Name, info.ID)
			}
		}
	}
	if len(wishes) > 0 {
		h.fail("groups missing: %v", wishes)
	}
}

// see checks an event of a daemon.
func (h *history) see(n *node, e Event) {
	for _, id := range e.Sessions {
		i := slices.IndexFunc(h.clients, func(c *watched) bool { return c.id == id })
		c := h.clients[i]
		if c.node != n || c.dead {
			h.fail("event for a session of another life")
			continue
		}
		switch e.Kind {
		case EventMessage:
			c.onMessage(e.Message)
		case EventMembership:
			c.onMembership(&e)
		case EventTransition:
			c.onTransition(&e)
		case EventSelfLeave:
			c.checkFlag()
			if c.views[e.Group] == nil {
				h.fail("%s: self-leave of %s without a view", c.private, e.Group)
			}
			c.forget(e.Group)
		case EventClosed:
			if !c.closing {
				h.fail("%s: closed unasked", c.private)
			}
			c.dead = true
			if c.returned != len(c.sent) {
				h.fail("CLI-1: %s got back %d of %d messages before its end", c.private, c.returned, len(c.sent))
			}
			h.open(n.name, c.name, c.flag) // the name is free
		default:
			h.fail("%s: unexpected %s", c.private, describe(e))
		}
	}
}

func (c *watched) forget(group string) {
	delete(c.views, group)
	delete(c.signaled, group)
	delete(c.since, group)
}

func (c *watched) checkFlag() {
	if !c.flag {
		c.h.fail("%s: membership event without the flag", c.private)
	}
}

func (c *watched) onMessage(m *Message) {
	data := string(m.Data)
	number := 0
	fmt.Sscan(data, &number)
	if number <= c.last[m.Sender] {
		c.h.fail("FIFO-2: %s got %s of %s after %d", c.private, data, m.Sender, c.last[m.Sender])
	}
	c.last[m.Sender] = number
	if m.Sender == c.private {
		if c.returned >= len(c.sent) || c.sent[c.returned] != data {
			c.h.fail("%s: own message %s came back out of place", c.private, data)
		}
		c.returned++
	}
	reached := m.Sender == c.private
	for _, g := range m.Groups {
		if c.views[g] != nil {
			c.since[g] = append(c.since[g], data)
			c.h.within = append(c.h.within, within{c.node, data, g, c.node.conf.id, c.views[g].ID})
			reached = true
		}
	}
	if c.flag && !reached {
		c.h.fail("GRP-4, GRP-8: %s is in none of %v", c.private, m.Groups)
	}
}

func (c *watched) onTransition(e *Event) {
	c.checkFlag()
	view := c.views[e.Group]
	if view == nil || view.ID != e.ID || c.signaled[e.Group] {
		c.h.fail("GRP-7: %s: signal of %s %v, view %v, signaled %v", c.private, e.Group, e.ID, view, c.signaled[e.Group])
		return
	}
	c.signaled[e.Group] = true
	c.since[e.Group] = append(c.since[e.Group], "signal")
}

func (c *watched) onMembership(e *Event) {
	c.checkFlag()
	m := e.Membership
	h := c.h
	name := fmt.Sprintf("%s %v", m.Group, m.ID)
	members := strings.Join(m.Members, " ")
	if known, ok := h.views[name]; ok && known != members {
		h.fail("GRP-2: %s has members %s and %s", name, known, members)
	}
	h.views[name] = members
	if !slices.Contains(m.Members, c.private) {
		h.fail("GRP-3: %s not in its view %s", c.private, members)
	}
	old := c.views[m.Group]
	c.checkCause(old, e)

	// All that share this view, and the set, come from the same view with the
	// same messages since.
	joined := m.Cause == CauseJoin && m.Sets[0][0] == c.private
	if !joined {
		past := "none"
		if old != nil {
			past = fmt.Sprintf("%v %v", old.ID, c.since[m.Group])
		}
		key := fmt.Sprintf("%s %v", name, m.Sets[e.Own])
		if known, ok := h.pasts[key]; ok && known != past {
			h.fail("GRP-6: %s came to %s from\n%s\nothers from\n%s", c.private, key, past, known)
		}
		h.pasts[key] = past
	}
	c.views[m.Group] = m
	c.signaled[m.Group] = false
	c.since[m.Group] = nil
}

// checkCause compares a view with the one before (GRP-7, GRP-10).
func (c *watched) checkCause(old *Membership, e *Event) {
	m, h := e.Membership, c.h
	if e.Own < 0 || e.Own >= len(m.Sets) {
		h.fail("%s: own set %d of %d", c.private, e.Own, len(m.Sets))
		return
	}
	who := m.Sets[0][0]
	var before []string
	if old != nil {
		before = old.Members
	}
	gone := slices.ContainsFunc(before, func(p string) bool { return !slices.Contains(m.Members, p) })
	if m.Cause == CauseNetwork {
		if !slices.Contains(m.Sets[e.Own], c.private) {
			h.fail("%s: not in its own set of %s", c.private, describe(*e))
		}
		all := slices.Concat(m.Sets...)
		if !slices.Equal(slices.Sorted(slices.Values(all)), slices.Sorted(slices.Values(m.Members))) {
			h.fail("sets are not the members: %s", describe(*e))
		}
		if gone && !c.signaled[m.Group] {
			h.fail("GRP-7: %s lost members of %s without a signal", c.private, m.Group)
		}
		return
	}
	if c.signaled[m.Group] {
		h.fail("GRP-10: %s: between signal and membership: %s", c.private, describe(*e))
	}
	want := slices.Clone(before)
	switch {
	case m.Cause == CauseJoin && who == c.private:
		if old != nil {
			h.fail("%s joined %s twice", c.private, m.Group)
		}
		return
	case m.Cause == CauseJoin:
		want = append(want, who)
	default:
		want = slices.DeleteFunc(want, func(p string) bool { return p == who })
	}
	if len(m.Sets) != 1 || len(m.Sets[0]) != 1 ||
		!slices.Equal(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(m.Members))) {
		h.fail("GRP-10: %s was in %v and sees %s", c.private, before, describe(*e))
	}
}
