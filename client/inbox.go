package client

import (
	"bytes"
	"math/bits"

	"mpspread/client/frame"
)

// maxFrame is the longest frame that is read: messages of our own daemons
// and memberships of large groups reach 16 MiB.
const maxFrame = 16<<20 + 64<<10

// inbox turns what was read into events. It belongs to the handshake, and then
// to the iteration of events.
type inbox struct {
	readBuffer
	need int // length of the frame at the start, as far as known

	names     names
	copies    copies
	lastNames frame.Names // the last destinations seen that were several,
	lastList  []string    // and the list made of them

	// What the last event is made of while it is only lent.
	lent       Message
	lentGroups []string
}

// next takes the next event out of the buffer. If it is lent, a message and
// its data are valid until the next call, or that of space.
func (in *inbox) next(lend bool) (Event, error) {
	unread := in.unread()
	if len(unread) < in.need {
		return nil, frame.ErrShort
	}
	e, n, err := frame.ParseEvent(unread, maxFrame)
	if err != nil {
		in.need = n
		return nil, err
	}
	var ev Event
	switch kind := e.Type.Kind(); {
	case kind != frame.KindMessage:
		if ev, err = in.rare(kind, e); err != nil {
			return nil, err
		}
	case lend:
		in.lent = Message{Groups: in.lendGroups(e.Groups), Data: e.Data}
		ev = in.fill(&in.lent, &e)
	default:
		m := in.copies.message(len(unread) / n)
		m.Groups, m.Data = in.groups(e.Groups), in.copies.clone(e.Data, len(unread))
		ev = in.fill(m, &e)
	}
	in.need = 0
	in.skip(n)
	return ev, nil
}

// fill sets what a message has beside groups and data.
func (in *inbox) fill(m *Message, e *frame.Event) *Message {
	m.Service = Service(bits.TrailingZeros32(uint32(e.Type & frame.Services)))
	m.Sender = in.names.string(e.Name)
	m.Type = e.Hint.MessageType()
	m.SelfDiscard = e.Type&frame.SelfDiscard != 0
	m.BigEndian = !e.Hint.LittleEndian()
	return m
}

// rare copies an event that is no message out of the buffer.
func (in *inbox) rare(kind frame.Kind, e frame.Event) (Event, error) {
	switch kind {
	case frame.KindMembership:
		m, err := frame.ParseMembership(e)
		return in.membership(m), err
	case frame.KindTransition:
		id, err := frame.ParseTransition(e)
		return &Transition{Group: in.names.string(e.Name), ID: id}, err
	case frame.KindSelfLeave:
		return &SelfLeave{Group: in.names.string(e.Name)}, nil
	}
	return &Rejected{
		Cause: causeOf(e.Original & frame.Causes), Groups: in.groups(e.Groups),
		Type: e.Hint.MessageType(), Data: bytes.Clone(e.Data),
	}, nil
}

func (in *inbox) membership(m frame.Membership) *Membership {
	out := &Membership{
		Group: in.names.string(m.Group), ID: m.ID, Cause: causeOf(m.Cause),
		Members: in.names.list(m.Members), Own: m.Own, Sets: make([][]string, len(m.Sets)),
	}
	for i, set := range m.Sets {
		out.Sets[i] = in.names.list(set)
	}
	if out.Cause != Network && len(out.Sets) > 0 && len(out.Sets[0]) > 0 {
		out.Changed = out.Sets[0][0]
	}
	return out
}

func causeOf(t frame.Type) Cause {
	switch t {
	case frame.CausedByJoin:
		return Join
	case frame.CausedByLeave:
		return Leave
	case frame.CausedByDisconnect:
		return Disconnect
	case frame.CausedByNetwork:
		return Network
	}
	return 0
}

// groups is the list of destinations, shared with other messages to one group,
// and with the message before if it went to the same groups.
func (in *inbox) groups(fields frame.Names) []string {
	if fields.Len() == 1 {
		return in.names.find(fields.At(0))[:]
	}
	if in.lastList == nil || !bytes.Equal(fields, in.lastNames) {
		in.lastNames = append(in.lastNames[:0], fields...)
		in.lastList = in.names.list(fields)
	}
	return in.lastList
}

// lendGroups is groups, several of them valid until the next call.
func (in *inbox) lendGroups(fields frame.Names) []string {
	if fields.Len() == 1 {
		return in.names.find(fields.At(0))[:]
	}
	in.lentGroups = in.names.append(in.lentGroups[:0], fields)
	return in.lentGroups
}
