package multipath

import (
	"io"
	"net/netip"
	"time"
)

// Time is monotonic time since an origin of the driver's choice.
type Time = time.Duration

// DaemonID is the 32-bit hash of a daemon's configured name. Zero is no
// daemon; OperatorID is reserved for operators' tools.
type DaemonID uint32

// OperatorID is the sender id of monitor datagrams (protocol rule 9).
const OperatorID DaemonID = 0xffffffff

// Incarnation is the random number that names one life of a daemon.
type Incarnation [16]byte

// Short is the part of it that travels in every packet.
func (i Incarnation) Short() uint64 {
	var v uint64
	for _, b := range i[:8] {
		v = v<<8 | uint64(b)
	}
	return v
}

// NetworkID is a network's position in Config.Networks.
type NetworkID uint8

// Overhead is what the envelope adds to a payload, at most, in bytes.
const Overhead = 52

// Kind is what a packet carries. Values up to 31 belong to this package;
// those above are the business of whoever calls Send.
type Kind uint8

// Kinds of this package's own packets; values are wire values.
const (
	KindHello Kind = iota + 1
	KindProbe
	KindProbeReply
	KindPart     // a piece of a payload larger than a packet
	KindOperator // monitor command or reply
	// KindUpper is the first kind free for the layer above.
	KindUpper Kind = 32
)

// Policy says on which networks an ordinary packet goes (design 3).
type Policy uint8

// The two policies.
const (
	Replicate Policy = iota // every packet on every network
	Failover                // one network at a time, primary first
)

// Key is one cluster key. Exactly one of a Config's keys is active.
type Key struct {
	ID     uint8
	Active bool
	Secret [32]byte
}

// Network is one of the parallel networks.
type Network struct {
	Name string
	// Broadcast: one copy to all (broadcast or multicast address); otherwise
	// one unicast copy per daemon.
	Broadcast bool
	Primary   bool
	// PacketSize is the largest datagram (UDP payload) the interface takes;
	// SetPacketSize changes it as interfaces come and go.
	PacketSize int
}

// Daemon is one configured daemon.
type Daemon struct {
	ID   DaemonID
	Name string
	// Addresses holds, for each network in order, the addresses the daemon
	// has there, the one to send to first; empty where it has none.
	Addresses [][]netip.AddrPort
}

// Config is what a Multipath is made with.
type Config struct {
	Cluster     string // authenticated: two clusters never mix
	Self        DaemonID
	Incarnation Incarnation
	Networks    []Network // 1 to 8
	Daemons     []Daemon  // file order, Self included, 1 to 128
	Plaintext   bool      // CRC32C instead of the seal
	Cipher      Cipher    // the same at all daemons; ignored with Plaintext
	Keys        []Key     // 1 to 4, exactly one active; ignored with Plaintext
	Policy      Policy
	// FailureDetection is the cluster's one timing setting.
	FailureDetection time.Duration
	// MaxSkew is how much later than the first a copy may come before it
	// counts as missing; default FailureDetection/4.
	MaxSkew time.Duration
	// Entropy gives nonces and challenges: the kernel's random numbers, or
	// the simulator's stream. It must not fail.
	Entropy io.Reader
	// StartCounter offsets the packet counter, for tests near its limits.
	StartCounter uint64
	// Trace, if not nil, is called with what becomes of each datagram that names
	// a life this daemon knows, and with each change of a path, in order. The
	// event is valid during the call.
	Trace func(now Time, e *TraceEvent)
}

// Packet is a datagram that was accepted, once, for the layer above.
type Packet struct {
	Kind        Kind
	From        DaemonID
	Incarnation uint64 // short
	Network     NetworkID
	// Payload is valid until the next call of Receive.
	Payload []byte
}

// Datagram is bytes to send on one network.
type Datagram struct {
	Network NetworkID
	// To is the destination; the zero value means the network's broadcast or
	// multicast address.
	To   netip.AddrPort
	Data []byte
}

// Hearing is what is known of one other daemon.
type Hearing struct {
	Daemon      DaemonID
	Incarnation uint64 // short, of the proven life; 0 if there is none
	// Mutual: its packets arrive, and it says that it hears me.
	Mutual bool
	Beacon []byte // the upper layer's latest beacon in its hello
}

// PathState is the health of the path from a peer to this daemon over one
// network, or of a network as a whole.
type PathState uint8

// The states of a path (design 8).
const (
	PathSilent PathState = iota
	PathOK
	PathLossy
	PathSmallPacketsOnly
	PathWrongNetwork
)

func (s PathState) String() string {
	return [...]string{"silent", "ok", "lossy", "small-packets-only", "wrong-network"}[s]
}

// NetworkState is the health of this daemon's end of a network.
type NetworkState uint8

// The states of a network (design 8).
const (
	NetworkDown NetworkState = iota
	NetworkUp
	NetworkDegraded
	NetworkSuspended
)

func (s NetworkState) String() string {
	return [...]string{"down", "up", "degraded", "suspended"}[s]
}

// PathStatus is one cell of the cube daemon × daemon × network.
type PathStatus struct {
	Daemon    DaemonID
	Name      string
	State     PathState     // packets from it to me
	Reverse   PathState     // what it reports of my packets
	Slow      bool          // slower than a quarter of the failure detection time, either way
	LastHeard time.Duration // ago; negative: never
	RTT       time.Duration // 0: unknown
	Loss      float64       // of probes from it, 0 to 1, over 10 s
	// The ledger of this peer's packets on this network: it brought the first
	// copy, a later one, the only one, or none.
	First, Late, Rescued, Missing uint64
}

// NetworkStatus is one network as this daemon sees it.
type NetworkStatus struct {
	Name       string
	State      NetworkState
	Policy     Policy
	PacketSize int // verified datagram size
	Peers      []PathStatus
}

// Counters are totals since start; a value never shrinks. Refusals are by
// reason (correctness reference 9).
type Counters struct {
	Received, Accepted, Duplicates, BeyondWindow, Own        uint64
	Short, Version, UnknownKey, UnknownSender, WrongAddress  uint64
	Authentication, UnprovenLife, SupersededLife, WrongKind  uint64
	DuplicateIdentity, WrongNetwork, Malformed, PartsDropped uint64
	Sent, SentDatagrams, Oversize, NoNetwork                 uint64
	// OperatorLimited are operators' datagrams dropped unopened because their
	// source sends too many; Commands those that were handed up.
	OperatorLimited, Commands uint64
}

// Status is a snapshot for operators. RedundancyLost tells that some pair of
// configured daemons has fewer live networks than it shares; of pairs without
// this daemon by what they say in their hellos.
type Status struct {
	Networks       []NetworkStatus
	RedundancyLost bool
	// DuplicateIdentity names daemons of which two lives talked at once within
	// the last 10 s.
	DuplicateIdentity []DaemonID
	Keys              KeyStatus
	Counters          Counters
}

// Command is a monitor command that came as datagrams (protocol rule 9). It is
// handed up once, whatever the number of its copies.
type Command struct {
	ID      [16]byte
	Network NetworkID      // by which its first copy came
	From    netip.AddrPort // the operator's tool
	// Unsealed tells that anybody may have sent it: in plaintext mode only
	// reads are to be obeyed, unless the operator allows more.
	Unsealed bool
	Body     []byte
}
