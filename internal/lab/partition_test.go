//go:build linux

package lab

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"mpspread/client"
	"mpspread/internal/labnet"
)

const chat = "chat"

// One membership change at the default failure detection: crash to new
// membership, and healing to the merged one.
const (
	crashWithin = time.Second
	mergeWithin = 2 * time.Second
)

func isTransition(s Seen) bool {
	_, ok := s.Event.(*client.Transition)
	return ok
}

// isMessage makes a condition for a message of this text.
func isMessage(text string) func(Seen) bool {
	return func(s Seen) bool {
		m, ok := s.Event.(*client.Message)
		return ok && string(m.Data) == text
	}
}

// wantNetworkChange wants the member to see, from place from on, a
// transitional signal and then the network membership of these members, the
// latter within limit of since. What lies between are messages.
func wantNetworkChange(t testing.TB, m *Member, from int, since time.Time, limit time.Duration, members ...*Member) {
	t.Helper()
	s := m.AwaitFrom(t, from, formWithin, "network membership", MembershipOf(client.Network, members...))
	took := s.At.Sub(since)
	t.Logf("%s: network membership of %d after %v", m.Private(), len(members), took.Round(time.Millisecond))
	m.lab.wantWithin(t, limit, m.Private()+": network membership", since, took)
	signals := 0
	for _, e := range m.Seen(from) {
		if isTransition(e) {
			signals++
		}
		if _, ok := e.Event.(*client.Membership); !ok {
			continue
		}
		if e.Event != s.Event {
			t.Errorf("%s: another membership before: %v", m.Private(), e)
		}
		if signals != 1 {
			t.Errorf("%s: %d transitional signals before the membership, want 1", m.Private(), signals)
		}
		return
	}
}

// wantMerge wants the member to see, from place from on, nothing but the
// merged membership, with the vs sets given and itself in its own: nobody was
// lost, so no transitional signal comes (client protocol 7.3).
func wantMerge(t testing.TB, m *Member, from int, since time.Time, sets [][]string, members ...*Member) {
	t.Helper()
	s := m.AwaitFrom(t, from, formWithin, "merged membership", MembershipOf(client.Network, members...))
	took := s.At.Sub(since)
	t.Logf("%s: merged membership after %v", m.Private(), took.Round(time.Millisecond))
	m.lab.wantWithin(t, mergeWithin, m.Private()+": merged membership", since, took)
	if first := m.Seen(from)[0]; first.Event != s.Event {
		t.Errorf("%s: %v before the merged membership", m.Private(), first)
	}
	j := s.Event.(*client.Membership)
	sorted := func(sets [][]string) [][]string {
		return slices.SortedFunc(slices.Values(sets), slices.Compare)
	}
	if !slices.EqualFunc(sorted(j.Sets), sorted(sets), slices.Equal) {
		t.Errorf("%s: vs sets %q, want %q", m.Private(), j.Sets, sets)
	}
	if !slices.Contains(j.Sets[j.Own], m.Private()) {
		t.Errorf("%s: own vs set is %q", m.Private(), j.Sets[j.Own])
	}
}

// wantSame wants two members to have seen the same, in the same order, from
// their places on.
func wantSame(t testing.TB, a, b *Member, fromA, fromB int) {
	t.Helper()
	as, bs := a.Seen(fromA), b.Seen(fromB)
	for i := range min(len(as), len(bs)) {
		if as[i].String() != bs[i].String() {
			t.Errorf("%s and %s differ at %d: %v, %v", a.Private(), b.Private(), i, as[i], bs[i])
			return
		}
	}
	if len(as) != len(bs) {
		t.Errorf("%s saw %d events, %s %d", a.Private(), len(as), b.Private(), len(bs))
	}
}

// burst sends messages of all services from each member, the last one safe and
// with this text.
func burst(t testing.TB, text string, members ...*Member) {
	t.Helper()
	for i := range 30 {
		for _, m := range members {
			m.Send(t, client.Service(i%6), chat, fmt.Sprintf("%s %s %d", text, m.Private(), i))
		}
	}
	members[0].Send(t, client.Safe, chat, text)
	for _, m := range members {
		m.Await(t, flowWithin, "end of "+text, isMessage(text))
	}
}

// Both networks of one host are cut and mended: partition and merge as
// extended virtual synchrony says, the merged membership within 2 s of mending.
func TestPartitionAndMerge(t *testing.T) {
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	m1, m2, m3 := l.Join(t, "h1", "m1", chat), l.Join(t, "h2", "m2", chat), l.Join(t, "h3", "m3", chat)
	all := []*Member{m1, m2, m3}
	for _, m := range all {
		m.Await(t, joinWithin, "membership of all", MembershipOf(client.Join, all...))
	}
	start := []int{m1.Mark(), m2.Mark(), m3.Mark()}
	for round := range 3 {
		burst(t, fmt.Sprintf("before %d", round), all...)
		from := []int{m1.Mark(), m2.Mark(), m3.Mark()}
		l.During(t, l.Drop("h1 cut off", labnet.Around("h1")), func() {
			cut := time.Now()
			wantNetworkChange(t, m1, from[0], cut, crashWithin, m1)
			wantNetworkChange(t, m2, from[1], cut, crashWithin, m2, m3)
			wantNetworkChange(t, m3, from[2], cut, crashWithin, m2, m3)
			burst(t, fmt.Sprintf("alone %d", round), m1)
			burst(t, fmt.Sprintf("without %d", round), m2, m3)
			from = []int{m1.Mark(), m2.Mark(), m3.Mark()}
		})
		healed := time.Now()
		sets := [][]string{{m1.Private()}, {m2.Private(), m3.Private()}}
		for i, m := range all {
			wantMerge(t, m, from[i], healed, sets, all...)
		}
		burst(t, fmt.Sprintf("after %d", round), all...)
		wantSame(t, m1, m2, from[0], from[1])
		l.AwaitWell(t, formWithin)
	}
	// h2 and h3 were never apart: one history.
	wantSame(t, m2, m3, start[1], start[2])
}

// A daemon that was paused is out, and back in without a restart (LIV-8).
func TestPause(t *testing.T) {
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	m1, m3 := l.Join(t, "h1", "m1", chat), l.Join(t, "h3", "m3", chat)
	m1.Await(t, joinWithin, "membership of both", MembershipOf(client.Join, m1, m3))
	from1, from3 := m1.Mark(), m3.Mark()
	stopped := time.Now()
	l.Daemon("h3").Signal(t, syscall.SIGSTOP)
	wantNetworkChange(t, m1, from1, stopped, crashWithin, m1)
	l.Daemon("h3").Signal(t, syscall.SIGCONT)
	resumed := time.Now()
	s := m1.AwaitFrom(t, from1, formWithin, "merged membership", MembershipOf(client.Network, m1, m3))
	t.Logf("back %v after it was resumed", s.At.Sub(resumed).Round(time.Millisecond))
	m3.AwaitFrom(t, from3, formWithin, "merged membership", MembershipOf(client.Network, m1, m3))
	burst(t, "after", m1, m3)
	if err := l.Died(); err != nil {
		t.Error(err)
	}
}
