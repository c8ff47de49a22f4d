package groups

import (
	"errors"
	"fmt"
	"strings"
	"testing"
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
