package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
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
	// Clocks is each daemon's clock rate, in thousandths of the true one.
	Clocks []int `json:"clocks"`

	PayloadSize  int             `json:"payload_size"` // of a ring packet, in bytes
	LaneQueue    int             `json:"lane_queue"`   // bytes; 0: the ring's default
	StartSeq     ring.Seq        `json:"start_seq"`
	StartTSeq    uint64          `json:"start_tseq"`
	StartCounter uint64          `json:"start_counter"` // of packets
	Unfiltered   bool            `json:"unfiltered"`    // ring mode: every copy goes up
	Plaintext    bool            `json:"plaintext"`     // engine mode
	Failover     bool            `json:"failover"`      // engine mode
	Unicast      bool            `json:"unicast"`       // engine mode
	Boots        []time.Duration `json:"boots"`         // when each daemon first starts

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
}

// Action is what a client does; empty: it multicasts.
type Action string

// The actions of clients in engine mode. A ring alone only knows multicasts.
const (
	Join  Action = "join"
	Quit  Action = "leave" // of a group
	Close Action = "close" // of the session; the next action opens another
)

// Load is some requests handed in at once by one client.
type Load struct {
	Action  Action        `json:"action,omitempty"`
	Group   int           `json:"group,omitempty"`
	At      time.Duration `json:"at"`
	Daemon  int           `json:"daemon"`
	Lane    int           `json:"lane"`
	Service ring.Service  `json:"service"`
	Size    int           `json:"size"` // of each, in bytes
	Count   int           `json:"count"`
}

// FaultKind names a fault (correctness reference, section 4).
type FaultKind string

// The faults. From and To are daemons by position, -1: all; Network -1: all.
const (
	Loss      FaultKind = "loss"      // N1: Rate thousandths of packets
	Burst     FaultKind = "burst"     // N2: with Rate thousandths, the next 1 to Count packets
	Duplicate FaultKind = "duplicate" // N3: Rate thousandths come 1 to Count times more, up to Delay later
	Reorder   FaultKind = "reorder"   // N4: Rate thousandths are overtaken, late by up to Delay
	Late      FaultKind = "late"      // N6: Delay more on a network
	Cut       FaultKind = "cut"       // N8, N10: nothing from From to To
	Crossed   FaultKind = "crossed"   // N9: From to To only on network 0, back only on network 1
	Mute      FaultKind = "mute"      // N11: From sends nothing
	Deaf      FaultKind = "deaf"      // N11: To receives nothing
	Flap      FaultKind = "flap"      // N12: cut and whole in turn, each for Delay
	Partition FaultKind = "partition" // N17: Groups, one label a daemon
	Crash     FaultKind = "crash"     // P1, P2: From dies after Count more packets; restarts after For
	Leave     FaultKind = "leave"     // From leaves politely; restarts after For
	Pause     FaultKind = "pause"     // P3: From stands still; Count packets of its queue survive
	Down      FaultKind = "down"      // R1: From's interface on Network is down, and it knows
	Shrink    FaultKind = "shrink"    // N14: From's interface on Network takes payloads of Count bytes at most
	Corrupt   FaultKind = "corrupt"   // N16: Rate thousandths arrive with other bytes (engine mode)
)

var faultKinds = []FaultKind{Loss, Burst, Duplicate, Reorder, Late, Cut, Crossed, Mute, Deaf, Flap, Partition, Crash, Leave, Pause, Down, Shrink, Corrupt}

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
	s := fmt.Sprintf("%s from %d to %d on network %d for %v", f.Kind, f.From, f.To, f.Network, f.For)
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

// Name tells a plan from others, in the words of the command's flags.
func (p *Plan) Name() string {
	if p.Drawn == "" {
		return fmt.Sprintf("seed %d layer %s", p.Seed, p.Mode)
	}
	return fmt.Sprintf("seed %d mode %s layer %s", p.Seed, p.Drawn, p.Mode)
}

const planVersion = 1

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

// maxTime bounds every time of a plan.
const maxTime = 1000 * time.Hour

// check refuses what the world cannot run.
func (p *Plan) check() error {
	n := p.Daemons
	switch {
	case p.Version != planVersion:
		return fmt.Errorf("sim: plan: version %d is not %d", p.Version, planVersion)
	case p.Mode != RingMode && p.Mode != EngineMode:
		return fmt.Errorf("sim: plan: unknown mode %q", p.Mode)
	case n < 1 || n > 128 || p.Networks < 1 || p.Networks > 8:
		return fmt.Errorf("sim: plan: %d daemons on %d networks", n, p.Networks)
	case len(p.Order) != n || len(p.Clocks) != n || len(p.Boots) != n || len(p.Hops) != p.Networks:
		return fmt.Errorf("sim: plan: order, clocks and boots need one entry a daemon, hops one a network")
	case p.FailureDetection < 20*time.Millisecond || p.FailureDetection > time.Minute:
		return fmt.Errorf("sim: plan: failure_detection %v", p.FailureDetection)
	case p.PayloadSize < 400 || p.PayloadSize > 65000:
		return fmt.Errorf("sim: plan: payload_size %d", p.PayloadSize)
	case p.StartSeq > 1<<62 || p.StartTSeq > 1<<62 || p.StartCounter > 1<<62:
		return fmt.Errorf("sim: plan: a counter starts too high")
	}
	seen := make(map[ring.DaemonID]bool)
	for _, id := range p.Order {
		if id == 0 || seen[id] {
			return fmt.Errorf("sim: plan: daemon id %d is zero or used twice", id)
		}
		seen[id] = true
	}
	for _, c := range p.Clocks {
		if c < 100 || c > 10000 {
			return fmt.Errorf("sim: plan: clock rate %d", c)
		}
	}
	for _, t := range append([]time.Duration{p.Jitter, p.RunFor, p.Converge, p.Drain}, append(p.Hops, p.Boots...)...) {
		if t < 0 || t > maxTime {
			return fmt.Errorf("sim: plan: time %v", t)
		}
	}
	for i := range p.Faults {
		if err := p.checkFault(&p.Faults[i]); err != nil {
			return fmt.Errorf("sim: plan: fault %d: %w", i, err)
		}
	}
	for i := range p.Load {
		l := &p.Load[i]
		if l.At < 0 || l.At > maxTime || l.Daemon < 0 || l.Daemon >= n || l.Lane < 0 || l.Lane > 1000 ||
			l.Service > ring.Safe || l.Group < 0 || l.Group > 1000 || l.Action != "" && l.Action != Join && l.Action != Quit && l.Action != Close || l.Size < 0 || l.Size > 16<<20 || l.Count < 1 || l.Count > 1e6 {
			return fmt.Errorf("sim: plan: load %d out of range", i)
		}
	}
	for _, d := range p.Core {
		if d < 0 || d >= n {
			return fmt.Errorf("sim: plan: core names daemon %d", d)
		}
	}
	return nil
}

func (p *Plan) checkFault(f *Fault) error {
	known := false
	for _, k := range faultKinds {
		known = known || k == f.Kind
	}
	node := f.Kind == Crash || f.Kind == Leave || f.Kind == Pause || f.Kind == Mute
	switch {
	case !known:
		return fmt.Errorf("unknown kind %q", f.Kind)
	case f.At < 0 || f.At > maxTime || f.For < 0 || f.For > maxTime || f.Delay < 0 || f.Delay > time.Hour:
		return fmt.Errorf("time out of range")
	case f.On != "" && !slices.Contains(protocolEvents, f.On) || f.After < 0 || f.After > maxTime || f.Nth < 0 || f.Nth > 1e6:
		return fmt.Errorf("no such event")
	case f.Role != "" && (!slices.Contains(roles, f.Role) || f.On == "" || f.Kind == Partition):
		return fmt.Errorf("no such role")
	case f.Network < -1 || f.Network >= p.Networks || f.From < -1 || f.From >= p.Daemons || f.To < -1 || f.To >= p.Daemons:
		return fmt.Errorf("network or daemon out of range")
	case (f.Kind == Down || f.Kind == Shrink) && (f.From < 0 || f.Network < 0):
		return fmt.Errorf("%s needs to know which interface", f.Kind)
	case node && f.From < 0, f.Kind == Deaf && f.To < 0, f.Kind == Crossed && (p.Networks < 2 || f.From < 0 || f.To < 0):
		return fmt.Errorf("%s needs to know whom", f.Kind)
	case f.Kind == Flap && f.Delay < time.Millisecond:
		return fmt.Errorf("flap needs a delay")
	case f.Rate < 0 || f.Rate > 1000 || f.Count < 0 || f.Count > 1e6:
		return fmt.Errorf("rate or count out of range")
	case f.Kind == Partition && len(f.Groups) != p.Daemons:
		return fmt.Errorf("partition needs a group for each daemon")
	}
	return nil
}
