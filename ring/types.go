package ring

import (
	"errors"
	"fmt"
	"time"
)

// Time is monotonic time since an origin of the driver's choice. The core
// never reads a clock; every call that needs one is handed it.
type Time = time.Duration

// DaemonID is the 32-bit hash of a daemon's configured name (protocol rule 1).
// Zero is no daemon.
type DaemonID uint32

// Incarnation is the leading 64 bits of the random 128-bit number that names
// one life of a daemon; ring packets carry these 64 (protocol rule 1).
type Incarnation uint64

// Process is one life of one daemon. A daemon that restarts is a new process.
type Process struct {
	Daemon      DaemonID
	Incarnation Incarnation
}

// RingID names one ring for ever: the epoch grows with every ring, and the
// representative's incarnation keeps a restart without memory from repeating
// an id (CFG-4).
type RingID struct {
	Epoch          uint64
	Representative Process
}

// String is the form of logs and status, as epoch@daemon/incarnation.
func (id RingID) String() string {
	return fmt.Sprintf("%d@%08x/%016x", id.Epoch, uint32(id.Representative.Daemon), uint64(id.Representative.Incarnation))
}

// IsZero tells an id that names no ring.
func (id RingID) IsZero() bool { return id == RingID{} }

// Compare orders ids by epoch, then representative.
func (id RingID) Compare(other RingID) int {
	switch {
	case id.Epoch != other.Epoch:
		return order(id.Epoch < other.Epoch)
	case id.Representative.Daemon != other.Representative.Daemon:
		return order(id.Representative.Daemon < other.Representative.Daemon)
	case id.Representative.Incarnation != other.Representative.Incarnation:
		return order(id.Representative.Incarnation < other.Representative.Incarnation)
	}
	return 0
}

func order(less bool) int {
	if less {
		return -1
	}
	return 1
}

// Seq is a packet's place in the total order of its ring: 64 bits, from 1, and
// never wrapping (S29).
type Seq uint64

// Service is the promise a message is sent with (Spread semantics A2). All
// levels below Agreed are ordered like Agreed (protocol rule 5).
type Service uint8

// The six service levels, weakest first.
const (
	Unreliable Service = iota
	Reliable
	FIFO
	Causal
	Agreed
	Safe
)

// State is where the membership protocol stands (Totem, section 5).
type State uint8

// The four membership states.
const (
	Gather State = iota
	Commit
	Recovery
	Operational
)

func (s State) String() string {
	return [...]string{"gather", "commit", "recovery", "operational"}[s]
}

// ConfigurationKind tells the two membership events apart (EVS).
type ConfigurationKind uint8

// The two kinds of configuration.
const (
	Regular ConfigurationKind = iota
	Transitional
)

// Configuration is a membership event of the ring. It is immutable once
// delivered.
type Configuration struct {
	Kind ConfigurationKind
	// Old is the regular configuration that ends, New the one that begins. A
	// transitional configuration is named by both; a regular one by New. Old
	// is zero for the first configuration of a process.
	Old, New RingID
	// Members in configuration-file order. For a transitional configuration:
	// those that go together from Old to New.
	Members []Process
	// Came holds, for each of Members, the regular configuration it was in
	// before New. (All equal Old in a transitional configuration.)
	Came []RingID
}

// Delivery is one step of the single ordered list a ring hands up: a
// configuration, or a message.
type Delivery struct {
	// Conf is not nil for a configuration event; the other fields are then zero.
	Conf *Configuration

	Sender  Process // who originated the message
	Counter uint64  // the sender's own count of originated messages, from 1
	Service Service
	Ring    RingID // the ring it was originated in
	Seq     Seq    // packet of its last fragment
	Index   int    // place among the messages that end in that packet; (Seq, Index) is the total order
	// Payload is valid until the next call of any method of the Ring.
	Payload []byte
}

// Kind is what a ring packet is; it travels in the envelope's header.
type Kind uint8

// Packet kinds. Values are wire values.
const (
	KindToken     Kind = iota + 1 // to the ring successor
	KindData                      // to all
	KindRecovered                 // a data packet sent again in recovery
	KindHurry                     // "do not hold the token"
	KindJoin                      // Gather
	KindCommit                    // commit token
)

// Send is a packet to be sent. Payload is valid until the next call of
// a method other than Output.
type Send struct {
	Kind Kind
	To   DaemonID // 0: to all daemons
	// EveryNetwork asks for all networks whatever the policy: resends of
	// token, data and joins (protocol rule 4), and tokens of an idle ring.
	EveryNetwork bool
	Payload      []byte
}

// Hearing is what the multipath layer knows of one other daemon.
type Hearing struct {
	Process Process
	// Mutual: packets of this proven life arrive here, and it has said that it
	// hears me, each over at least one network.
	Mutual bool
	// Beacon is the latest beacon of that life (see Ring.Beacon); nil if none.
	Beacon []byte
}

// Lane is one queue of submissions, in practice one client session. Messages
// of one lane are never reordered; lanes share the ring by deficit round robin.
type Lane uint64

var (
	// ErrWindowFull is backpressure: the lane's queue is full. Nothing was
	// taken; try again when Room says so.
	ErrWindowFull = errors.New("ring: queue full")
	// ErrMessageTooLong refuses a payload above Config.MaxMessage.
	ErrMessageTooLong = errors.New("ring: message too long")
	// ErrLeft refuses submissions after Leave.
	ErrLeft = errors.New("ring: left")
)

// Config is what a Ring is made with. Nothing in it changes afterwards.
type Config struct {
	Self Process
	// Daemons is every configured daemon in file order, Self included: 1 to
	// 128. The order is the order of the ring and of member lists.
	Daemons []DaemonID
	// FailureDetection is the one timing setting, 20 ms to 60 s; every timer
	// of the ring derives from it.
	FailureDetection time.Duration
	// Epoch is the lowest epoch to use: Unix seconds at start (protocol rule 1).
	Epoch uint64
	// PayloadSize is the largest ring packet that fits every usable network,
	// in bytes. SetPayloadSize changes it.
	PayloadSize int
	// MaxMessage is the longest message in bytes; default 16 MiB and 64 KiB of
	// headers.
	MaxMessage int
	// ReassemblyBudget bounds the bytes of begun large messages in the whole
	// ring when this daemon begins another; default 64 MiB.
	ReassemblyBudget int
	// LaneQueue bounds the bytes waiting in one lane; default 1 MiB. One
	// message is always taken by an empty lane.
	LaneQueue int
	// ReceiveBudget is the free receive buffer of a daemon per network, in
	// bytes of the kernel's true size; SetReceiveBudget changes it. Default
	// 212992.
	ReceiveBudget int
	// Hash and StagedHash identify the configuration; two daemons ring
	// together if any of the hashes match (protocol rule 3). A zero
	// StagedHash is none.
	Hash, StagedHash uint64
	// StartSeq, StartTSeq offset the first numbers of every ring, for
	// tests of wrap safety (RNG-11); all daemons must agree on them.
	StartSeq  Seq
	StartTSeq uint64
	// Trace, if not nil, is called with every protocol event, in order.
	// The event is valid during the call.
	Trace func(now Time, e *TraceEvent)
}

// TraceKind names a protocol event (correctness reference, section 1).
type TraceKind uint8

// The events the ring reports.
const (
	TraceConf      TraceKind = iota + 1 // Conf
	TraceOriginate                      // Ring, Seq, Message (Sender, Counter, Service, Payload)
	TraceRecv                           // Ring, Seq, From, First; if First, Packet
	TraceTokenIn                        // Ring, TSeq, From, Verdict
	TraceTokenOut                       // Ring, TSeq
	TraceStable                         // Ring, Seq: all members hold everything up to Seq
	TraceDiscard                        // Ring, Seq
	TraceDeliver                        // Message, Conf = configuration in force
	TraceState                          // State entered
	TraceCommitted                      // "all recovered" reported; Ring = old ring
	TraceRequest                        // Ring, Seq, Attempt: put on the token
	TraceAnswer                         // Ring, Seq, From, Attempt: sent again for that member's request
	TraceVisit                          // Ring, TSeq, Seq, Visit: the token is about to go on
)

// Visit is what flow control says at one visit of the token (RNG-8).
type Visit struct {
	// Window is how many bytes a rotation may carry, Used what the last one
	// did, Own this member's part of that, all in true size; Packet is the most
	// that one packet takes, by which a rotation may exceed the window.
	Window, Used, Own, Packet int
	// Stable is the stable mark when new packets were numbered.
	Stable Seq
	Stored
}

// Stored is what is kept of a ring: packets, and the bytes of begun messages,
// with the most of each.
type Stored struct{ Held, Room, Begun, Budget int }

// Verdict is what became of a token.
type Verdict uint8

// The verdicts on a token (RNG-3).
const (
	TokenAccepted  Verdict = iota + 1
	TokenDuplicate         // the last one again: swallowed
	TokenResend            // the last one, higher retrans: mine was sent again
	TokenStale
	TokenForeign
	TokenMalformed
)

// TraceEvent is one protocol event. Which fields are set depends on Kind.
type TraceEvent struct {
	Kind    TraceKind
	Ring    RingID
	Seq     Seq
	TSeq    uint64
	From    Process
	First   bool
	Verdict Verdict
	State   State
	Conf    *Configuration
	Message Delivery
	Packet  []byte // as its originator sent it; valid during the call
	Attempt int    // from 1; 0: not known
	Visit   Visit
}

// Sizes are what a ring keeps for what is not finished. All but those of Stored
// are 0 when it is idle, and so are Held and Begun (LIV-6).
type Sizes struct {
	Stored
	Missing int // positions known of and not received
	Waiting int // bytes in lanes
	Timers  int // armed beyond those of an idle token
}

// Counters are totals since start, for status and tests. A value never
// shrinks.
type Counters struct {
	TokensAccepted, TokensDuplicate, TokensStale, TokensForeign uint64
	TokensResent, TokensLost                                    uint64
	Malformed                                                   uint64 // refused input of any kind
	DataReceived, DataDuplicate, DataForeign, DataBeyondWindow  uint64
	DataSent, DataResent, Requested                             uint64
	RequestsIgnored                                             uint64 // for discarded, unknown or foreign positions (RNG-6)
	MessagesOriginated, MessagesDelivered                       uint64
	MembershipChanges                                           uint64 // regular configurations after the first
	Gathers, Commits, Recoveries                                uint64
	JoinsIgnored, JoinsRefused                                  uint64 // stale or self-contradicting; other configuration
	CommitsIgnored                                              uint64 // commit tokens: copies, or of another formation
	ReassemblyAbandoned                                         uint64
}

// Status is a snapshot for operators.
type Status struct {
	State    State
	Ring     RingID
	Members  []Process
	Rotation time.Duration // smoothed token rotation, holds excluded; 0 alone
	Seq, Aru Seq
	Stable   Seq
	Window   int // bytes a rotation may carry
	Backlog  int // bytes waiting to be sent
	Counters Counters
	// Refused are daemons whose configuration hash differs from ours.
	Refused []DaemonID
	// PartialReach are strangers that some members hear and others do not.
	PartialReach []DaemonID
}
