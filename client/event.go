package client

import (
	"fmt"

	"mpspread/client/frame"
)

// Service is the promise a message is sent with.
type Service uint8

// The six service levels, weakest first. Within one membership of daemons all
// of them are delivered reliably; Agreed and those below share one total
// order; Safe messages are delivered once every daemon is known to have them.
const (
	Unreliable Service = iota
	Reliable
	FIFO
	Causal
	Agreed
	Safe
)

func (s Service) String() string {
	if s > Safe {
		return fmt.Sprintf("service %d", uint8(s))
	}
	return [...]string{"unreliable", "reliable", "fifo", "causal", "agreed", "safe"}[s]
}

// Cause is why the membership of a group changed.
type Cause uint8

// The causes.
const (
	Join Cause = iota + 1
	Leave
	Disconnect
	Network
)

func (c Cause) String() string {
	if c > Network {
		return fmt.Sprintf("cause %d", uint8(c))
	}
	return [...]string{"none", "join", "leave", "disconnect", "network"}[c]
}

// GroupID names one membership of a group: equal at two members exactly if
// they saw the same membership.
type GroupID = frame.GroupID

// Event is one step of the ordered stream: *Message, *Membership,
// *Transition, *SelfLeave or *Rejected. Their slices of strings may be shared
// between events and are only to be read.
type Event interface{ event() }

// Message is a multicast message.
type Message struct {
	Service     Service
	Sender      string   // private group of the sender
	Groups      []string // all destinations, as the sender gave them
	Type        int16    // the application's own number
	SelfDiscard bool
	BigEndian   bool // byte order of the sender's host, as it declared it
	Data        []byte
}

// Membership is a new regular membership of a group.
type Membership struct {
	Group   string
	ID      GroupID
	Cause   Cause
	Members []string // private groups, in the same order at all members
	// Changed is who joined, left or disconnected; empty for Network.
	Changed string
	// Sets are the members grouped by the membership they came from, for
	// Network; those of Sets[Own] came along with the receiver and have
	// delivered the same messages. For the other causes one set with Changed.
	Sets [][]string
	Own  int
}

// Transition is the transitional signal: from here to the next Membership of
// the group, messages of the membership ID are guaranteed only among those who
// come along.
type Transition struct {
	Group string
	ID    GroupID
}

// SelfLeave confirms a Leave. Nothing of the group follows.
type SelfLeave struct {
	Group string
}

// Rejected is a request of this session that the daemon refused.
type Rejected struct {
	Cause  Cause    // Join or Leave; 0 for a message
	Groups []string // of the request, and the session's private group
	Type   int16
	Data   []byte
}

func (*Message) event()    {}
func (*Membership) event() {}
func (*Transition) event() {}
func (*SelfLeave) event()  {}
func (*Rejected) event()   {}
