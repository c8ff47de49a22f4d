//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mpspread/client"
)

// Seen is an event as a Member received it.
type Seen struct {
	At    time.Time
	Event client.Event
}

// String writes the event in one line; events that must be the same at several
// members are, then, the same string. The own vs set is left out.
func (s Seen) String() string {
	switch ev := s.Event.(type) {
	case *client.Message:
		return fmt.Sprintf("%s: %s", ev.Sender, ev.Data)
	case *client.Membership:
		return fmt.Sprintf("%s by %v: %s", ev.Group, ev.Cause, strings.Join(ev.Members, " "))
	case *client.Transition:
		return "transition of " + ev.Group
	case *client.SelfLeave:
		return "left " + ev.Group
	}
	return fmt.Sprintf("%T", s.Event)
}

// Member is a client that keeps everything it receives.
type Member struct {
	Daemon string
	lab    *Lab
	conn   *client.Conn
	cancel context.CancelFunc
	done   chan struct{} // closed when the receiver has ended

	mu   sync.Mutex
	seen []Seen
	err  error
}

// Join connects a client of this private name to a daemon and joins the group;
// it returns when the join has come back. The client ends with the test.
func (l *Lab) Join(t testing.TB, daemon, name, group string) *Member {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	conn := dial(t, ctx, l.path(daemon+".sock"), name)
	m := &Member{Daemon: daemon, lab: l, conn: conn, cancel: cancel, done: make(chan struct{})}
	t.Cleanup(m.Close)
	go m.receive(ctx)
	if err := conn.Join(ctx, group); err != nil {
		t.Fatalf("lab: %s at %s: %v", name, daemon, err)
	}
	m.Await(t, joinWithin, "own join", func(s Seen) bool {
		j, ok := s.Event.(*client.Membership)
		return ok && j.Group == group && slices.Contains(j.Members, m.Private())
	})
	return m
}

// dial connects a client, trying again while its name is not free: a name is,
// once the disconnect of its last user has been ordered.
func dial(t testing.TB, ctx context.Context, socket, name string) (conn *client.Conn) {
	t.Helper()
	Eventually(t, joinWithin, "connection of "+name, func() (err error) {
		conn, err = client.Connect(ctx, "unix:"+socket, client.WithName(name))
		if err != nil && !errors.Is(err, client.ErrNotUnique) {
			t.Fatalf("lab: %s: %v", name, err)
		}
		return err
	})
	return conn
}

// Private is the member's private group.
func (m *Member) Private() string { return m.conn.Private() }

func (m *Member) receive(ctx context.Context) {
	defer close(m.done)
	for ev, err := range m.conn.Events(ctx) {
		m.mu.Lock()
		if err != nil {
			m.err = err
		} else {
			m.seen = append(m.seen, Seen{time.Now(), ev})
		}
		m.mu.Unlock()
	}
}

// Close ends the client without waiting for anybody.
func (m *Member) Close() {
	m.cancel()
	<-m.done
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m.conn.Close(ctx)
}

// Send multicasts text to the group.
func (m *Member) Send(t testing.TB, service client.Service, group, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), flowWithin)
	defer cancel()
	if err := m.conn.Multicast(ctx, service, []byte(text), group); err != nil {
		t.Fatalf("%s: %v", m.Private(), err)
	}
}

// Seen returns all events from place from on.
func (m *Member) Seen(from int) []Seen {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen[min(from, len(m.seen)):])
}

// Mark is the place behind the last event so far.
func (m *Member) Mark() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.seen)
}

// Await waits for an event, seen already or to come.
func (m *Member) Await(t testing.TB, within time.Duration, what string, is func(Seen) bool) Seen {
	t.Helper()
	return m.AwaitFrom(t, 0, within, what, is)
}

// AwaitFrom waits for the first such event from place from on. The time is
// judged by when the event came, not by when this function looked.
func (m *Member) AwaitFrom(t testing.TB, from int, within time.Duration, what string, is func(Seen) bool) Seen {
	t.Helper()
	var found Seen
	Eventually(t, within, fmt.Sprintf("%s at %s", what, m.Private()), func() error {
		events := m.Seen(from)
		for _, s := range events {
			if is(s) {
				found = s
				return nil
			}
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.err != nil && !errors.Is(m.err, context.Canceled) {
			t.Fatalf("%s: %v", m.Private(), m.err)
		}
		return fmt.Errorf("saw only %v", events)
	})
	return found
}

// MembershipOf makes a condition for Await: a membership of exactly these private
// groups, for this cause.
func MembershipOf(cause client.Cause, members ...*Member) func(Seen) bool {
	var want []string
	for _, m := range members {
		want = append(want, m.Private())
	}
	return func(s Seen) bool {
		j, ok := s.Event.(*client.Membership)
		return ok && j.Cause == cause && slices.Equal(j.Members, want)
	}
}
