// Package admin is what operators and the daemon say to each other: the JSON
// documents of status, networks and ping, the exit code that follows from
// them, and the two ways a command goes: HTTP on the daemon's local admin
// socket, and sealed datagrams on one chosen network (design 8, protocol
// rule 9).
//
// The documents and functions on them are pure and may be used from any
// goroutine. The daemon imports this package for the documents, Answer and
// Handler; spreadctl for Local and Remote (the client side).
package admin

import (
	"encoding/json"
	"fmt"
)

// DocumentVersion is the "version" of every document. It changes only when a
// key changes its meaning or disappears; new keys do not change it.
const DocumentVersion = 1

// The commands that exist. All of them only read.
const (
	CommandStatus   = "status"
	CommandNetworks = "networks"
	CommandPing     = "ping"
)

// Command is the body of a request as sealed datagrams carry it.
type Command struct {
	Command string `json:"command"`
}

// The states of a daemon (design 8).
const (
	StateGather      = "gather"
	StateCommit      = "commit"
	StateRecovery    = "recovery"
	StateOperational = "operational"
)

// The states of a network (design 8).
const (
	NetworkUp        = "up"
	NetworkDegraded  = "degraded"
	NetworkDown      = "down"
	NetworkSuspended = "suspended"
)

// The states of a path (design 8).
const (
	PathOK               = "ok"
	PathLossy            = "lossy"
	PathSmallPacketsOnly = "small-packets-only"
	PathSilent           = "silent"
	PathWrongNetwork     = "wrong-network"
)

// The two values of Status.Security.
const (
	Sealed    = "sealed"
	Plaintext = "plaintext"
)

// Via says by which way a command came and its answer went (protocol rule 9).
// Either Socket is set, or Command and Reply are.
type Via struct {
	// Socket is the admin socket's path, filled in by the tool.
	Socket string `json:"socket,omitempty"`
	// Command is the network by which the daemon received the command.
	Command string `json:"command,omitempty"`
	// Reply is the network by which the tool received the answer, filled in
	// by the tool.
	Reply string `json:"reply,omitempty"`
}

// Ring is the ring a daemon is in.
type Ring struct {
	// ID is ring.RingID's text, empty before the first ring.
	ID string `json:"id"`
	// Members are daemon names in configuration order.
	Members []string `json:"members"`
}

// Peer is the path between the answering daemon and one other over one
// network.
type Peer struct {
	Daemon  string `json:"daemon"`
	State   string `json:"state"`   // of packets from it to us, Path…
	Reverse string `json:"reverse"` // what it reports of our packets, Path…
	// LastHeardMS is milliseconds since its last packet here; -1: never.
	LastHeardMS int64 `json:"last_heard_ms"`
	// RTTUS is the probe round trip in microseconds; 0: unknown.
	RTTUS int64 `json:"rtt_us"`
	// Loss of its probes, 0 to 1 over 10 s.
	Loss float64 `json:"loss"`
	// The ledger of its packets on this network: this network brought the
	// first copy, a later one, the only one, or none.
	First   uint64 `json:"first"`
	Late    uint64 `json:"late"`
	Rescued uint64 `json:"rescued"`
	Missing uint64 `json:"missing"`
}

// Network is the answering daemon's end of one network.
type Network struct {
	Name   string `json:"name"`
	State  string `json:"state"`  // Network…
	Policy string `json:"policy"` // replicate or failover
	// Reason is why the network is down, in words; empty otherwise.
	Reason string `json:"reason,omitempty"`
	// Interface that carries it; empty if there is none.
	Interface string `json:"interface"`
	// PacketSize is the largest verified datagram (UDP payload), in bytes.
	PacketSize int `json:"packet_size"`
	// Datagrams that went and came; sends the system refused; datagrams the
	// kernel dropped for want of buffer. Totals since start.
	Sent       uint64 `json:"sent"`
	Received   uint64 `json:"received"`
	SendErrors uint64 `json:"send_errors"`
	Drops      uint64 `json:"drops"`
	// Offload tells whether datagrams may go out in runs now; the next two how
	// often several, which are all in Sent and Received, went or came as one.
	Offload      bool   `json:"offload"`
	SentRuns     uint64 `json:"sent_runs"`
	ReceivedRuns uint64 `json:"received_runs"`
	// LastError is the system's last refusal, in words.
	LastError string `json:"last_error,omitempty"`
	// Peers are the other daemons configured on this network, in
	// configuration order.
	Peers []Peer `json:"peers"`
}

// Token is what is known of the token's way round the ring.
type Token struct {
	// RotationUS is the smoothed rotation in microseconds, holds excluded; 0
	// for a ring of one.
	RotationUS int64 `json:"rotation_us"`
}

// Status is the answer to "status": one daemon as it sees itself and its
// networks.
type Status struct {
	Version     int    `json:"version"` // DocumentVersion
	Daemon      string `json:"daemon"`
	Incarnation string `json:"incarnation"` // 32 hex digits
	Software    string `json:"software"`    // version of the software
	Cluster     string `json:"cluster"`
	State       string `json:"state"` // State…
	Ring        Ring   `json:"ring"`
	// MembershipChanges counts regular configurations after the first.
	MembershipChanges uint64    `json:"membership_changes"`
	Networks          []Network `json:"networks"`
	Sessions          int       `json:"sessions"`
	Groups            int       `json:"groups"`
	Token             Token     `json:"token"`
	Counters          Counters  `json:"counters"`
	// RedundancyLost: some pair of configured daemons that includes this one
	// has fewer live networks than it shares.
	RedundancyLost bool `json:"redundancy_lost"`
	// Refused are daemons whose configuration differs from ours; PartialReach
	// those that only some members hear.
	Refused      []string `json:"refused,omitempty"`
	PartialReach []string `json:"partial_reach,omitempty"`
	Security     string   `json:"security"` // Sealed or Plaintext
	UptimeS      int64    `json:"uptime_s"`
	Via          *Via     `json:"via,omitempty"`
}

// Networks is the answer to "networks".
type Networks struct {
	Version        int       `json:"version"`
	Daemon         string    `json:"daemon"`
	State          string    `json:"state"`
	RedundancyLost bool      `json:"redundancy_lost"`
	Networks       []Network `json:"networks"`
	Via            *Via      `json:"via,omitempty"`
}

// Ping is the answer to "ping".
type Ping struct {
	Version     int    `json:"version"`
	Daemon      string `json:"daemon"`
	Incarnation string `json:"incarnation"`
	State       string `json:"state"`
	UptimeS     int64  `json:"uptime_s"`
	// RTTUS is the time to the answer in microseconds, filled in by the tool.
	RTTUS int64 `json:"rtt_us,omitempty"`
	Via   *Via  `json:"via,omitempty"`
}

// Error is the answer to a command that was refused, and what spreadctl
// prints with --json when it got no answer.
type Error struct {
	Version int    `json:"version"`
	Daemon  string `json:"daemon,omitempty"`
	Error   Fault  `json:"error"`
}

// Fault is what went wrong: a stable code and words for a person.
type Fault struct {
	Code    string `json:"code"` // Code…
	Message string `json:"message"`
}

// The codes of a Fault.
const (
	CodeUnknownCommand = "unknown-command"
	CodeMalformed      = "malformed"
	CodeUnavailable    = "unavailable" // the daemon is stopping
	CodeBusy           = "busy"        // too many commands wait; nothing was done
	CodeUnreachable    = "unreachable"
	CodeFailed         = "failed"
	CodeUsage          = "usage"
	CodeConfiguration  = "configuration"
)

// NetworksOf is the part of a status that "networks" answers.
func NetworksOf(s Status) Networks {
	return Networks{
		Version: DocumentVersion, Daemon: s.Daemon, State: s.State,
		RedundancyLost: s.RedundancyLost, Networks: s.Networks, Via: s.Via,
	}
}

// PingOf is the part of a status that "ping" answers.
func PingOf(s Status) Ping {
	return Ping{
		Version: DocumentVersion, Daemon: s.Daemon, Incarnation: s.Incarnation,
		State: s.State, UptimeS: s.UptimeS, Via: s.Via,
	}
}

// encode gives a document's bytes. Documents hold nothing JSON cannot say, so
// that failing is a fault of the program.
func encode(document any) []byte {
	b, err := json.Marshal(document)
	if err != nil {
		panic(fmt.Sprintf("admin: encoding %#v: %v", document, err))
	}
	return b
}
