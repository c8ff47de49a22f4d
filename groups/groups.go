package groups

import "mpspread/ring"

// OwnLane is the ring lane of what a daemon submits on its own account: the
// state exchange.
const OwnLane ring.Lane = 0

// LaneOf is the ring lane of a session: joins, messages and the disconnect
// share it, so that a disconnect is ordered behind all that came before it.
func LaneOf(id SessionID) ring.Lane { return ring.Lane(id) + 1 }

// Groups is the group layer of one life of a daemon. Only one goroutine may
// use it.
type Groups struct {
	self    ring.Process
	name    string // of the own daemon
	daemons []Daemon
	order   map[ring.DaemonID]int // position in the configuration file

	sessions sessions
	table    table

	// conf is the regular configuration in force; nil before the first.
	conf *ring.Configuration
	// agreed: all that was delivered in conf is applied as it comes. Until the
	// state exchange of conf is complete it is held instead.
	agreed bool
	// transitional: the transitional configuration that ends conf has been
	// applied.
	transitional bool
	// present holds the processes whose sessions can become members now.
	present map[ring.Process]bool
	held    []held
	// heldBytes is how much data has been held in conf.
	heldBytes int
	chain     chain
	ex        exchange

	// stamp of the group ids given out now.
	stamp stamp

	events      []Event
	drained     int // events that were drained and still lie behind events
	submissions []Submission
	agreements  []Agreement
	counters    Counters
}

// held is a delivery that waits for a state exchange: a transitional
// configuration, or a message with a payload of its own.
type held struct {
	conf     *ring.Configuration
	delivery ring.Delivery
}

// Counters are totals since start; a value never shrinks.
type Counters struct {
	Messages      uint64 // data messages applied
	Unaddressed   uint64 // of them, those with no receiver here
	Joins, Leaves uint64 // applied
	Disconnects   uint64
	Rejected      uint64 // joins beyond MaxLocalMembers, of local sessions
	Exchanges     uint64 // state exchanges completed, those without transfer included
	Interrupted   uint64 // state exchanges ended by the next configuration
	Dropped       uint64 // messages beyond what is held during an exchange
	Malformed     uint64 // payloads refused by a parser
	Stale         uint64 // exchange payloads of another configuration or step
	Unexpected    uint64 // exchange payloads out of place
}

// Status is a snapshot for operators.
type Status struct {
	State    string // starting, operational, transitional or exchange
	Sessions int    // of this daemon, those that are closing included
	Groups   int
	Members  int // sessions in the whole membership that are in some group
	Held     int // deliveries that wait for the state exchange
	Counters Counters
}

// Info describes a group.
type Info struct {
	Name    string
	ID      GroupID
	Members []string // private group names in member order
}

// New makes the group layer of one life of a daemon. daemons is every
// configured daemon in file order; self is one of them and has this name.
func New(self ring.Process, name string, daemons []Daemon) *Groups {
	g := &Groups{
		self:    self,
		name:    name,
		daemons: append([]Daemon(nil), daemons...),
		order:   make(map[ring.DaemonID]int, len(daemons)),
		present: make(map[ring.Process]bool),
	}
	for i, d := range g.daemons {
		g.order[d.ID] = i
	}
	g.sessions.init()
	g.table.init()
	return g
}

// Deliver takes the next step of the ring's ordered list. The payload of d is
// not kept.
func (g *Groups) Deliver(d ring.Delivery) {
	switch {
	case d.Conf != nil && d.Conf.Kind == ring.Transitional:
		g.transition(d.Conf)
	case d.Conf != nil:
		g.enterConfiguration(d.Conf)
	case isExchange(d.Payload):
		g.receiveExchange(d.Sender, d.Payload)
	case g.agreed:
		g.apply(&d)
	default:
		g.hold(d)
	}
}

// maxHeldBytes bounds the data messages that are held for one configuration.
// Daemons that hold clients back while an exchange goes on stay far below it;
// it keeps one that does not from exhausting all others.
const maxHeldBytes = 512 << 20

// hold keeps a message until the state of the configuration is agreed (GRP-9).
// Beyond the bound data is dropped, by all that deliver the same alike; joins,
// leaves and disconnects never are.
func (g *Groups) hold(d ring.Delivery) {
	if len(d.Payload) > 0 && kind(d.Payload[0]) == kindData {
		if g.heldBytes+len(d.Payload) > maxHeldBytes {
			g.counters.Dropped++
			return
		}
		g.heldBytes += len(d.Payload)
	}
	d.Payload = append([]byte(nil), d.Payload...)
	g.held = append(g.held, held{delivery: d})
}

// Events drains what the local sessions are to receive, in order. The slice is
// valid until the next call of any method; what the events point to may be
// kept.
func (g *Groups) Events() []Event {
	events := g.events
	g.drained = max(g.drained, len(events))
	g.events = events[:0]
	return events
}

// Submissions drains what this daemon has to put in order on its own account.
// It must reach the ring, in order; only a new configuration makes it
// worthless.
func (g *Groups) Submissions() []Submission {
	submissions := g.submissions
	g.submissions = nil
	return submissions
}

// Agreements drains what has been agreed on, in order. The slice is valid until
// the next call of Deliver.
func (g *Groups) Agreements() []Agreement {
	agreements := g.agreements
	g.agreements = g.agreements[:0]
	return agreements
}

// Ready tells that what is submitted now will be applied as soon as it is
// delivered. While it is false clients' submissions should be held back: they
// would have to be kept by every daemon until the state exchange is complete.
func (g *Groups) Ready() bool { return g.agreed }

// Status is a snapshot for operators.
func (g *Groups) Status() Status {
	s := Status{
		State:    "operational",
		Sessions: g.Sessions(),
		Groups:   len(g.table.groups),
		Members:  len(g.table.members),
		Held:     len(g.held),
		Counters: g.counters,
	}
	for i := range g.chain.segments {
		s.Held += len(g.chain.segments[i])
	}
	switch {
	case g.conf == nil:
		s.State = "starting"
	case !g.agreed:
		s.State = "exchange"
	case g.transitional:
		s.State = "transitional"
	}
	return s
}

// List describes all groups, by name.
func (g *Groups) List() []Info {
	list := make([]Info, 0, len(g.table.groups))
	for _, gr := range g.table.sorted() {
		list = append(list, Info{Name: gr.name, ID: gr.id, Members: privateNames(gr.members)})
	}
	return list
}

// emit adds an event; what was drained before is first let go.
func (g *Groups) emit(e Event) {
	if g.drained > 0 {
		clear(g.events[:g.drained])
		g.drained = 0
	}
	g.events = append(g.events, e)
}
