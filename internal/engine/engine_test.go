package engine

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mpspread/groups"
	"mpspread/multipath"
	"mpspread/ring"
)

func three(t *testing.T) (n *network, a, b, c *host) {
	n = newNetwork(t, "alpha", "beta", "gamma")
	a, b, c = n.hosts[0], n.hosts[1], n.hosts[2]
	n.until("one ring", 5*time.Second, func() bool { return n.together(a, b, c) })
	return n, a, b, c
}

// joined opens a session on every host and has all in one group.
func joined(n *network, group string) {
	n.t.Helper()
	for i, h := range n.hosts {
		h.open(groups.SessionID(i+1), "user")
		h.join(groups.SessionID(i+1), group)
	}
	n.until("joined", time.Second, func() bool {
		for i, h := range n.hosts {
			v := h.views(groups.SessionID(i + 1))
			if len(v) == 0 || len(v[len(v)-1].Members) != len(n.hosts) {
				return false
			}
		}
		return true
	})
}

func TestOneOrder(t *testing.T) {
	n, a, b, c := three(t)
	joined(n, "chat")
	const each = 200
	for i := range each {
		for j, h := range n.hosts {
			h.send(groups.SessionID(j+1), fmt.Sprintf("%s %d", h.name, i), "chat")
		}
	}
	n.until("all delivered", 10*time.Second, func() bool {
		return a.count() == 3*each && b.count() == 3*each && c.count() == 3*each
	})
	if !slices.Equal(a.messages(1), b.messages(2)) || !slices.Equal(a.messages(1), c.messages(3)) {
		t.Fatal("orders differ")
	}
	last := func(h *host, id groups.SessionID) *groups.Membership { v := h.views(id); return v[len(v)-1] }
	if !reflect.DeepEqual(last(a, 1), last(b, 2)) {
		t.Fatalf("views differ: %+v %+v", last(a, 1), last(b, 2))
	}
	if s := a.Status(n.now); s.Sessions != 1 || s.Groups != 1 || s.Waiting != 0 || s.GroupLayer.Members != 3 {
		t.Fatalf("status: %+v", s)
	}
}

// Either network can be cut without anyone noticing.
func TestOneNetworkCut(t *testing.T) {
	n, a, _, c := three(t)
	joined(n, "chat")
	changes := len(c.confs)
	sent := 0
	for net := range multipath.NetworkID(testNetworks) {
		n.cut[net] = true
		for range 50 {
			a.send(1, fmt.Sprint(sent), "chat")
			sent++
			n.run(20 * time.Millisecond)
		}
		n.cut[net] = false
		n.run(time.Second)
	}
	if got := len(c.messages(3)); got != sent {
		t.Fatalf("%d of %d messages", got, sent)
	}
	if len(c.confs) != changes {
		t.Fatalf("%d membership changes", len(c.confs)-changes)
	}
}

// A daemon that dies: signal and network membership within a second, and its
// next life joins with an empty table.
func TestDaemonDies(t *testing.T) {
	n, a, b, c := three(t)
	joined(n, "chat")
	c.dead = true
	died := n.now
	n.until("ring of two", 5*time.Second, func() bool { return n.together(a, b) })
	if d := n.now - died; d > time.Second {
		t.Errorf("noticed after %v", d)
	}
	want := []groups.EventKind{groups.EventTransition, groups.EventMembership}
	var have []groups.EventKind
	for _, e := range a.events[len(a.events)-2:] {
		have = append(have, e.Kind)
	}
	if !slices.Equal(have, want) {
		t.Fatalf("events %v, want %v", have, want)
	}
	v := a.views(1)
	if m := v[len(v)-1]; m.Cause != groups.CauseNetwork || strings.Join(m.Members, " ") != "#user#alpha #user#beta" {
		t.Fatalf("view %+v", m)
	}

	c = n.boot([]string{"alpha", "beta", "gamma"}, 2, 2)
	n.hosts[2] = c
	n.until("ring of three", 10*time.Second, func() bool { return n.together(a, b, c) })
	c.open(9, "user")
	c.join(9, "chat")
	n.until("joined again", time.Second, func() bool { return len(c.views(9)) == 1 })
	if m := c.views(9)[0]; strings.Join(m.Members, " ") != "#user#alpha #user#beta #user#gamma" {
		t.Fatalf("view %+v", m)
	}
}

// Stop tells the others, who need not find out.
func TestStop(t *testing.T) {
	n, a, b, c := three(t)
	joined(n, "chat")
	c.Stop(n.now)
	n.take(c)
	c.dead = true
	at := n.now
	// "Noticed" is that the others give the old ring up.
	n.until("noticed", time.Second, func() bool { return a.Status(n.now).Ring.State != ring.Operational })
	if d := n.now - at; d > 100*time.Millisecond {
		t.Errorf("noticed after %v", d)
	}
	n.until("ring of two", 5*time.Second, func() bool { return n.together(a, b) })
	if err := c.Join(n.now, 3, "other"); !errors.Is(err, ring.ErrLeft) {
		t.Errorf("join: %v", err)
	}
	if _, err := c.Open(n.now, 4, "x", true); !errors.Is(err, ring.ErrLeft) {
		t.Errorf("open: %v", err)
	}
	if err := c.Multicast(n.now, 3, &groups.Multicast{}); !errors.Is(err, ring.ErrLeft) {
		t.Errorf("multicast: %v", err)
	}
	if err := c.Close(n.now, 3); err != nil {
		t.Errorf("close: %v", err)
	}
}

// Both networks cut, changes on both sides, and a merge with state exchange.
func TestPartitionAndMerge(t *testing.T) {
	n, a, b, c := three(t)
	joined(n, "chat")
	n.cut[0], n.cut[1] = true, true
	n.until("three rings", 5*time.Second, func() bool { return n.together(a) && n.together(b) && n.together(c) })
	a.join(1, "only-alpha")
	for i := range 300 {
		c.join(3, fmt.Sprintf("gamma-%03d", i))
	}
	n.run(100 * time.Millisecond)
	n.cut[0], n.cut[1] = false, false
	n.until("one ring", 10*time.Second, func() bool { return n.together(a, b, c) })
	for _, h := range n.hosts {
		if s := h.Status(n.now); s.Groups != 302 || s.GroupLayer.Members != 3 || s.GroupLayer.Counters.Malformed != 0 {
			t.Errorf("%s: %+v", h.name, s.GroupLayer)
		}
	}
	if !reflect.DeepEqual(a.Groups(), c.Groups()) || !reflect.DeepEqual(a.Groups(), b.Groups()) {
		t.Error("tables differ")
	}
	v := b.views(2)
	if m := v[len(v)-1]; m.Cause != groups.CauseNetwork || len(m.Members) != 3 || len(m.Sets) != 3 {
		t.Errorf("view %+v", m)
	}
}
