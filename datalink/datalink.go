// Package datalink moves batches of datagrams over the parallel networks of a
// host: sockets, broadcast and multicast, buffers, interfaces that come and
// go. It knows nothing of tokens, rings or policies.
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

// Network is one network as this host takes part in it.
type Network struct {
	Name      string
	Transport Transport
	// Addresses are this host's own addresses on it, preferred first; empty
	// if it has none: the network is then never up.
	Addresses []netip.Addr
	// Subnet is the network's prefix; may be zero for unicast.
	Subnet netip.Prefix
	// Group is the multicast group, for Multicast.
	Group netip.Addr
	Port  uint16
	// MTU overrides the interface's IP MTU; 0: as the interface says.
	MTU  int
	DSCP int // 0 to 63
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
// until it calls Receive again; it may be written to.
type Packet struct {
	Network int
	From    netip.AddrPort
	Data    []byte
}

// NetworkState is what the host knows of one of its networks.
type NetworkState struct {
	Up         bool   // sockets open
	Reason     string // why not
	Interface  string
	PacketSize int // largest datagram (UDP payload) for the MTU
	// ReceiveBuffer is the kernel's true size; Free what is free of it now.
	ReceiveBuffer, Free int
	Drops               uint64 // datagrams the kernel dropped for want of buffer
	SendErrors          uint64
	Sent, Received      uint64
	LastError           string
}

// Set is the host's links to all its networks. Wait, Receive, Send and States
// belong to one goroutine, the loop; Wake and Close may be called from any.
type Set interface {
	// Wait returns when a datagram can be received, Wake has been called, a
	// network changed, or d has passed. Negative d: no limit.
	Wait(d time.Duration) error
	// Receive fills batch without blocking, from the networks in alternating
	// order, and returns how many it filled.
	Receive(batch []Packet) int
	// Send sends each datagram, in order per network, without blocking. An
	// error on one network is counted there and never delays, retries or
	// skips another (MPX-7).
	Send(batch []Datagram)
	// States appends the state of each network, in order.
	States(dst []NetworkState) []NetworkState
	// Generation changes whenever a network's Up, Interface or PacketSize does.
	Generation() uint64
	Wake()
	Close() error
}
