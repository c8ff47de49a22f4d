package groups

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mpspread/ring"
)

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
