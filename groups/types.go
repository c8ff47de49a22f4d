package groups

import (
	"errors"

	"mpspread/ring"
)

// SessionID is one client session of this daemon, chosen by the driver and
// never used twice in one life.
type SessionID uint64

// Limits of names and lists (spread-client-protocol 4.3).
const (
	MaxGroupName   = 31
	MaxPrivateName = 10
	MaxDaemonName  = 19
	MaxGroups      = 100
)

var (
	// ErrNotUnique refuses a private name that is in use at this daemon.
	ErrNotUnique = errors.New("groups: private name in use")
	// ErrIllegalName refuses a private name with illegal bytes or length.
	ErrIllegalName = errors.New("groups: illegal private name")
	// ErrNoSession is returned for a session that is not open.
	ErrNoSession = errors.New("groups: no such session")
)

// Daemon is one configured daemon, in file order.
type Daemon struct {
	ID   ring.DaemonID
	Name string
}

// GroupID names one membership of a group; equal at two members exactly if
// they saw the same membership. It is made under the configuration in force
// (see identity.go).
type GroupID struct {
	Ring  int32 // hash of representative and its incarnation
	Epoch int32 // epoch of the ring
	Index int32 // grows with each change of the group, from 1
}

// Cause is why a group's membership changed.
type Cause uint8

// The causes of a membership message.
const (
	CauseJoin Cause = iota + 1
	CauseLeave
	CauseDisconnect
	CauseNetwork
)

// Multicast is a client's message to groups. The core never reads Hint, Flags
// or Data.
type Multicast struct {
	Service     ring.Service
	SelfDiscard bool
	Flags       uint32   // type-word bits 24 to 30, passed through
	Hint        [4]byte  // as on the wire, never changed
	Groups      []string // destinations in the client's order, duplicates kept
	Data        []byte
}

// Message is a Multicast on its way to its receivers.
type Message struct {
	Sender string // private group name, #name#daemon
	Multicast
}

// Membership is a regular membership of a group.
type Membership struct {
	Group   string
	ID      GroupID
	Cause   Cause
	Members []string // private group names, by daemon order, then name
	// Sets are the vs sets; for a join, leave or disconnect one set with the
	// one that came or went.
	Sets [][]string
}

// EventKind tells what an Event is.
type EventKind uint8

// What sessions receive.
const (
	EventMessage    EventKind = iota + 1 // Message
	EventMembership                      // Membership; Own is the receivers' vs set
	EventTransition                      // Group, ID: transitional signal, the membership that is ending
	EventSelfLeave                       // Group
	EventReject                          // Message: refused, back to its sender; Request tells what it was
	EventClosed                          // the disconnect has been ordered; nothing follows, the name is free
)

// Event is one step of the ordered stream of some local sessions. It is
// immutable and may be kept; slices in it are not reused.
type Event struct {
	Kind     EventKind
	Sessions []SessionID // in the order of their opening
	Message  *Message
	// Membership is shared by all events of one change.
	Membership *Membership
	Own        int // index into Membership.Sets
	Group      string
	ID         GroupID
	Request    Cause // of a reject: CauseJoin, CauseLeave, or 0 for a multicast
}

// Agreement tells that the state of the groups is agreed, so that what was
// delivered in a regular configuration is applied from here on. In is the
// configuration whose exchange brought it about: Of itself, or a later one if
// the exchange of Of was interrupted (see exchange.go).
type Agreement struct {
	Of, In ring.RingID
}

// Submission is a payload to be put in order by the ring.
type Submission struct {
	Lane    ring.Lane
	Service ring.Service
	Payload []byte // owned by the receiver
}
