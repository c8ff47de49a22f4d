// Package trace is the one event format in which runs of the protocol are
// written down and judged (correctness reference, section 1): the simulator,
// in-process tests and the laboratory all write it, and internal/check reads
// it. It holds the event, a text and a JSON-lines form of it, and a rolling
// digest by which two runs are compared.
//
// The package knows what an event says, not whether it is right. A Digest and
// a Reader belong to one goroutine.
package trace

import (
	"time"

	"mpspread/groups"
	"mpspread/ring"
)

// Kind tells what happened.
type Kind uint8

// The kinds of events. The first block is written by the harness, the second
// by the ordering layer, the third by the session layer, the last by the
// multipath layer.
const (
	Start    Kind = iota + 1 // Process begins to live
	Stop                     // Process ended politely
	Crash                    // Process ended at once
	Pause                    // Process stands still
	Resume                   // Process goes on
	Fault                    // Text: what the harness does to the world; First: to links alone, all of it told by Link events
	Quiet                    // no fault from here on; Members: one component; Length of Bound: LIV-1
	Finished                 // the run is over; Counter: submissions that never found room
	Submit                   // Client, Message (ClientCounter, Service, Length, Digest), First: accepted
	Link                     // Process: the receiving end; From, Network, Text: what the path from there is now; Bound: its greatest delay

	Conf      // Conf
	Originate // Message, Ring, Seq, In
	Recv      // Ring, Seq, From, First, Message.Digest: of the packet, if First
	TokenIn   // Ring, TSeq, From, Verdict
	TokenOut  // Ring, TSeq
	Stable    // Ring, Seq: all members hold everything up to it
	Discard   // Ring, Seq
	Deliver   // Message, Ring, Seq, In
	State     // State
	Commit    // Conf: "all recovered" reported for it (protocol rule 8); Ring: the old ring
	Request   // Ring, Seq, Counter: asked for, for the how-manieth time
	Answer    // Ring, Seq, From: who asked, Counter: for the how-manieth time
	Visit     // Ring, TSeq, Seq: the highest given out, Sizes: what flow control says when the token goes on
	Primary   // Ring: the configuration in force is the primary component; First: by an operator's command

	ClientSend    // Client, Message (Act: what it asks for), First: the sender will receive a copy
	ClientDeliver // Client, Message, Text: private group name of the sender, or empty
	ClientView    // Client, View, Text: the receiver's private name
	ClientSignal  // Client, View (Group and ID): the transitional signal
	ClientLeave   // Client, View (Group): the self-leave
	ClientClose   // Client, Text: why
	ClientOpen    // Client, Text: private group name, First: it wants memberships and signals
	ClientStall   // Client, First: it reads no more; else it reads again
	Agree         // Ring: what was delivered in it is applied from here on, In: the configuration in which the state of the groups was agreed

	Packet // From, Counter, Network, Fate, First: a datagram arrived, with the bytes that were sent; Seq: the highest counter then accepted
	Path   // From, Network, Text: the state the path is reported in; First: the path from there, otherwise the one to there
	Batch  // Counter, Network, Seq: so many datagrams are handed to the network's sockets
	Send   // Counter, Network, Seq, First: a call to the system, for so many datagrams of the batch; without error
	Drain  // Sizes: what is kept when nothing is left to do
	Route  // From: whom a packet is for; Counter: the networks it is sent on, a bit for each

	lastKind = Route
)

var kindNames = [...]string{
	Start: "start", Stop: "stop", Crash: "crash", Pause: "pause", Resume: "resume", Fault: "fault",
	Quiet: "quiet", Finished: "finished", Submit: "submit",
	Conf: "conf", Originate: "originate", Recv: "recv", TokenIn: "token_in", TokenOut: "token_out",
	Stable: "stable", Discard: "discard", Deliver: "deliver", State: "state", Commit: "commit",
	ClientSend: "csubmit", ClientDeliver: "cdeliver", ClientView: "cview", ClientSignal: "ctrans", ClientLeave: "cleave", ClientClose: "cclose", ClientOpen: "copen", ClientStall: "cstall", Agree: "agree",
	Packet: "packet", Path: "path", Batch: "batch", Send: "send", Drain: "drain", Route: "route",
	Link: "link", Request: "request", Answer: "answer", Visit: "visit", Primary: "primary",
}

// String is the kind's name in both written forms.
func (k Kind) String() string {
	if k == 0 || k > lastKind {
		return "none"
	}
	return kindNames[k]
}

// The texts of a Link.
const (
	LinkWorks = "works" // every packet arrives as it was sent
	LinkBad   = "bad"   // some do
	LinkCut   = "cut"   // none does
)

// Fate is what became of a datagram.
type Fate uint8

// The fates of datagrams that name a life the receiver knows.
const (
	FateFresh   Fate = iota + 1 // accepted: the first copy
	FateGreeted                 // a hello of a life not yet let in
	FateCopy                    // a further copy
	FateForged                  // its counter was accepted with other bytes
	FateBeyond                  // below the window
	FateRefused                 // not authentic
)

// String is the fate's name in both written forms.
func (f Fate) String() string { return nameIn(fateNames[:], int(f)) }

// Sizes are numbers of a process at one moment.
type Sizes struct {
	// Of flow control, in bytes as they count in a receive buffer: what a
	// rotation may carry, what the last one did, this process's part of it, and
	// the most that one packet may go beyond.
	Window, Used, Own, Packet int
	// Packets between the highest given out and the stable mark; packets kept,
	// and how many may be.
	Gap, Held, Room int
	// Bytes of begun messages, and how many there may be.
	Begun, Budget int
	// Positions missing and asked for; requests of clients that wait, in bytes;
	// begun payloads; timers and formations beyond those of an idle daemon.
	Missing, Waiting, Parts, Timers int
}

// ConfID names a configuration: a regular one by New (Old is then zero), a
// transitional one by both (correctness reference, section 1).
type ConfID struct {
	Kind     ring.ConfigurationKind
	Old, New ring.RingID
}

// IDOf returns the name of c; nil has the zero name.
func IDOf(c *ring.Configuration) ConfID {
	switch {
	case c == nil:
		return ConfID{}
	case c.Kind == ring.Regular:
		return ConfID{Kind: ring.Regular, New: c.New}
	}
	return ConfID{Kind: ring.Transitional, Old: c.Old, New: c.New}
}

// Regular is the regular configuration that c is or ends: the ring its
// messages belong to.
func (c ConfID) Regular() ring.RingID {
	if c.Kind == ring.Transitional {
		return c.Old
	}
	return c.New
}

// Message is what identifies a message and what must not change on its way.
type Message struct {
	Sender  ring.Process // its originator
	Counter uint64       // the originator's own count, from 1
	Service ring.Service
	Length  int    // of the payload, in bytes
	Digest  uint64 // of the payload (DigestOf)
	// Client and ClientCounter name the client it came from and that client's
	// own count, from 1; zero when the harness cannot tell.
	Client, ClientCounter uint64
	Groups                []string

	// What the message asks of the group layer, at ClientSend and, where the
	// harness can tell, at Originate; Name is the asking session's private
	// name. Discard: its sender receives no copy.
	Act     groups.Act
	Name    string
	Discard bool
}

// View is a membership of a group as a client receives it.
type View struct {
	Group   string
	ID      [3]int32 // group id: ring, epoch, index
	Cause   uint8    // groups.Cause
	Members []string
	// Sets are the vs sets, Own the receiver's index among them.
	Sets [][]string
	Own  int
}

// Event is one step of a trace. Which fields are set depends on Kind; the
// others are zero. Conf, View, Sizes, Members and Groups are immutable.
type Event struct {
	Index   uint64        // place in the trace, from 1
	Time    time.Duration // virtual or monotonic
	Process ring.Process  // zero for the harness
	Place   uint64        // place among the events of Process, from 1
	Kind    Kind

	Ring    ring.RingID
	Seq     ring.Seq
	TSeq    uint64
	From    ring.Process
	Network uint8
	Counter uint64 // of a packet
	First   bool   // first copy; of a submit: accepted
	Verdict ring.Verdict
	Fate    Fate
	State   ring.State
	Sizes   *Sizes
	Conf    *ring.Configuration
	In      ConfID // configuration in force
	Message Message
	Client  uint64
	View    *View
	Members []ring.Process
	Bound   time.Duration
	Text    string
}
