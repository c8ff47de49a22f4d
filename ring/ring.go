package ring

import "fmt"

// Ring is one daemon's part in the ring. It belongs to one goroutine.
type Ring struct {
	cfg   Config
	t     timing
	self  int              // own position in the configuration
	index map[DaemonID]int // position of each daemon in the configuration

	state State
	epoch uint64         // highest known
	conf  *Configuration // in force
	cur   *instance      // the regular configuration last installed
	left  bool

	peers []peer
	joins []*join // the latest of each daemon
	spent []spent
	graph graph
	merging
	coalition coalition
	hop       hop
	progress  progress
	admitting set // whom the ring was left for
	proving   set // who could be in a ring with me but for the troubles of its link
	gathering
	formation *formation
	next      *instance // the ring being recovered into
	recovery  *recovery

	obligations   set // positions in cur (protocol rule 8)
	isolated      bool
	isolatedUntil Time
	recheckAt     Time // hearing is judged anew then

	lanes      lanes
	filling    filling
	originated uint64 // messages
	largeBegun int    // bytes of large messages begun since the last visit
	largeDone  int    // bytes of own large messages delivered since then
	resent     int    // bytes sent again in this visit
	resentMost int    // what the largest of those packets takes: it may be older than the size in force
	payload    int
	budget     int

	token       token     // the one in hand
	requests    []request // memory for the next list
	beacon      beacon
	beaconBytes []byte

	sends      []Send
	deliveries []Delivery
	arena      []byte // bytes of control packets in sends
	n          Counters
}

// New makes a ring of one: its first configuration is this process alone
// (CFG-2), installed at the first call. It panics if cfg is not valid, which
// is the caller's mistake: Self among Daemons, which are 1 to 128 and differ.
func New(cfg Config) *Ring {
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = 16<<20 + 64<<10
	}
	if cfg.ReassemblyBudget == 0 {
		cfg.ReassemblyBudget = 64 << 20
	}
	cfg.ReassemblyBudget = max(cfg.ReassemblyBudget, cfg.MaxMessage)
	if cfg.LaneQueue == 0 {
		cfg.LaneQueue = 1 << 20
	}
	if cfg.ReceiveBudget == 0 {
		cfg.ReceiveBudget = defaultBudget
	}
	r := &Ring{
		cfg: cfg, t: newTiming(cfg.FailureDetection), self: -1,
		index: make(map[DaemonID]int), epoch: cfg.Epoch,
		peers: make([]peer, len(cfg.Daemons)), joins: make([]*join, len(cfg.Daemons)), spent: make([]spent, len(cfg.Daemons)),
		lanes: newLanes(cfg.LaneQueue), budget: clampBudget(cfg.ReceiveBudget), recheckAt: NoDeadline,
	}
	for i, d := range cfg.Daemons {
		if _, twice := r.index[d]; twice || d == 0 {
			panic(fmt.Sprintf("ring: daemon %08x is configured twice, or zero", uint32(d)))
		}
		r.index[d] = i
		if d == cfg.Self.Daemon {
			r.self = i
		}
	}
	if r.self < 0 || len(cfg.Daemons) > maxDaemons || cfg.FailureDetection <= 0 {
		panic(fmt.Sprintf("ring: self %08x, %d daemons, failure detection %v", uint32(cfg.Self.Daemon), len(cfg.Daemons), cfg.FailureDetection))
	}
	r.payload = max(cfg.PayloadSize, minPayload)
	return r
}

// minPayload is the least packet payload a ring works with: the token's fixed
// part, some requests, and a data packet worth its header.
const minPayload = 400

// begin starts the ring at the first call and prepares every other one. False
// after Leave: nothing is done any more.
func (r *Ring) begin(now Time) bool {
	if r.cur == nil {
		id := RingID{Epoch: r.epoch, Representative: r.cfg.Self}
		in := newInstance(id, []member{{index: r.self, process: r.cfg.Self}}, 0, &r.cfg)
		r.begins(now, in, RingID{})
	}
	if len(r.sends) == 0 && len(r.deliveries) == 0 {
		r.cur.store.recycle()
		r.arena = r.arena[:0]
	}
	return !r.left
}

// Receive takes a packet of a proven life, authenticated, one copy of each.
// Whatever is in it, it cannot end the process (RNG-6, SEC-20): refused input
// is counted. payload may be used again when Receive has returned.
func (r *Ring) Receive(now Time, from Process, kind Kind, payload []byte) {
	if !r.begin(now) {
		return
	}
	if i, known := r.index[from.Daemon]; !known || i == r.self {
		r.n.Malformed++
		return
	}
	switch kind {
	case KindToken:
		r.receiveToken(now, from, payload)
	case KindData:
		r.receiveData(now, from, payload)
	case KindRecovered:
		r.receiveRecovered(now, from, payload)
	case KindHurry:
		r.receiveHurry(now, payload)
	case KindJoin:
		r.receiveJoin(now, from, payload)
	case KindCommit:
		r.receiveCommit(now, from, payload)
	default:
		r.n.Malformed++
	}
}

// Submit queues a message of this daemon to be put in order; the ring owns
// payload from then on. With ErrWindowFull, ErrMessageTooLong or ErrLeft
// nothing has been taken.
func (r *Ring) Submit(now Time, id Lane, service Service, payload []byte) error {
	switch {
	case !r.begin(now):
		return ErrLeft
	case len(payload) > r.cfg.MaxMessage:
		return ErrMessageTooLong
	}
	if err := r.lanes.submit(id, service, payload); err != nil {
		return err
	}
	r.wantToken(now)
	return nil
}

// Room tells whether a lane takes more.
func (r *Ring) Room(id Lane) bool { return r.lanes.room(id) }

// Freed tells, once, that a lane which had refused a submission has room again.
func (r *Ring) Freed() bool {
	freed := r.lanes.freed
	r.lanes.freed = false
	return freed
}

// SetPayloadSize tells the largest packet all usable networks carry. The ring
// uses the smallest of all its members.
func (r *Ring) SetPayloadSize(_ Time, n int) { r.payload = max(n, minPayload) }

// SetReceiveBudget tells the free receive buffer per network, in bytes of the
// kernel's true size.
func (r *Ring) SetReceiveBudget(_ Time, n int) { r.budget = clampBudget(n) }

// turning is the ring whose token goes round: the installed one, or the one
// being recovered into; nil while there is none.
func (r *Ring) turning() *instance {
	switch r.state {
	case Operational:
		return r.cur
	case Recovery:
		return r.next
	}
	return nil
}

// forming is the ring a formation is about; nil if there is none.
func (r *Ring) forming() *instance {
	if r.formation == nil {
		return nil
	}
	return r.formation.ring
}

// frozen tells that this member has said what it has of its old ring.
func (r *Ring) frozen() bool { return r.state == Commit || r.state == Recovery }

func (r *Ring) enter(now Time, s State) {
	r.state = s
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: TraceState, State: s})
	}
}
