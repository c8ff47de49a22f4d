// Package bench measures how fast a cluster of Spread daemons is. It drives
// senders and receivers on several daemons from one process, so that all times
// are of one clock, and checks everything every receiver gets: a run in which
// a message was lost, came twice, out of order or damaged, or in another order
// than at another receiver, has no result.
//
// A load is closed, then each sender keeps as many messages under way as its
// window holds and the throughput is measured, or open, then messages are sent
// at fixed times whatever becomes of those before, and latency counts from the
// time a message was to be sent, not from when it could be.
//
// Run may be called once at a time in a process.
package bench

import (
	"io"
	"time"

	"mpspread/client"
	"mpspread/client/frame"
	"mpspread/internal/cluster"
	"mpspread/internal/traffic"
)

// Options say what to measure.
type Options struct {
	// Connect are addresses of clients' sockets, one for each daemon. If there
	// are none a cluster is brought along.
	Connect []string
	// Cluster is the one to bring along.
	Cluster cluster.Options
	// Size is that of each message, in bytes, MinSize to MaxSize.
	Size int
	// Service is what the messages are sent with.
	Service client.Service
	// Senders and Receivers are how many sessions send, and are in the group.
	// Session i is at daemon i modulo their number; a session may be both. 0:
	// one a daemon.
	Senders, Receivers int
	// Rate is how many messages a second are sent at fixed times, by all
	// senders together (open loop); 0: as many as go through (closed loop).
	Rate float64
	// Window is how many messages each sender has under way in a closed loop:
	// sent, and not yet received by everybody; 0: windowBytes worth of them.
	Window int
	// Warmup comes before what is measured, Duration is how long is measured.
	Warmup, Duration time.Duration
	// Cut, if not empty, is a network that is cut halfway through the
	// measurement. It needs a cluster brought along.
	Cut string

	Out      io.Writer // gets the progress
	Terminal bool
}

const (
	// MinSize and MaxSize bound the size of a message, in bytes: what is
	// needed to check it, and what Spread's protocol carries to one group.
	MinSize = traffic.MinSize
	MaxSize = frame.MaxBody - frame.NameSize
	// MaxSessions bounds senders and receivers.
	MaxSessions = 1000
	// MaxWindow bounds the messages a sender has under way.
	MaxWindow = 1 << 20
	// MaxRate bounds the messages a second of an open loop.
	MaxRate = 100_000_000
	// MTU is that of networks brought along, an Ethernet's.
	MTU = 1500

	// windowBytes is what all senders together have under way: enough to keep
	// any ring busy, and less than a daemon queues for a client that reads
	// slowly. One sender has at most windowMost messages of it.
	windowBytes = 4 << 20
	windowMost  = 2048
	windowLeast = 4
)

// fill puts in what was left open, once the number of daemons is known.
func (o *Options) fill(daemons int) {
	if o.Senders == 0 {
		o.Senders = daemons
	}
	if o.Receivers == 0 {
		o.Receivers = daemons
	}
	if o.Window == 0 {
		o.Window = min(max(windowBytes/o.Senders/frame.MessageSize(1, o.Size), windowLeast), windowMost)
	}
}
