package check

import (
	"slices"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// ask is something a client has handed in and was told is accepted.
type ask struct {
	act     groups.Act
	number  uint64 // the client's count of its messages; 0: not told
	service ring.Service
	length  int
	digest  uint64
	groups  []string
	discard bool
}

func askOf(m *trace.Message) ask {
	return ask{m.Act, m.ClientCounter, m.Service, m.Length, m.Digest, m.Groups, m.Discard}
}

// describes tells whether m, as it is delivered, is what was handed in
// (INT-6).
func (a *ask) describes(m *trace.Message) bool {
	return a.number == m.ClientCounter && a.service == m.Service && a.length == m.Length && a.digest == m.Digest &&
		(a.act == 0 || slices.Equal(a.groups, m.Groups) && a.discard == m.Discard)
}

// copies are the messages of a client that must come back to it: ordinary and
// safe ones (LIV-3, LIV-4).
type copies struct {
	daemon         ring.Process
	accepted, back [2]uint64
}

// clientSend notes what a client was told is accepted.
func (c *Checker) clientSend(e *trace.Event, s *session) {
	g, m := &c.groups, &e.Message
	if m.Act == groups.ActJoin || m.Act == groups.ActLeave {
		st := c.standing(e.Client, m.Groups[0])
		st.asks = append(st.asks, m.Act)
	}
	if s != nil {
		s.asked = append(s.asked, askOf(m))
		return
	}
	if m.Client == 0 {
		return
	}
	g.sent[[2]uint64{m.Client, m.ClientCounter}] = askOf(m)
	if !e.First {
		return
	}
	o := g.owed[e.Client]
	if o == nil {
		o = &copies{daemon: e.Process}
		g.owed[e.Client] = o
	}
	o.accepted[class(m.Service)]++
}

// copiesBack judges LIV-3 and LIV-4 for the clients of live processes of which
// no session is known: what they sent to groups they are in has come back.
func (c *Checker) copiesBack() {
	clients := make([]uint64, 0, len(c.groups.owed))
	for id, o := range c.groups.owed {
		if c.process(o.daemon).alive {
			clients = append(clients, id)
		}
	}
	slices.Sort(clients)
	for _, id := range clients {
		o := c.groups.owed[id]
		for i, p := range []Property{LIV3, LIV4} {
			if !c.holds(p, o.back[i] >= o.accepted[i]) {
				c.fail(p, of(o.daemon), "client %d of %v received %d of its own %d messages", id, o.daemon, o.back[i], o.accepted[i])
			}
		}
	}
}
