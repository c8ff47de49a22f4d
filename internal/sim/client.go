package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mpspread/groups"
	"mpspread/internal/outbox"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// session is a client of an engineNode, and what the daemon's session layer
// keeps for it: the queue, with the rules of the real one.
type session struct {
	id      groups.SessionID
	lane    *lane
	client  uint64
	name    string // without the daemon; empty if the daemon invented it
	private string
	closing bool // nothing more from or for it

	staged      []trace.Event // not yet in the queue
	stagedBytes int
	dirty       bool
	box         outbox.Box[trace.Event]
	writing     []trace.Event // taken out of the queue, and not yet read
	written     int           // what the last ones have cost
	costs       []int         // of what is staged, queued and being read, in order

	pace int // items it reads in a tick; everything: as they come; 0: none
}

const everything = -1

// readTick is how often slow clients read.
const readTick = 10 * time.Millisecond

// clientQueue is a client's bound if the plan names none: the daemon's default.
const clientQueue = 64 << 20

// privateName is what the client of a lane calls itself.
func privateName(lane int) string { return fmt.Sprintf("c%d", lane) }

// do carries out a client's request. A client without a session opens one
// first and joins the first group.
func (n *engineNode) do(now time.Duration, number int, q *lane, m message) bool {
	n.note(act{kind: actDo, now: now, from: number, client: q.client, counter: q.counter, message: m})
	if q.session == nil {
		if m.action == Close {
			return true
		}
		if opened, done := n.open(now, number, q); !opened {
			return done
		}
	}
	s := q.session
	var err error
	switch m.action {
	case Join, Quit:
		err = n.request(now, s, m)
	case Close:
		n.end(now, s, "disconnect")
	case Stall, Trickle, Read:
		n.setPace(s, m)
	default:
		err = n.multicast(now, s, m)
	}
	switch {
	case errors.Is(err, ring.ErrWindowFull):
		n.full = true
		return false
	case err != nil && !errors.Is(err, ring.ErrLeft):
		n.w.checker.Broke(fmt.Sprintf("client %d, %s: %v", q.client, m.action, err))
	}
	return true
}

// open begins a session. While its name is taken by one that is closing the
// client waits, as programs that reconnect do.
func (n *engineNode) open(now time.Duration, number int, q *lane) (opened, done bool) {
	p := n.w.plan
	id, name := n.opened+1, privateName(number)
	if p.Invent > 0 && int(id)%p.Invent == 0 {
		name = ""
	}
	watches := p.Unwatched == 0 || int(id)%p.Unwatched != 0
	private, err := n.engine.Open(now, id, name, watches)
	switch {
	case errors.Is(err, groups.ErrNotUnique):
		n.taken[name] = true
		return false, false
	case err != nil:
		return false, true
	}
	n.opened = id
	limit := p.ClientQueue
	if limit == 0 {
		limit = clientQueue
	}
	s := &session{id: id, lane: q, client: q.client, name: name, private: private, box: outbox.New[trace.Event](limit), pace: everything}
	q.session, n.sessions[id] = s, s
	n.w.emit(n.d, &trace.Event{Kind: trace.ClientOpen, Client: s.client, First: watches, Text: private})
	// If there is no room the client is just in no group.
	if err := n.request(now, s, message{action: Join}); err != nil && !errors.Is(err, ring.ErrWindowFull) && !errors.Is(err, ring.ErrLeft) {
		n.w.checker.Broke(fmt.Sprintf("client %d joins: %v", q.client, err))
	}
	return true, true
}

// request joins or leaves a group.
func (n *engineNode) request(now time.Duration, s *session, m message) error {
	e := trace.Event{Kind: trace.ClientSend, Client: s.client, Message: trace.Message{Act: groups.ActJoin, Groups: []string{groupName(m.group)}}}
	ask := n.engine.Join
	if m.action == Quit {
		e.Message.Act, ask = groups.ActLeave, n.engine.Leave
	}
	var err error
	n.w.handIn(n.d, &e, func() bool {
		err = ask(now, s.id, e.Message.Groups[0])
		return err == nil
	})
	return err
}

func groupName(n int) string { return fmt.Sprintf("g%d", n) }

func (n *engineNode) multicast(now time.Duration, s *session, m message) error {
	q := s.lane
	e := trace.Event{Kind: trace.ClientSend, Client: s.client, Message: trace.Message{
		Act: groups.ActMessage, Service: m.service, Groups: n.destinations(&m), Discard: m.discard,
	}}
	data := appendPayload(nil, q.client, q.counter+1, m.size)
	describe(&e.Message, data)
	var err error
	taken := n.w.handIn(n.d, &e, func() bool {
		err = n.engine.Multicast(now, s.id, &groups.Multicast{Service: m.service, SelfDiscard: m.discard, Groups: e.Message.Groups, Data: data})
		return err == nil
	})
	if taken {
		q.counter++
	}
	return err
}

// destinations are a message's groups, and the sessions it is for by name.
func (n *engineNode) destinations(m *message) []string {
	var names []string
	if m.group >= 0 {
		names = append(names, groupName(m.group))
	}
	for _, g := range m.more {
		names = append(names, groupName(g))
	}
	for _, to := range m.private {
		names = append(names, fmt.Sprintf("#%s#h%d", privateName(to.Lane), to.Daemon))
	}
	return names
}

// end closes a session, as the daemon does: for its client now, for all others
// when its disconnect is ordered.
func (n *engineNode) end(now time.Duration, s *session, why string) {
	n.w.emit(n.d, &trace.Event{Kind: trace.ClientClose, Client: s.client, Text: why})
	s.closing = true
	s.staged, s.writing = nil, nil
	q := s.lane
	q.session = nil
	if !n.d.shadow {
		n.w.clients++
	}
	q.client, q.counter = n.w.clients, 0
	if err := n.engine.Close(now, s.id); err != nil {
		n.w.checker.Broke(fmt.Sprintf("closing client %d: %v", s.client, err))
	}
}

// stage turns an event into what its sessions will read.
func (n *engineNode) stage(e *groups.Event) {
	for _, id := range e.Sessions {
		s := n.sessions[id]
		switch {
		case s == nil:
			n.w.checker.Broke(fmt.Sprintf("an event for session %d, which is not open", id))
			return
		case e.Kind == groups.EventClosed:
			delete(n.sessions, id)
			delete(n.taken, s.name)
		case e.Kind == groups.EventReject:
			n.w.checker.Broke(fmt.Sprintf("client %d is rejected", s.client))
		case !s.closing: // what a closing one would still get is thrown away
			item, bytes := s.item(e)
			s.staged = append(s.staged, item)
			s.costs = append(s.costs, bytes+outbox.ItemCost)
			s.stagedBytes += bytes + outbox.ItemCost
			if !s.dirty {
				s.dirty = true
				n.dirty = append(n.dirty, s)
			}
		}
	}
}

// Sizes of frames on the client's socket: a header, and names in fixed fields
// (client protocol, section 4).
const (
	frameHeader = 48
	frameName   = 32
	viewBody    = 20
)

// item is what a session reads of an event, and how long its frame is.
func (s *session) item(e *groups.Event) (item trace.Event, bytes int) {
	out := trace.Event{Client: s.client}
	switch e.Kind {
	case groups.EventMessage:
		m := e.Message
		out.Kind, out.Text = trace.ClientDeliver, m.Sender
		out.Message = trace.Message{Service: m.Service, Groups: m.Groups, Discard: m.SelfDiscard}
		describe(&out.Message, m.Data)
		return out, frameHeader + frameName*len(m.Groups) + len(m.Data)
	case groups.EventMembership:
		m := e.Membership
		out.Kind, out.Text, out.View = trace.ClientView, s.private, &trace.View{
			Group: m.Group, ID: [3]int32{m.ID.Ring, m.ID.Epoch, m.ID.Index}, Cause: uint8(m.Cause), Members: m.Members, Sets: m.Sets, Own: e.Own,
		}
		return out, frameHeader + viewBody + 2*frameName*len(m.Members) + 4*len(m.Sets)
	case groups.EventTransition:
		out.Kind, out.View = trace.ClientSignal, &trace.View{Group: e.Group, ID: [3]int32{e.ID.Ring, e.ID.Epoch, e.ID.Index}}
	default:
		out.Kind, out.View = trace.ClientLeave, &trace.View{Group: e.Group}
	}
	return out, frameHeader
}

// flush puts what is staged into the queues and lets clients read. It tells
// whether a session was ended: its queue is full.
func (n *engineNode) flush(now time.Duration) (ended bool) {
	for i := 0; i < len(n.dirty); i++ {
		s := n.dirty[i]
		s.dirty = false
		if s.closing {
			continue
		}
		var v outbox.Verdict
		s.staged, v = s.box.Put(s.staged, s.stagedBytes)
		s.stagedBytes = 0
		if v == outbox.Full {
			n.end(now, s, tooSlow)
			ended = true
			continue
		}
		if s.pace == everything {
			n.read(s, everything)
		}
	}
	clear(n.dirty)
	n.dirty = n.dirty[:0]
	return ended
}

// tooSlow is why a session ends whose queue is full.
const tooSlow = "too slow"

// read lets a client read so many items.
func (n *engineNode) read(s *session, most int) {
	for ; most != 0 && !s.closing; most-- {
		if len(s.writing) == 0 {
			s.writing = s.box.Take(nil, s.written)
			if s.written = 0; len(s.writing) == 0 {
				return
			}
		}
		item := s.writing[0]
		s.writing = s.writing[1:]
		s.written += s.costs[0]
		s.costs = s.costs[1:]
		n.w.emit(n.d, &item)
	}
}

// setPace makes a client read no more, a little at a time, or everything.
func (n *engineNode) setPace(s *session, m message) {
	n.slow = slices.DeleteFunc(n.slow, func(other *session) bool { return other == s || other.closing })
	stalled := s.pace != everything
	switch m.action {
	case Stall:
		s.pace = 0
	case Trickle:
		s.pace = max(m.pace/int(time.Second/readTick), 1)
		n.slow = append(n.slow, s)
	default:
		s.pace = everything
	}
	if now := s.pace != everything; now != stalled {
		n.w.emit(n.d, &trace.Event{Kind: trace.ClientStall, Client: s.client, First: now})
	}
	n.read(s, s.pace)
	if len(n.slow) == 1 && m.action == Trickle && !n.d.shadow {
		n.w.heap.push(occasion{at: n.w.now + readTick, kind: reading, n: int32(n.d.slot), mark: n.d.life})
	}
}

// readSlowly is a tick of the slow clients of a daemon.
func (n *engineNode) readSlowly() {
	n.readLittle()
	if len(n.slow) > 0 {
		n.w.heap.push(occasion{at: n.w.now + readTick, kind: reading, n: int32(n.d.slot), mark: n.d.life})
	}
}

func (n *engineNode) readLittle() {
	n.note(act{kind: actRead, now: n.d.local(n.w.now)})
	n.slow = slices.DeleteFunc(n.slow, func(s *session) bool { return s.closing })
	for _, s := range n.slow {
		n.read(s, s.pace)
	}
}
