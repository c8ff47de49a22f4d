package check

import (
	"testing"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// open begins a session, named as clients are in these scripts: a, b ... at h1
// (p), h2 (q), h3 (r).
func (s *script) open(at ring.Process, client uint64, private string) {
	s.add(trace.Event{Kind: trace.ClientOpen, Process: at, Client: client, First: true, Text: private})
	s.private[client], s.home[client] = private, at
}

// request is what a client asks for.
func (s *script) request(client uint64, act groups.Act, service ring.Service, names ...string) trace.Message {
	m := trace.Message{Act: act, Service: service, Groups: names, Name: nameIn(s.private[client])}
	if act == groups.ActMessage {
		s.number[client]++
		m.Length, m.Digest, m.Client, m.ClientCounter = 9, 1000*client+s.number[client], client, s.number[client]
	}
	return m
}

// asks hands a request in, which is accepted.
func (s *script) asks(client uint64, m trace.Message) trace.Message {
	e := trace.Event{Kind: trace.ClientSend, Process: s.home[client], Client: client, Message: m}
	e.Message.Name = ""
	s.add(e)
	return m
}

// ordered puts a request in order and has it received by all.
func (s *script) ordered(at ring.Process, m trace.Message, by ...ring.Process) note {
	id := s.ringOf(at)
	s.seq[id]++
	s.count[at]++
	m.Sender, m.Counter = at, s.count[at]
	n := note{m, id, s.seq[id]}
	s.place(at, n)
	s.recv(at, n)
	for _, to := range by {
		if to != at {
			s.recv(to, n)
		}
	}
	return n
}

// does asks for something, puts it in order, and has it delivered.
func (s *script) does(client uint64, act groups.Act, names []string, by ...ring.Process) note {
	m := s.request(client, act, ring.Agreed, names...)
	if act != groups.ActDisconnect {
		s.asks(client, m)
	}
	n := s.ordered(s.home[client], m, by...)
	for _, at := range by {
		s.deliver(at, n)
	}
	return n
}

// exchange agrees on the state of the groups.
func (s *script) exchange(members ...ring.Process) {
	for _, act := range []groups.Act{groups.ActAnnounce, groups.ActLastPiece} {
		for _, from := range members {
			n := s.ordered(from, trace.Message{Act: act, Service: ring.Agreed}, members...)
			for _, at := range members {
				s.deliver(at, n)
			}
		}
	}
	for _, at := range members {
		s.agree(at)
	}
}

// sees is a view of g as a client gets it.
func (s *script) sees(client uint64, cause groups.Cause, index int32, members []string, own int, sets ...[]string) {
	s.add(trace.Event{Kind: trace.ClientView, Process: s.home[client], Client: client, Text: s.private[client], View: &trace.View{
		Group: "g", ID: [3]int32{1, int32(s.ringOf(s.home[client]).Epoch), index}, Cause: uint8(cause), Members: members, Sets: sets, Own: own,
	}})
}

// signaled is the transitional signal for the view of this ring and index.
func (s *script) signaled(client uint64, epoch, index int32) {
	s.add(trace.Event{Kind: trace.ClientSignal, Process: s.home[client], Client: client, View: &trace.View{Group: "g", ID: [3]int32{1, epoch, index}}})
}

func (s *script) leaves(client uint64) {
	s.add(trace.Event{Kind: trace.ClientLeave, Process: s.home[client], Client: client, View: &trace.View{Group: "g"}})
}

func (s *script) closes(client uint64, why string) {
	s.add(trace.Event{Kind: trace.ClientClose, Process: s.home[client], Client: client, Text: why})
}

func (s *script) stalls(client uint64, so bool) {
	s.add(trace.Event{Kind: trace.ClientStall, Process: s.home[client], Client: client, First: so})
}

// gets is a message as clients receive it.
func (s *script) gets(n note, clients ...uint64) {
	for _, client := range clients {
		m := n.Message
		from := s.private[m.Client]
		m.Sender, m.Counter, m.Act, m.Name = ring.Process{}, 0, 0, ""
		s.add(trace.Event{Kind: trace.ClientDeliver, Process: s.home[client], Client: client, Message: m, Text: from})
	}
}

// says is a client's message to g, delivered everywhere.
func (s *script) says(client uint64, by ...ring.Process) note {
	return s.does(client, groups.ActMessage, []string{"g"}, by...)
}

var (
	a, b, ab = []string{"#a#h1"}, []string{"#b#h2"}, []string{"#a#h1", "#b#h2"}
	g        = []string{"g"}
)

// club is p and q in a ring, with a at p and b at q who have joined g.
func club() *script {
	s := newScript().born(p, q)
	s.open(p, 1, "#a#h1")
	s.open(q, 2, "#b#h2")
	s.form(10, p, q)
	s.exchange(p, q)
	s.does(1, groups.ActJoin, g, p, q)
	s.sees(1, groups.CauseJoin, 1, a, 0, a)
	s.does(2, groups.ActJoin, g, p, q)
	s.sees(1, groups.CauseJoin, 2, ab, 0, b)
	s.sees(2, groups.CauseJoin, 2, ab, 0, b)
	return s
}

// parted is a club whose ring breaks in two, up to the transitional
// configurations.
func parted() *script {
	s := club()
	s.install(p, s.next(p, id(11, p), p))
	s.signaled(1, 10, 2)
	s.install(q, s.next(q, id(12, q), q))
	s.signaled(2, 10, 2)
	return s
}

// apart is a club in two rings.
func apart() *script {
	s := parted()
	s.form(11, p)
	s.sees(1, groups.CauseNetwork, 1, a, 0, a)
	s.form(12, q)
	s.sees(2, groups.CauseNetwork, 1, b, 0, b)
	return s
}

// goodClients is a run in which everything about clients is exercised and
// holds.
func goodClients() *script {
	s := club()
	s.gets(s.says(1, p, q), 1, 2)
	s.gets(s.does(2, groups.ActMessage, []string{"g", "#a#h1", "#x#h1", "other"}, p, q), 1, 2)
	s.gets(s.does(2, groups.ActMessage, []string{"#a#h1"}, p, q), 1)
	quiet := s.request(1, groups.ActMessage, ring.Reliable, "g")
	quiet.Discard = true
	n := s.ordered(p, s.asks(1, quiet), p, q)
	s.deliver(p, n)
	s.deliver(q, n)
	s.gets(n, 2)
	// c joins and stops reading, is closed, and comes back by the same name.
	s.open(p, 3, "#c#h1")
	s.does(3, groups.ActJoin, g, p, q)
	abc := []string{"#a#h1", "#c#h1", "#b#h2"}
	for _, client := range []uint64{1, 3, 2} {
		s.sees(client, groups.CauseJoin, 3, abc, 0, []string{"#c#h1"})
	}
	s.stalls(3, true)
	s.gets(s.says(2, p, q), 1, 2)
	s.closes(3, "too slow")
	s.does(3, groups.ActDisconnect, nil, p, q)
	s.sees(1, groups.CauseDisconnect, 4, ab, 0, []string{"#c#h1"})
	s.sees(2, groups.CauseDisconnect, 4, ab, 0, []string{"#c#h1"})
	s.open(p, 4, "#c#h1")
	s.stalls(4, true)
	// b leaves, joins again; nothing of what does not concern it.
	s.does(2, groups.ActLeave, g, p, q)
	s.leaves(2)
	s.sees(1, groups.CauseLeave, 5, a, 0, b)
	s.does(2, groups.ActLeave, g, p, q)
	s.gets(s.says(1, p, q), 1)
	s.does(2, groups.ActJoin, g, p, q)
	s.sees(1, groups.CauseJoin, 6, ab, 0, b)
	s.sees(2, groups.CauseJoin, 6, ab, 0, b)
	s.does(2, groups.ActJoin, g, p, q)
	// The ring breaks; d joins between the signal and the end; then they meet.
	d := s.ordered(q, s.asks(2, s.request(2, groups.ActMessage, ring.Agreed, "g")), q)
	s.open(p, 5, "#d#h1")
	j := s.ordered(p, s.asks(5, s.request(5, groups.ActJoin, ring.Agreed, "g")), p, q)
	s.open(q, 6, "#e#h2")
	k := s.ordered(q, s.asks(6, s.request(6, groups.ActJoin, ring.Agreed, "g")), q)
	s.install(p, s.next(p, id(11, p), p))
	s.signaled(1, 10, 6)
	s.deliver(p, j)
	abd := []string{"#a#h1", "#d#h1", "#b#h2"}
	s.sees(1, groups.CauseNetwork, 7, abd, 0, a, b, []string{"#d#h1"})
	s.signaled(1, 10, 7)
	s.sees(5, groups.CauseNetwork, 7, abd, 2, a, b, []string{"#d#h1"})
	s.signaled(5, 10, 7)
	s.install(q, s.next(q, id(12, q), q))
	s.signaled(2, 10, 6)
	s.deliver(q, d)
	s.gets(d, 2)
	s.deliver(q, j) // of one that does not come along
	s.deliver(q, k)
	abe, be := []string{"#a#h1", "#b#h2", "#e#h2"}, []string{"#b#h2", "#e#h2"}
	s.sees(2, groups.CauseNetwork, 8, abe, 1, a, b, []string{"#e#h2"})
	s.signaled(2, 10, 8)
	s.sees(6, groups.CauseNetwork, 8, abe, 2, a, b, []string{"#e#h2"})
	s.signaled(6, 10, 8)
	s.form(11, p)
	ad := []string{"#a#h1", "#d#h1"}
	s.sees(1, groups.CauseNetwork, 1, ad, 0, ad)
	s.sees(5, groups.CauseNetwork, 1, ad, 0, ad)
	s.form(12, q)
	s.sees(2, groups.CauseNetwork, 1, be, 0, be)
	s.sees(6, groups.CauseNetwork, 1, be, 0, be)
	s.form(13, p, q)
	s.exchange(p, q)
	all := append(ad, be...)
	s.sees(1, groups.CauseNetwork, 1, all, 0, ad, be)
	s.sees(5, groups.CauseNetwork, 1, all, 0, ad, be)
	s.sees(2, groups.CauseNetwork, 1, all, 1, ad, be)
	s.sees(6, groups.CauseNetwork, 1, all, 1, ad, be)
	s.gets(s.says(1, p, q), 1, 5, 2, 6)
	s.stalls(4, false)
	s.quiet(p, q)
	return s.finish()
}

func TestGoodClients(t *testing.T) {
	c := goodClients().judge()
	if v := c.Verdict(); v != nil {
		t.Fatalf("a good run is refused: %s", v)
	}
	for _, p := range []Property{GRP1, GRP2, GRP3, GRP4, GRP5, GRP6, GRP7, GRP8, GRP9, GRP10, CLI1, CLI2, CLI3, CLI4, CLI5, CLI6} {
		if c.Exercised()[p] == 0 {
			t.Errorf("the good run does not exercise %s", p)
		}
	}
}

// Who joins after a signal is told of it, though all that it warned of have left
// since; but not if the group has ended meanwhile and begun anew.
func TestJoinAfterTheLostHaveLeft(t *testing.T) {
	join := func(others bool) *script {
		s := club()
		s.open(p, 9, "#z#h1")
		if !others {
			s.does(1, groups.ActLeave, g, p, q)
			s.sees(2, groups.CauseLeave, 3, b, 0, a)
			s.leaves(1)
		}
		leave := s.ordered(q, s.asks(2, s.request(2, groups.ActLeave, ring.Agreed, "g")), p)
		join := s.ordered(p, s.asks(9, s.request(9, groups.ActJoin, ring.Agreed, "g")))
		s.install(p, s.next(p, id(11, p), p))
		s.deliver(p, leave, join)
		return s
	}
	z, az := []string{"#z#h1"}, []string{"#a#h1", "#z#h1"}
	s := join(true)
	s.signaled(1, 10, 2)
	s.sees(1, groups.CauseNetwork, 3, a, 0, a)
	s.signaled(1, 10, 3)
	s.sees(9, groups.CauseNetwork, 4, az, 1, a, z)
	wantGood(t, "after the signal", s.judge())
	s = join(true)
	s.sees(9, groups.CauseJoin, 4, az, 0, z)
	wantVerdict(t, s.judge(), GRP10)
	s = join(false)
	s.sees(9, groups.CauseJoin, 4, z, 0, z)
	wantGood(t, "a new group", s.judge())
}
