package daemon

import (
	"bytes"
	"testing"

	"mpspread/client/frame"
	"mpspread/groups"
	"mpspread/ring"
)

// TestEncode: every event becomes the frame that section 7 says.
func TestEncode(t *testing.T) {
	id := groups.GroupID{Ring: 1, Epoch: 2, Index: 3}
	message := &groups.Message{Sender: "#u#a", Multicast: groups.Multicast{
		Service: ring.Safe, SelfDiscard: true, Flags: 0x40000000, Hint: frame.NewHint(-2), Groups: []string{"g", "h"}, Data: []byte("x"),
	}}
	plain := *message
	plain.SelfDiscard = false
	membership := &groups.Membership{
		Group: "g", ID: id, Cause: groups.CauseNetwork, Members: []string{"#a#x", "#b#y"}, Sets: [][]string{{"#a#x"}, {"#b#y"}},
	}
	for _, tt := range []struct {
		name string
		have groups.Event
		want []byte
	}{
		{"message", groups.Event{Kind: groups.EventMessage, Message: message},
			frame.AppendMessage(nil, frame.Safe|frame.SelfDiscard|1<<30, "#u#a", frame.NewHint(-2), []string{"g", "h"}, []byte("x"))},
		{"membership, first set", groups.Event{Kind: groups.EventMembership, Membership: membership},
			frame.AppendMembership(nil, frame.CausedByNetwork, "g", frame.GroupID(id), membership.Members, membership.Sets, 0)},
		{"membership, second set", groups.Event{Kind: groups.EventMembership, Membership: membership, Own: 1},
			frame.AppendMembership(nil, frame.CausedByNetwork, "g", frame.GroupID(id), membership.Members, membership.Sets, 1)},
		{"transition", groups.Event{Kind: groups.EventTransition, Group: "g", ID: id}, frame.AppendTransition(nil, "g", frame.GroupID(id))},
		{"self-leave", groups.Event{Kind: groups.EventSelfLeave, Group: "g"}, frame.AppendSelfLeave(nil, "g")},
		{"rejected join", groups.Event{Kind: groups.EventReject, Request: groups.CauseJoin, Message: &groups.Message{Sender: "#u#a", Multicast: groups.Multicast{Groups: []string{"g"}}}},
			frame.AppendReject(nil, frame.CausedByJoin, "#u#a", frame.NewHint(0), []string{"g"}, nil)},
		{"rejected message", groups.Event{Kind: groups.EventReject, Message: &plain},
			frame.AppendReject(nil, frame.Safe|1<<30, "#u#a", frame.NewHint(-2), []string{"g", "h"}, []byte("x"))},
		{"rejected message with self-discard", groups.Event{Kind: groups.EventReject, Message: message}, nil},
		{"closed", groups.Event{Kind: groups.EventClosed}, nil},
	} {
		if got := encode(&tt.have); !bytes.Equal(got, tt.want) {
			t.Errorf("%s: got %x, want %x", tt.name, got, tt.want)
		}
	}
}

// TestServices: each service bit has its level, there and back.
func TestServices(t *testing.T) {
	for level := ring.Unreliable; level <= ring.Safe; level++ {
		bit := frame.Unreliable << level
		if serviceOf(bit|frame.SelfDiscard|1<<30) != level || typeOf(&groups.Multicast{Service: level}) != bit {
			t.Errorf("level %d, bit %#x", level, bit)
		}
	}
}
