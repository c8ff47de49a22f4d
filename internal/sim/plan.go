package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"mpspread/ring"
)

// Mode is what a simulated daemon consists of.
type Mode string

// The modes.
const (
	// RingMode: a ring alone, over simulated networks; who hears whom is
	// worked out by the simulator. Fast, for the protocol.
	RingMode Mode = "ring"
	// EngineMode: a whole engine, with real datagrams, clients and groups.
	EngineMode Mode = "engine"
)

// Transport is how a network carries packets for all daemons on it.
type Transport string

// The transports.
const (
	Broadcast Transport = "broadcast" // one datagram for all
	Unicast   Transport = "unicast"   // one for each
)

// Plan is one run, as data: who takes part, what is sent, what goes wrong and
// when. A plan reproduces its run at any later version of the simulator that
// reads its version; a seed only at one.
type Plan struct {
	Version int `json:"version"`
	// Note says what the plan is for; Drawn how it was made from its seed.
	Note     string `json:"note,omitempty"`
	Drawn    Style  `json:"drawn,omitempty"`
	Seed     uint64 `json:"seed"` // of the random draws of links and daemons
	Mode     Mode   `json:"mode"`
	Daemons  int    `json:"daemons"`  // 1 to 128
	Networks int    `json:"networks"` // 1 to 8
	// Order holds the daemon ids in file order.
	Order []ring.DaemonID `json:"order"`

	FailureDetection time.Duration `json:"failure_detection"`
	// Hops is the delay of a packet, for each network; Jitter is added to it,
	// 0 to Jitter at random, without overtaking.
	Hops   []time.Duration `json:"hops"`
	Jitter time.Duration   `json:"jitter"`
	// Transports is how each network carries what is for all (engine mode).
	Transports []Transport `json:"transports"`
	// Absent, if not empty, lists for each daemon the networks on which it has
	// no address. Every pair of daemons shares a network.
	Absent [][]int `json:"absent,omitempty"`
	// Clocks is each daemon's clock rate, in thousandths of the true one.
	Clocks []int `json:"clocks"`

	PayloadSize  int      `json:"payload_size"` // of a ring packet, in bytes
	LaneQueue    int      `json:"lane_queue"`   // bytes; 0: the ring's default
	StartSeq     ring.Seq `json:"start_seq"`
	StartTSeq    uint64   `json:"start_tseq"`
	StartCounter uint64   `json:"start_counter"` // of packets
	Unfiltered   bool     `json:"unfiltered"`    // ring mode: every copy goes up
	Plaintext    bool     `json:"plaintext"`     // engine mode
	Failover     bool     `json:"failover"`      // engine mode

	// Clients in engine mode: bytes that may wait for one (0: 64 MiB), and
	// which sessions of a daemon, every so-many-th, have no name of their own
	// and want no memberships (0: none).
	ClientQueue int `json:"client_queue,omitempty"`
	Invent      int `json:"invent,omitempty"`
	Unwatched   int `json:"unwatched,omitempty"`

	Boots []time.Duration `json:"boots"` // when each daemon first starts

	Faults []Fault `json:"faults"`
	Load   []Load  `json:"load"`
	// RunFor is when all faults end, but those that are permanent.
	RunFor time.Duration `json:"run_for"`
	// Endless: faults do not end at RunFor, the run does; whether the cluster
	// comes together again is not judged.
	Endless bool `json:"endless,omitempty"`
	// Converge is LIV-1's bound after that, Drain the time for messages after.
	Converge time.Duration `json:"converge"`
	Drain    time.Duration `json:"drain"`
	// Core, if not empty, are the daemons that permanent faults leave alone:
	// they must settle although others do not (LIV-5).
	Core []int `json:"core,omitempty"`
	// Overload: more is offered for ever than some member takes. The ring must
	// not stand still (LIV-7, within Converge).
	Overload bool `json:"overload,omitempty"`
}

// Action is what a client does; empty: it multicasts.
type Action string

// The actions of clients in engine mode. A ring alone only knows multicasts.
const (
	Join    Action = "join"
	Quit    Action = "leave"   // of a group
	Close   Action = "close"   // of the session; the next action opens another
	Stall   Action = "stall"   // the client reads no more (R3)
	Trickle Action = "trickle" // it reads Pace items a second
	Read    Action = "read"    // it reads everything as it comes, as at first
)

// actions are all of them.
var actions = []Action{"", Join, Quit, Close, Stall, Trickle, Read}

// Target is a client by its private name.
type Target struct {
	Daemon int `json:"daemon"`
	Lane   int `json:"lane"`
}

const (
	maxGroup = 100_000 // highest number of a group
	maxLane  = 1000    // highest number of a client of one daemon
)

// Load is some requests handed in by one client: at once, or each Every after
// the one before it. A message goes to Group and the groups of More, to the
// clients of Private, and not to its sender with Discard; with Group -1 only to
// the others. Joins and leaves are of Count groups, from Group on.
type Load struct {
	Action  Action        `json:"action,omitempty"`
	Group   int           `json:"group,omitempty"`
	More    []int         `json:"more,omitempty"`
	Private []Target      `json:"private,omitempty"`
	Discard bool          `json:"discard,omitempty"`
	Pace    int           `json:"pace,omitempty"` // of a slow client: items a second
	At      time.Duration `json:"at"`
	Daemon  int           `json:"daemon"`
	Lane    int           `json:"lane"`
	Service ring.Service  `json:"service"`
	Size    int           `json:"size"` // of each, in bytes
	Count   int           `json:"count"`
	Every   time.Duration `json:"every,omitempty"`
}

// Fault is one fault, at a time or, with On, on a protocol event.
type Fault struct {
	Kind FaultKind     `json:"kind"`
	At   time.Duration `json:"at"`
	// On, if not empty, is a protocol event: the fault begins After the Nth time
	// (0 and 1: the first) that it happens from At on, at any daemon. Role, if
	// not empty, then says who is From (of Deaf: To).
	On        string        `json:"on,omitempty"`
	Nth       int           `json:"nth,omitempty"`
	Role      Role          `json:"role,omitempty"`
	After     time.Duration `json:"after,omitempty"`
	For       time.Duration `json:"for"`
	Permanent bool          `json:"permanent,omitempty"` // goes on after RunFor
	Network   int           `json:"network"`
	From      int           `json:"from"`
	To        int           `json:"to"`
	Rate      int           `json:"rate,omitempty"`
	Count     int           `json:"count,omitempty"`
	Delay     time.Duration `json:"delay,omitempty"`
	Groups    []int         `json:"groups,omitempty"`
}

// String tells what the fault does.
func (f *Fault) String() string {
	s := fmt.Sprintf("%s from %s to %s on %s for %v", f.Kind, orAll("d%d", f.From), orAll("d%d", f.To), orAll("network %d", f.Network), f.For)
	if f.Rate > 0 {
		s += fmt.Sprintf(" rate %d/1000", f.Rate)
	}
	if f.Count > 0 {
		s += fmt.Sprintf(" count %d", f.Count)
	}
	if f.Delay > 0 {
		s += fmt.Sprintf(" delay %v", f.Delay)
	}
	if f.On != "" {
		s += fmt.Sprintf(" on %s %d, %v after it", f.On, max(f.Nth, 1), f.After)
	}
	if f.Role != "" {
		s += fmt.Sprintf(" at its %s", f.Role)
	}
	if f.Groups != nil {
		s += fmt.Sprintf(" groups %v", f.Groups)
	}
	return s
}

// orAll is a number in words, where -1 stands for all.
func orAll(format string, n int) string {
	if n < 0 {
		return "all"
	}
	return fmt.Sprintf(format, n)
}

// Name tells a plan from others, in the words of the command's flags.
func (p *Plan) Name() string {
	if p.Drawn == "" {
		return fmt.Sprintf("seed %d layer %s", p.Seed, p.Mode)
	}
	return fmt.Sprintf("seed %d mode %s layer %s", p.Seed, p.Drawn, p.Mode)
}

// planVersion is the version of plans this simulator writes and reads.
const planVersion = 2

// WritePlan writes a plan as JSON.
func WritePlan(w io.Writer, p *Plan) error {
	b, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return fmt.Errorf("sim: plan: %w", err)
	}
	if _, err = w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("sim: write plan: %w", err)
	}
	return nil
}

// ReadPlan reads what WritePlan wrote and checks it.
func ReadPlan(b []byte) (*Plan, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	p := &Plan{}
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("sim: plan: %w", err)
	}
	if d.More() {
		return nil, fmt.Errorf("sim: plan: something follows it")
	}
	return p, p.check()
}
