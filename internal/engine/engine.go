// Package engine joins the pure packages: packets go through multipath to the
// ring, its ordered deliveries to groups, and what groups decide to the
// sessions. It is itself pure: the daemon drives it with sockets, the
// simulator without (house-style, "The core").
//
// One goroutine owns an Engine. After any call the driver takes Output and
// obeys it before the next call.
package engine

import (
	"math"
	"net/netip"
	"time"

	"mpspread/groups"
	"mpspread/multipath"
	"mpspread/ring"
)

// Time is monotonic time since an origin of the driver's choice.
type Time = time.Duration

// NoDeadline is the Deadline of an Engine that waits for nothing but input.
const NoDeadline = Time(math.MaxInt64)

// DefaultMaxSessions is Config.MaxSessions when it is zero.
const DefaultMaxSessions = 10000

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
	// Agreed, if not nil, is told when the state of the groups is agreed on,
	// before Output has the events that follow from it. For traces, like
	// Multipath.Trace and Ring.Trace.
	Agreed func(now Time, a groups.Agreement)
}

// Command is a monitor command that came as sealed datagrams; answer it with
// Engine.Answer.
type Command struct {
	ID      [16]byte // of the command: copies of it are answered from the receipt
	Network string
	From    netip.AddrPort
	// Unsealed tells that anybody may have sent it: in plaintext mode only
	// reads are to be obeyed, unless the operator allows more.
	Unsealed bool
	Body     []byte
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

// Engine is one daemon without its sockets. Only one goroutine may use it.
type Engine struct {
	multipath *multipath.Multipath
	ring      *ring.Ring
	groups    *groups.Groups

	maxSessions int
	agreed      func(Time, groups.Agreement)
	networks    []string
	stopped     bool

	out   Output
	taken bool // out was handed over; the next call begins a new one

	// What was last told from one layer to the other, so that only changes are.
	hearingGeneration uint64
	hearings          []ring.Hearing
	payloadSize       int
	beacon            []byte
	fastHello         bool

	backlog  backlog
	wasReady bool // of groups, when submissions were last tried
}

// New makes the Engine of one life of a daemon. It fails on a configuration
// that multipath refuses, or whose Self is not one of its daemons.
func New(cfg Config) (*Engine, error) {
	names := make([]groups.Daemon, len(cfg.Multipath.Daemons))
	ids := make([]ring.DaemonID, len(names))
	self := ""
	for i, d := range cfg.Multipath.Daemons {
		ids[i] = ring.DaemonID(d.ID)
		names[i] = groups.Daemon{ID: ids[i], Name: d.Name}
		if d.ID == cfg.Multipath.Self {
			self = d.Name
		}
	}
	if self == "" {
		return nil, ErrUnknownSelf
	}
	m, err := multipath.New(cfg.Multipath)
	if err != nil {
		return nil, err
	}
	process := ring.Process{
		Daemon:      ring.DaemonID(cfg.Multipath.Self),
		Incarnation: ring.Incarnation(cfg.Multipath.Incarnation.Short()),
	}
	e := &Engine{multipath: m, maxSessions: cfg.MaxSessions, agreed: cfg.Agreed, payloadSize: m.PayloadSize()}
	if e.maxSessions == 0 {
		e.maxSessions = DefaultMaxSessions
	}
	for _, n := range cfg.Multipath.Networks {
		e.networks = append(e.networks, n.Name)
	}
	rc := cfg.Ring
	rc.Self, rc.Daemons = process, ids
	rc.FailureDetection = cfg.Multipath.FailureDetection
	rc.PayloadSize = e.payloadSize
	e.ring = ring.New(rc)
	e.groups = groups.New(process, self, names)
	e.backlog.init()
	e.settle(0)
	return e, nil
}

// Deadline is when Advance is next needed, or NoDeadline.
func (e *Engine) Deadline() Time {
	deadline := NoDeadline
	if d := e.multipath.Deadline(); d != multipath.NoDeadline {
		deadline = min(deadline, d)
	}
	if d := e.ring.Deadline(); d != ring.NoDeadline {
		deadline = min(deadline, d)
	}
	return deadline
}

// Output is what the driver has to do since the last Output. It and all it
// points to, but for Events and Conf, which may be kept, are valid until the
// next call of any other method.
func (e *Engine) Output() *Output {
	if e.taken {
		e.clearOutput()
	}
	e.out.Datagrams = e.multipath.Datagrams()
	e.taken = true
	return &e.out
}

// begin opens the way for new output once the last has been taken.
func (e *Engine) begin() {
	if e.taken {
		e.clearOutput()
	}
}

func (e *Engine) clearOutput() {
	clear(e.out.Events)
	clear(e.out.Commands)
	clear(e.out.Conf)
	e.out = Output{Events: e.out.Events[:0], Commands: e.out.Commands[:0], Conf: e.out.Conf[:0]}
	e.taken = false
}
