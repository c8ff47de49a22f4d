package groups

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mpspread/ring"
)

// Names: spread-client-protocol 2.8.
func TestOpen(t *testing.T) {
	w := newWorld(t, "alpha")
	g := w.nodes["alpha"].groups
	for name, want := range map[string]error{
		"user1": nil, "$": nil, "~~~~~~~~~~": nil, "a\x80": ErrIllegalName,
		"abcdefghijk": ErrIllegalName, "a b": ErrIllegalName, "a#b": ErrIllegalName, "\"": ErrIllegalName,
		"\x7f": ErrIllegalName, "#": ErrIllegalName, "!": ErrIllegalName, "a\x00": ErrIllegalName,
	} {
		w.next++
		private, err := g.Open(w.next, name, true)
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
		if err == nil && private != "#"+name+"#alpha" {
			t.Errorf("%q: private name %q", name, private)
		}
	}
	if _, err := g.Open(1000, "user1", false); !errors.Is(err, ErrNotUnique) {
		t.Errorf("taken: %v", err)
	}
	if _, err := g.Open(1001, "other", false); err != nil {
		t.Errorf("other: %v", err)
	}
	if _, err := g.Open(1001, "another", false); !errors.Is(err, ErrSessionExists) {
		t.Errorf("same id: %v", err)
	}
}

func TestInventedNames(t *testing.T) {
	w := newWorld(t, "alpha")
	g := w.nodes["alpha"].groups
	if _, err := g.Open(1, inventName(1), false); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for i := range SessionID(100) {
		private, err := g.Open(i+2, "", false)
		if err != nil || seen[private] {
			t.Fatalf("%q, %v", private, err)
		}
		seen[private] = true
	}
	for _, n := range []uint64{0, 35, 36, 36 * 36, 1<<64 - 1} {
		if name := inventName(n); !legalPrivateName(name) {
			t.Errorf("%d: %q", n, name)
		}
	}
}

// The name is free only when the disconnect has been ordered, and a new
// session of that name starts anew.
func TestNameIsTakenUntilOrdered(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	w.form("alpha", "beta")
	watcher := w.open("beta", "w", true)
	watcher.join("chat")
	user := w.open("alpha", "user", true)
	user.join("chat")
	w.run()
	w.quiet()
	user.send("last words", "chat")
	user.close()
	g := user.node.groups
	if _, err := g.Open(77, "user", true); !errors.Is(err, ErrNotUnique) {
		t.Fatalf("open: %v", err)
	}
	for name, err := range map[string]error{
		"join":      second(g.Join(user.id, "x")),
		"leave":     second(g.Leave(user.id, "chat")),
		"multicast": second(g.Multicast(user.id, &Multicast{})),
		"close":     second(g.Close(user.id)),
		"unknown":   second(g.Join(99, "x")),
	} {
		if !errors.Is(err, ErrNoSession) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.run()
	w.want("beta",
		`1: message "last words" from #user#alpha to chat`,
		`1: disconnect chat/3 members #w#beta sets *#user#alpha`)
	again := w.open("alpha", "user", true)
	w.run()
	if len(regular(g, "chat")) != 1 {
		t.Fatal("a new session inherited a membership")
	}
	again.join("chat")
	w.run()
	w.want("beta", `1: join chat/4 members #user#alpha #w#beta sets *#user#alpha`)
}

func second(_ Submission, err error) error { return err }

// Requests without effect are ignored (spread-client-protocol 6).
func TestIgnoredRequests(t *testing.T) {
	w := newWorld(t, "alpha")
	c := w.open("alpha", "c", true)
	c.leave("chat")
	c.leave("")
	c.leave("#c#alpha")
	w.run()
	w.want("alpha")
	c.join("chat")
	c.join("chat")
	w.run()
	w.want("alpha", `1: join chat/1 members #c#alpha sets *#c#alpha`)
	for _, name := range []string{"", "#c#alpha", strings.Repeat("x", 32), "a\x00"} {
		c.join(name)
		w.want("alpha", "1: reject 1 "+name)
	}
	if len(c.node.queue) != 0 {
		t.Fatal("a rejected join was submitted")
	}
}

// The next join beyond MaxLocalMembers is rejected, to its sender only
// (spread-client-protocol 7.5); another daemon's sessions are not concerned.
func TestTooManyLocalMembers(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	w.form("alpha", "beta")
	for i := range MaxLocalMembers {
		w.open("alpha", fmt.Sprintf("u%d", i), false).join("chat")
	}
	w.run()
	late := w.open("alpha", "late", true)
	late.join("chat")
	w.run()
	w.want("alpha", fmt.Sprintf("%d: reject 1 chat", late.id))
	other := w.open("beta", "other", false)
	other.join("chat")
	w.run()
	w.wantSame("alpha", "beta")
	if n := len(regular(other.node.groups, "chat")); n != MaxLocalMembers+1 {
		t.Fatalf("%d members", n)
	}
	// A place that is left can be taken.
	w.nodes["alpha"].queue = append(w.nodes["alpha"].queue, must(w.nodes["alpha"].groups.Leave(1, "chat")))
	late.join("chat")
	w.run()
	if n := len(regular(late.node.groups, "chat")); n != MaxLocalMembers+1 {
		t.Fatalf("%d members", n)
	}
	// And the limit is one that the exchange can carry.
	w.form("alpha")
	w.form("beta")
	w.form("alpha", "beta")
	w.run()
	w.wantSame("alpha", "beta")
}

func must(s Submission, err error) Submission {
	if err != nil {
		panic(err)
	}
	return s
}

// Who receives a message: spread-client-protocol 6, 7.1 and 8.
func TestMessages(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	w.form("alpha", "beta")
	a, b, plain := w.open("alpha", "a", true), w.open("alpha", "b", true), w.open("alpha", "p", false)
	far := w.open("beta", "a", false)
	for _, c := range []*client{b, a, plain, far} {
		c.join("one")
	}
	a.join("two")
	plain.join("two")
	w.run()
	w.quiet()
	for _, test := range []struct {
		name        string
		from        *client
		groups      []string
		alpha, beta string
	}{
		{"own message comes back, in the order of opening", a, []string{"one"}, "1 2 3", "4"},
		{"sender is not a member", far, []string{"two"}, "1 3", ""},
		{"once, whatever matches", a, []string{"one", "two", "one", "#a#alpha"}, "1 2 3", "4"},
		{"private", far, []string{"#b#alpha"}, "2", ""},
		{"private, same name elsewhere", a, []string{"#a#beta"}, "", "4"},
		{"to itself", a, []string{"#a#alpha"}, "1", ""},
		{"nobody", a, nil, "", ""},
		{"unknown", a, []string{"none", "#x#alpha", "#a#gamma", "#a", "#", "##", "#a#alpha#", "", "a"}, "", ""},
		{"unknown beside known", a, []string{"none", "two"}, "1 3", ""},
	} {
		test.from.send(test.name, test.groups...)
		w.run()
		for daemon, to := range map[string]string{"alpha": test.alpha, "beta": test.beta} {
			var want []string
			if to != "" {
				want = []string{fmt.Sprintf("%s: message %q from %s to %s", to, test.name, test.from.private, strings.Join(test.groups, ","))}
			}
			w.want(daemon, want...)
		}
	}
	// Self-discard holds back from the sender alone, in groups and private.
	a.put(a.node.groups.Multicast(a.id, &Multicast{SelfDiscard: true, Groups: []string{"two", "#a#alpha"}}))
	w.run()
	w.want("alpha", `3: message "" from #a#alpha to two,#a#alpha`)
	a.put(a.node.groups.Multicast(a.id, &Multicast{SelfDiscard: true, Groups: []string{"#a#alpha"}}))
	far.put(far.node.groups.Multicast(far.id, &Multicast{SelfDiscard: true, Groups: []string{"#a#alpha"}}))
	w.run()
	w.want("alpha", `1: message "" from #a#beta to #a#alpha`)
}

// What the sender gave comes out unchanged, and belongs to the receiver.
func TestMessageContent(t *testing.T) {
	w := newWorld(t, "alpha")
	c := w.open("alpha", "c", false)
	var got *Message
	c.node.see = func(_ *node, e Event) { got = e.Message }
	groups := make([]string, MaxGroups)
	for i := range groups {
		groups[i] = fmt.Sprintf("g%d", i)
	}
	groups[50] = "#c#alpha"
	sent := Multicast{Service: ring.Safe, SelfDiscard: false, Flags: 0x40000000, Hint: [4]byte{0, 0xff, 0xfe, 0}, Groups: groups, Data: make([]byte, 200_000)}
	sent.Data[199_999] = 7
	c.put(c.node.groups.Multicast(c.id, &sent))
	w.run()
	if got == nil || got.Sender != "#c#alpha" || got.Service != ring.Safe || got.Flags != sent.Flags || got.Hint != sent.Hint ||
		!slices.Equal(got.Groups, groups) || !slices.Equal(got.Data, sent.Data) {
		t.Fatalf("got %+v", got)
	}
	for name, m := range map[string]*Multicast{
		"101 groups": {Groups: make([]string, 101)},
		"long name":  {Groups: []string{strings.Repeat("x", 32)}},
		"zero byte":  {Groups: []string{"a\x00b"}},
	} {
		if _, err := c.node.groups.Multicast(c.id, m); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Sessions without the membership flag get data only.
func TestMembershipFlag(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	w.form("alpha", "beta")
	plain, other := w.open("alpha", "p", false), w.open("beta", "o", false)
	plain.join("chat")
	other.join("chat")
	w.run()
	plain.leave("chat")
	plain.join("chat")
	w.run()
	w.form("alpha")
	w.form("alpha", "beta")
	w.run()
	w.want("alpha")
	plain.send("x", "chat")
	w.run()
	w.want("alpha", `1: message "x" from #p#alpha to chat`)
	plain.close()
	w.run()
	w.want("alpha", `1: closed`)
}

// A group that ends and begins anew in one configuration has ids of its own
// (GRP-2).
func TestGroupBeginsAnew(t *testing.T) {
	w := newWorld(t, "alpha")
	a, b := w.open("alpha", "a", true), w.open("alpha", "b", true)
	seen := make(map[GroupID]string)
	w.nodes["alpha"].see = func(_ *node, e Event) {
		if e.Kind != EventMembership {
			return
		}
		if members, again := seen[e.Membership.ID]; again {
			t.Errorf("%v is %s and %s", e.Membership.ID, members, e.Membership.Members)
		}
		seen[e.Membership.ID] = fmt.Sprint(e.Membership.Members)
		if want := int32(1); e.Membership.ID.Index != want {
			t.Errorf("index %d", e.Membership.ID.Index)
		}
	}
	for range 10 {
		for _, c := range []*client{a, b} {
			c.join("chat")
			c.leave("chat")
			w.run()
		}
	}
	if len(seen) != 20 {
		t.Fatalf("%d ids", len(seen))
	}
}

// SCN-35: one client in 10 000 groups while daemons part and meet; memory
// returns.
func TestManyGroups(t *testing.T) {
	w := newWorld(t, "alpha", "beta", "gamma")
	w.form("alpha", "beta", "gamma")
	c, other := w.open("alpha", "c", true), w.open("gamma", "o", false)
	const count = 10_000
	for i := range count {
		c.join(fmt.Sprintf("group-number-%d", i))
		if i%1000 == 0 {
			other.join(fmt.Sprintf("group-number-%d", i))
			w.step()
		}
		switch i {
		case 2000:
			w.form("alpha", "beta")
		case 4000, 8000:
			w.form("alpha", "beta", "gamma")
		case 6000:
			w.form("alpha", "gamma")
		}
	}
	w.run()
	w.wantSame("alpha", "beta", "gamma")
	if s := w.nodes["beta"].groups.Status(); s.Groups != count || s.Members != 2 || s.Held != 0 {
		t.Fatalf("status %+v", s)
	}
	for i := range count - 5 {
		c.leave(fmt.Sprintf("group-number-%d", i))
	}
	c.close()
	other.close()
	w.run()
	for _, n := range w.nodes {
		s := n.groups.Status()
		if s.Groups != 0 || s.Members != 0 || s.Held != 0 || s.Sessions != 0 || len(n.groups.sessions.byName) != 0 {
			t.Errorf("%s: left over %+v", n.name, s)
		}
	}
}
