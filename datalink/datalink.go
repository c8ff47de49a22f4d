// Package datalink moves batches of datagrams over the parallel networks of a
// host: sockets, broadcast and multicast, buffers, interfaces that come and
// go. It knows nothing of tokens, rings or policies, and never logs.
//
// Every network has a socket on the host's own address (token, joins, probes,
// unicast data) and, unless its transport is Unicast, a second one on the
// broadcast or multicast address (data), so that a burst of data never pushes
// a token out of a receive buffer (requirement S14). The sockets of different
// networks share nothing: what blocks, fails or vanishes on one network leaves
// the others as they were (MPX-7, S13).
//
// On Linux one goroutine calls Wait, Receive and Send on raw descriptors; a
// second, inside the package, watches the interfaces and opens and closes
// sockets, because those calls take the kernel's interface lock, which a
// failing card can hold for a long time. Elsewhere goroutines read and write.
package datalink

import (
	"net/netip"
	"time"
)

// Transport is how a network carries a packet for all.
type Transport uint8

// The transports of a network (design 3).
const (
	Broadcast Transport = iota
	Multicast
	Unicast // one copy per daemon, made by the caller
)

func (t Transport) String() string {
	switch t {
	case Broadcast:
		return "broadcast"
	case Multicast:
		return "multicast"
	case Unicast:
		return "unicast"
	}
	return "unknown transport"
}

// Network is one network as this host takes part in it.
type Network struct {
	Name      string
	Transport Transport
	// Addresses are this host's own addresses on it, preferred first; empty
	// if it has none: the network is then never up.
	Addresses []netip.Addr
	// Subnet is the network's prefix; may be zero for unicast and multicast.
	Subnet netip.Prefix
	// Group is the multicast group, for Multicast.
	Group netip.Addr
	// Port is the UDP port of both sockets; 0, any free one, only for Unicast.
	Port uint16
	// MTU overrides the interface's IP MTU where that is larger; 0: as the
	// interface says, and LoopbackMTU on loopback.
	MTU  int
	DSCP int // 0 to 63
	// Offload lets the system take and hand over datagrams in runs (GSO, GRO),
	// where it can: Linux 5.0, but not a portable build.
	Offload bool
}

// Config is what Open takes.
type Config struct {
	Networks []Network
	// ReceiveBuffer is the size asked for each socket; default 8 MiB.
	ReceiveBuffer int
}

// Datagram is bytes to send on one network. The sender owns Data; it is only
// read during the call it is passed to.
type Datagram struct {
	Network int
	// To is the destination; the zero value is the network's broadcast or
	// multicast address.
	To   netip.AddrPort
	Data []byte
}

// Packet is a datagram received. Data belongs to the receiver of the batch
// until it calls Receive again; it may be written to. From has no IPv6 zone.
type Packet struct {
	Network int
	From    netip.AddrPort
	Data    []byte
}

// NetworkState is what the host knows of one of its networks. Counters are
// totals since Open and survive the reopening of sockets.
type NetworkState struct {
	Up         bool   // sockets open
	Reason     string // why not
	Interface  string
	Address    netip.Addr // own address in use while up
	PacketSize int        // largest datagram (UDP payload) for the MTU; 0 while down
	// ReceiveBuffer is the kernel's true size in bytes, of the fuller socket;
	// Free what is free of it now. Linux counts its own overhead in and gives
	// twice Config.ReceiveBuffer; less means that a limit of the system
	// (net.core.rmem_max) stands in the way (A6). 0 while the network is down.
	ReceiveBuffer, Free int
	Drops               uint64 // datagrams the kernel dropped for want of buffer
	SendErrors          uint64 // datagrams not sent
	WrongInterface      uint64 // arrived on another network's wire, dropped (S17)
	Truncated           uint64 // larger than any packet of this Set, dropped
	Sent, Received      uint64
	// Offload tells whether datagrams may go out in runs now: Network.Offload,
	// unless the system has refused one.
	Offload bool
	// SentRuns and ReceivedRuns are how often several datagrams, which are all
	// in Sent and Received, went or came as one. Drops counts such a one once.
	SentRuns, ReceivedRuns uint64
	LastError              string // of sending or receiving, with size and destination
}

// Set is the host's links to all its networks. Wait, Receive, Send, States and
// Generation belong to one goroutine, the loop; Wake and Close may be called
// from any.
type Set interface {
	// Wait returns when a datagram can be received, Wake has been called, a
	// network changed, or d has passed. Negative d: no limit. It may return
	// early for no reason. After Close it returns net.ErrClosed.
	Wait(d time.Duration) error
	// Receive fills batch without blocking, from the networks in alternating
	// order, and returns how many it filled: at most MaxBatch. 0 means that
	// nothing is left for now.
	Receive(batch []Packet) int
	// Send sends each datagram without blocking, in order for each network and
	// destination. An error on one network is counted there and never delays,
	// retries or skips another (MPX-7).
	Send(batch []Datagram)
	// States appends the state of each network, in order.
	States(dst []NetworkState) []NetworkState
	// Generation changes whenever a network's Up, Interface, Address or
	// PacketSize does.
	Generation() uint64
	Wake()
	Close() error
}

// MaxBatch is the most packets one call of Receive returns.
const MaxBatch = 64
