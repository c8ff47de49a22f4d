package check

import (
	"slices"
	"testing"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// seen writes what three clients of three daemons see, as the laboratory does:
// nothing of rings. Client 1 is #a at p, 2 is #b at q, 3 is #c at r.
type seen3 struct {
	*script
}

var homes = map[uint64]ring.Process{1: p, 2: q, 3: r}

func newSeen() *seen3 {
	s := &seen3{newScript()}
	for _, at := range []ring.Process{p, q, r} {
		s.add(trace.Event{Kind: trace.Start, Process: at})
	}
	return s
}

func (s *seen3) sees(index int32, clients ...uint64) {
	for _, c := range clients {
		s.view(homes[c], c, []string{"", "#a", "#b", "#c"}[c], [3]int32{1, 1, index}, "#a", "#b", "#c")
	}
}

// sends lets a client send its next message, to g.
func (s *seen3) sends(client uint64, service ring.Service) trace.Message {
	s.number[client]++
	m := trace.Message{Service: service, Length: 3, Digest: 7, Client: client, ClientCounter: s.number[client], Groups: []string{"g"}}
	s.add(trace.Event{Kind: trace.ClientSend, Process: homes[client], Client: client, Message: m})
	return m
}

func (s *seen3) get(m trace.Message, clients ...uint64) {
	for _, c := range clients {
		s.add(trace.Event{Kind: trace.ClientDeliver, Process: homes[c], Client: c, Message: m})
	}
}

func (s *seen3) signal(index int32, clients ...uint64) {
	for _, c := range clients {
		s.add(trace.Event{Kind: trace.ClientSignal, Process: homes[c], Client: c, View: &trace.View{Group: "g", ID: [3]int32{1, 1, index}}})
	}
}

func (s *seen3) crash(at ring.Process) { s.add(trace.Event{Kind: trace.Crash, Process: at}) }

// What clients alone show of order and safe delivery.
func TestObservers(t *testing.T) {
	tests := []struct {
		name string
		want Property // properties: none
		play func(s *seen3)
	}{
		{"one order", properties, func(s *seen3) {
			x, y := s.sends(1, ring.Agreed), s.sends(2, ring.Safe)
			s.get(x, 1, 2)
			s.get(y, 2, 1)
			s.get(x, 3)
			s.get(y, 3)
		}},
		{"two orders of two messages", CFG8, func(s *seen3) {
			x, y := s.sends(1, ring.Agreed), s.sends(2, ring.Agreed)
			s.get(x, 1)
			s.get(y, 2, 1)
			s.get(x, 2)
		}},
		{"two orders of three messages, pair by pair", CFG8, func(s *seen3) {
			x, y, z := s.sends(1, ring.Agreed), s.sends(2, ring.Agreed), s.sends(3, ring.Agreed)
			s.get(x, 1)
			s.get(y, 1, 2)
			s.get(z, 2, 3)
			s.get(x, 3)
		}},
		{"a message before and behind a view", CFG8, func(s *seen3) {
			x := s.sends(1, ring.Agreed)
			s.get(x, 1)
			s.sees(2, 1, 2)
			s.get(x, 2)
		}},
		{"safe, and one has died", properties, func(s *seen3) {
			x := s.sends(1, ring.Safe)
			s.get(x, 1, 2)
			s.crash(r)
		}},
		{"safe, and one was closed", properties, func(s *seen3) {
			x := s.sends(1, ring.Safe)
			s.get(x, 1, 2)
			s.add(trace.Event{Kind: trace.ClientClose, Process: r, Client: 3, Text: "slow"})
		}},
		{"safe at two of three", SAFE1, func(s *seen3) {
			x := s.sends(1, ring.Safe)
			s.get(x, 1, 2)
		}},
		{"behind the signal it binds nobody", properties, func(s *seen3) {
			x := s.sends(1, ring.Safe)
			s.signal(1, 1, 2)
			s.get(x, 1, 2)
		}},
		{"behind the signal at one, before it at another", properties, func(s *seen3) {
			x := s.sends(1, ring.Safe)
			s.get(x, 2, 3)
			s.signal(1, 1)
			s.get(x, 1)
		}},
		{"agreed binds nobody", properties, func(s *seen3) {
			x := s.sends(1, ring.Agreed)
			s.get(x, 1)
		}},
		{"sent before the view: it may have been held back", properties, func(s *seen3) {
			x := s.sends(1, ring.Safe)
			s.sees(2, 1, 2)
			s.get(x, 1, 2)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSeen()
			s.sees(1, 1, 2, 3)
			tt.play(s)
			s.finish()
			c := New(Options{OnlyClients: true, Only: []Property{CFG8, SAFE1, SAFE2}})
			for i := range s.events {
				c.Event(&s.events[i])
			}
			if tt.want != properties {
				wantVerdict(t, c, tt.want)
				return
			}
			if v := c.Verdict(); v != nil {
				t.Error(v)
			}
		})
	}
}

// SAFE-2: a view that a member never got was not in force at it.
func TestObserversViewNotGot(t *testing.T) {
	s := newSeen()
	s.sees(1, 1, 2, 3)
	s.sees(2, 1, 2) // and not 3
	x := s.sends(1, ring.Safe)
	s.get(x, 1, 2, 3)
	s.finish()
	c := New(Options{OnlyClients: true, Only: []Property{SAFE2}})
	for i := range s.events {
		c.Event(&s.events[i])
	}
	wantVerdict(t, c, SAFE2)
}

// A good trace exercises what it is about; one that shows rings is not judged
// twice.
func TestObserversExercise(t *testing.T) {
	s := newSeen()
	s.sees(1, 1, 2, 3)
	s.get(s.sends(2, ring.Safe), 1, 2, 3)
	s.get(s.sends(2, ring.Safe), 1, 2, 3)
	s.sees(2, 1, 2, 3)
	s.get(s.sends(3, ring.Safe), 1, 2, 3)
	s.finish()
	for _, only := range []bool{true, false} {
		c := New(Options{OnlyClients: only})
		for i := range s.events {
			c.Event(&s.events[i])
		}
		if v := c.Verdict(); v != nil {
			t.Fatal(v)
		}
		if never := c.Exercised().Never(); slices.Contains(never, SAFE1) == only || slices.Contains(never, SAFE2) == only {
			t.Errorf("only clients: %v, never exercised: %v", only, never)
		}
	}
}

// The nodes of the graph say what they are.
func TestLabel(t *testing.T) {
	tests := []struct {
		label label
		want  string
	}{
		{label{view: &trace.View{Group: "g", ID: [3]int32{1, 2, 3}}}, "view [1 2 3] of g"},
		{label{client: 4, number: 5}, "message 5 of client 4"},
		{label{conf: trace.ConfID{New: id(7, p)}, at: place{seq: 9}}, trace.ConfID{New: id(7, p)}.String() + ", position 9"},
	}
	for _, tt := range tests {
		if have := tt.label.String(); have != tt.want {
			t.Errorf("%q, want %q", have, tt.want)
		}
	}
}

// Messages of clients that the trace does not know count for nothing.
func TestObserversUnknownSender(t *testing.T) {
	s := newSeen()
	s.sees(1, 1, 2, 3)
	x := trace.Message{Service: ring.Safe, Groups: []string{"g"}}
	s.get(x, 1)
	s.finish()
	c := New(Options{OnlyClients: true})
	for i := range s.events {
		c.Event(&s.events[i])
	}
	if v := c.Verdict(); v != nil {
		t.Error(v)
	}
}
