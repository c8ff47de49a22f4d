package sim

import (
	"errors"
	"net/netip"
	"time"

	"mpspread/groups"
	"mpspread/internal/engine"
	"mpspread/multipath"
	"mpspread/ring"
)

// The protocol between two builds of the simulator: one drives cores that live
// in the other (correctness reference 5.4, differential). It is a stream of
// gobs over a pipe, a call and its answer at a time. A gob names its fields:
// what one build does not know is left out, so builds whose types differ a
// little understand each other. peerVersion changes when they would not.

// peerGreeting is what each side says first.
type peerGreeting struct {
	Version int
}

const peerVersion = 3

// callKind is the method called.
type callKind uint8

const (
	callReset callKind = iota // forget all cores: another run begins
	callNewRing
	callNewEngine
	callReceive
	callAdvance
	callDeadline
	callSubmit
	callSends
	callDeliveries
	callHearing
	callPayloadSize
	callBeacon
	callFastHello
	callRoom
	callLeave
	callStatus
	callSizes
	callOutput
	callOpen
	callJoin
	callLeaveGroup
	callMulticast
	callClose
	callPacketSize
	callSetKeys
	callSuspend
	callReverted
)

// call is a method called on a core. Which fields count depends on Kind.
type call struct {
	Kind callKind
	Core int
	Now  time.Duration

	From    ring.Process
	Packet  ring.Kind
	Network multipath.NetworkID
	Address netip.AddrPort
	Data    []byte
	Lane    ring.Lane
	Service ring.Service
	Hearing []ring.Hearing
	Size    int

	Session    groups.SessionID
	Name       string
	Membership bool
	Multicast  *groups.Multicast
	Keys       []multipath.Key
	Yes        bool

	Ring   *ring.Config
	Engine *engine.Config
	Random [4]uint64 // state of the daemon's entropy
}

// answer is what a call came to: what was traced meanwhile, in order, and the
// results.
type answer struct {
	Traced []traced
	Random [4]uint64
	Panic  string
	Err    string

	Deadline     time.Duration
	Sends        []ring.Send
	Deliveries   []ring.Delivery
	Output       *engine.Output
	Beacon       []byte
	Yes          bool
	Private      string
	RingStatus   *ring.Status
	RingSizes    *ring.Sizes
	EngineStatus *engine.Status
	EngineSizes  *engine.Sizes
}

// traced is one call of a trace callback.
type traced struct {
	Now       time.Duration
	Ring      *ring.TraceEvent
	Multipath *multipath.TraceEvent
	Agreed    *groups.Agreement
}

// sentinels are the errors that a driver tells apart; they travel as their
// text.
var sentinels = []error{
	ring.ErrWindowFull, ring.ErrMessageTooLong, ring.ErrLeft,
	groups.ErrNotUnique, groups.ErrIllegalName, groups.ErrNoSession, groups.ErrIllegalGroup, groups.ErrTooManyGroups, groups.ErrSessionExists,
}

func errorText(err error) string {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return s.Error()
		}
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func errorNamed(text string) error {
	for _, s := range sentinels {
		if s.Error() == text {
			return s
		}
	}
	if text != "" {
		return errors.New(text)
	}
	return nil
}
