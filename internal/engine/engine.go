// Package engine joins the pure packages: packets go through multipath to the
// ring, its ordered deliveries to groups, and what groups decide to the
// sessions. It is itself pure: the daemon drives it with sockets, the
// simulator without (house-style, "The core").
//
// One goroutine owns an Engine. After any call the driver takes Output and
// obeys it before the next call.
package engine

import (
	"net/netip"
	"time"

	"mpspread/groups"
	"mpspread/multipath"
	"mpspread/ring"
)

// Time is monotonic time since an origin of the driver's choice.
type Time = time.Duration

// Config is what an Engine is made with.
type Config struct {
	// Multipath names daemons, networks and keys; the ring's daemons are its
	// daemons.
	Multipath multipath.Config
	// Ring: Self, Daemons, FailureDetection and PayloadSize are filled in from
	// Multipath; the rest is the caller's.
	Ring ring.Config
	// MaxSessions bounds the sessions of this daemon; default 10000.
	MaxSessions int
}

// Command is a monitor command that came as sealed datagrams; answer it with
// Engine.Answer.
type Command struct {
	ID      [16]byte // of the command: copies of it are answered from the receipt
	Network string
	From    netip.AddrPort
	Body    []byte
}

// Output is what the driver has to do, in this order: send the datagrams, then
// hand the events to their sessions. It is valid until the next call.
type Output struct {
	Datagrams []multipath.Datagram
	Events    []groups.Event
	Commands  []Command
	// Conf holds configurations delivered, for logs and watchers.
	Conf []*ring.Configuration
	// Room tells that lanes which were full may have room again.
	Room bool
}
