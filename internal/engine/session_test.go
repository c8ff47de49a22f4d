package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mpspread/groups"
	"mpspread/ring"
)

// A lane that is full refuses, and Room tells when to come again; everything
// accepted is delivered once, in order.
func TestBackpressure(t *testing.T) {
	n, a, b, _ := three(t)
	joined(n, "chat")
	data := bytes.Repeat([]byte("x"), 60_000)
	sent, refused := 0, 0
	for sent < 100 {
		data[0], data[1] = byte(sent), byte(sent>>8)
		err := a.Multicast(n.now, 1, &groups.Multicast{Service: ring.FIFO, Groups: []string{"chat"}, Data: data})
		n.take(a)
		switch {
		case err == nil:
			sent++
		case errors.Is(err, ring.ErrWindowFull):
			refused++
			room := a.room
			n.until("room", time.Second, func() bool { return a.room > room })
		default:
			t.Fatal(err)
		}
	}
	n.until("delivered", 10*time.Second, func() bool { return b.count() == sent })
	for i, m := range b.messages(2) {
		if m[0] != byte(i) || m[1] != byte(i>>8) || len(m) != len(data) {
			t.Fatalf("message %d is out of place", i)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	n.run(time.Second)
	if s := a.Status(n.now); s.Waiting != 0 || s.Ring.Backlog != 0 {
		t.Errorf("left over: %d waiting, %d bytes", s.Waiting, s.Ring.Backlog)
	}
}

// Joins, leaves and the disconnect wait behind a full lane, in order, and are
// not lost.
func TestRequestsWaitBehindMessages(t *testing.T) {
	n, a, b, _ := three(t)
	joined(n, "chat")
	sent := 0
	for _, size := range []int{100_000, 1000, 0} {
		m := &groups.Multicast{Service: ring.Agreed, Groups: []string{"chat"}, Data: make([]byte, size)}
		for a.Multicast(n.now, 1, m) == nil {
			sent++
		}
	}
	n.take(a)
	waited := 0
	for i := range 2 * maxWaitingRequests {
		if err := a.Join(n.now, 1, fmt.Sprintf("g%d", i)); err != nil {
			if !errors.Is(err, ring.ErrWindowFull) {
				t.Fatal(err)
			}
			break
		}
		waited++
	}
	if err := a.Leave(n.now, 1, "chat"); !errors.Is(err, ring.ErrWindowFull) {
		t.Errorf("leave: %v", err)
	}
	if waited < maxWaitingRequests || waited >= 2*maxWaitingRequests {
		t.Errorf("%d requests taken", waited)
	}
	// A message may not pass what waits.
	if err := a.Multicast(n.now, 1, &groups.Multicast{}); !errors.Is(err, ring.ErrWindowFull) {
		t.Errorf("multicast: %v", err)
	}
	n.do(a, a.Close(n.now, 1))
	n.until("closed", 10*time.Second, func() bool {
		return slices.ContainsFunc(a.events, func(e groups.Event) bool { return e.Kind == groups.EventClosed })
	})
	n.run(time.Second)
	if got := len(b.messages(2)); got != sent {
		t.Errorf("%d of %d messages before the disconnect", got, sent)
	}
	views := b.views(2)
	if v := views[len(views)-1]; v.Cause != groups.CauseDisconnect || len(v.Members) != 2 {
		t.Errorf("last view %+v", v)
	}
	if s := b.Status(n.now); s.Groups != 1 || s.GroupLayer.Counters.Joins != 3+uint64(waited) {
		t.Errorf("groups %d, joins %d", s.Groups, s.GroupLayer.Counters.Joins)
	}
	if a.Status(n.now).Sessions != 0 {
		t.Error("session is left")
	}
}

func TestSessionErrors(t *testing.T) {
	n := newNetwork(t, "alpha")
	a := n.hosts[0]
	a.maxSessions = 2
	for _, test := range []struct {
		id   groups.SessionID
		name string
		want error
	}{
		{1, "ann", nil}, {2, "ann", groups.ErrNotUnique}, {2, "a b", groups.ErrIllegalName}, {2, "", nil}, {3, "bob", ErrTooManySessions},
	} {
		if _, err := a.Open(n.now, test.id, test.name, true); !errors.Is(err, test.want) {
			t.Errorf("open %d %q: %v, want %v", test.id, test.name, err, test.want)
		}
	}
	n.run(time.Second)
	for name, err := range map[string]error{
		"join":  a.Join(n.now, 9, "x"),
		"leave": a.Leave(n.now, 9, "x"),
		"send":  a.Multicast(n.now, 9, &groups.Multicast{}),
		"close": a.Close(n.now, 9),
	} {
		if !errors.Is(err, groups.ErrNoSession) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := a.Multicast(n.now, 1, &groups.Multicast{Data: make([]byte, 17<<20)}); !errors.Is(err, ring.ErrMessageTooLong) {
		t.Errorf("long: %v", err)
	}
	if err := a.Multicast(n.now, 1, &groups.Multicast{Groups: make([]string, 101)}); !errors.Is(err, groups.ErrTooManyGroups) {
		t.Errorf("groups: %v", err)
	}
	a.join(1, "")
	if e := a.events[len(a.events)-1]; e.Kind != groups.EventReject || e.Message.Sender != "#ann#alpha" {
		t.Errorf("join of nothing: %+v", e)
	}
}

// One daemon serves its clients alone.
func TestAlone(t *testing.T) {
	n := newNetwork(t, "alpha", "beta")
	a, b := n.hosts[0], n.hosts[1]
	b.dead = true
	a.open(1, "ann")
	a.join(1, "chat")
	a.open(2, "bob")
	a.join(2, "chat")
	n.until("joined", time.Second, func() bool { return len(a.views(1)) == 2 })
	a.send(1, "hello", "chat")
	n.until("delivered", time.Second, func() bool { return len(a.messages(2)) == 1 })
	n.do(a, a.Close(n.now, 2))
	n.until("view", time.Second, func() bool { v := a.views(1); return v[len(v)-1].Cause == groups.CauseDisconnect })
}

func TestUnknownSelf(t *testing.T) {
	if _, err := New(Config{}); !errors.Is(err, ErrUnknownSelf) {
		t.Errorf("error %v", err)
	}
}
