package daemon

import (
	"math/bits"

	"mpspread/client/frame"
	"mpspread/groups"
	"mpspread/ring"
)

// serviceOf is the service level of a request with one service bit.
func serviceOf(t frame.Type) ring.Service {
	return ring.Service(bits.TrailingZeros32(uint32(t & frame.Services)))
}

var causes = [...]frame.Type{
	groups.CauseJoin:       frame.CausedByJoin,
	groups.CauseLeave:      frame.CausedByLeave,
	groups.CauseDisconnect: frame.CausedByDisconnect,
	groups.CauseNetwork:    frame.CausedByNetwork,
}

// encode is the frame of an event, one for all its receivers; nil if they get
// nothing.
func encode(ev *groups.Event) []byte {
	switch ev.Kind {
	case groups.EventMessage:
		m := ev.Message
		b := make([]byte, 0, frame.MessageSize(len(m.Groups), len(m.Data)))
		return frame.AppendMessage(b, typeOf(&m.Multicast), m.Sender, m.Hint, m.Groups, m.Data)
	case groups.EventMembership:
		m := ev.Membership
		b := make([]byte, 0, frame.MembershipSize(len(m.Members), m.Sets))
		return frame.AppendMembership(b, causes[m.Cause], m.Group, frame.GroupID(m.ID), m.Members, m.Sets, ev.Own)
	case groups.EventTransition:
		return frame.AppendTransition(nil, ev.Group, frame.GroupID(ev.ID))
	case groups.EventSelfLeave:
		return frame.AppendSelfLeave(nil, ev.Group)
	case groups.EventReject:
		m := ev.Message
		if m.SelfDiscard {
			return nil // discarded at the sender, as every message of it (section 7.5)
		}
		return frame.AppendReject(nil, refusedType(ev), m.Sender, hintOf(m.Hint), m.Groups, m.Data)
	}
	return nil
}

// typeOf is the type word that receivers see.
func typeOf(m *groups.Multicast) frame.Type {
	t := frame.Unreliable<<m.Service | frame.Type(m.Flags)&frame.PassThrough
	if m.SelfDiscard {
		t |= frame.SelfDiscard
	}
	return t
}

// refusedType is the type word of a refused request as its sender sees it.
func refusedType(ev *groups.Event) frame.Type {
	if ev.Request == groups.CauseJoin || ev.Request == groups.CauseLeave {
		return causes[ev.Request]
	}
	return typeOf(&ev.Message.Multicast)
}

// hintOf is a hint, or that of type 0 where the core made the message.
func hintOf(h frame.Hint) frame.Hint {
	if h == (frame.Hint{}) {
		return frame.NewHint(0)
	}
	return h
}
