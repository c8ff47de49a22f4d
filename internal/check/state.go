package check

import (
	"time"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// process is what is known of one process.
type process struct {
	id    ring.Process
	alive bool

	conf    *ring.Configuration // in force
	in      trace.ConfID
	regular *ringState // the ring of reg(conf)
	part    *part      // in that ring
	next    *ring.Configuration
	came    ring.RingID // regular configuration before the present one
	counter uint64      // last message originated
	order   ring.RingID // ring of the last delivery (TOT-2)

	node    int32             // last node in the graph of CFG-8
	clients map[uint64]uint64 // last delivered count of each client (FIFO-2)
	lanes   map[uint64][]submission
	loose   map[submission]int // submissions whose client is not known

	sessions  map[string]*session   // by private name, until p has delivered their disconnect
	local     map[string][]*session // of them, by group, as p has delivered it
	forgotten []*session            // disconnected before their clients knew
	unclaimed map[string][]entry    // messages to private names that nobody has
	stalled   int                   // sessions that do not read

	lives   []*life // what it has accepted of others' lives
	reports reports
	sends   *sends

	stated            bool // state is known
	state             ring.State
	paused, hasPaused bool
	moved             time.Duration // last delivery or configuration (LIV-7)
	primary           *primary      // the last one it was in
	inPrimary         bool

	accepted, delivered [2]uint64     // own messages: ordinary, safe (LIV-3, LIV-4)
	installs            int           // regular configurations of the quiet phase
	gathered            time.Duration // when it last entered Gather
}

// submission is an accepted message on its way into the order.
type submission struct {
	count   uint64
	service ring.Service
	length  int
	digest  uint64
}

// place is a message's place in the total order of its ring: several messages
// packed into one packet share its sequence number and are ordered by their
// sender's count.
type place struct {
	seq   ring.Seq
	count uint64
}

func (p place) before(q place) bool {
	return p.seq < q.seq || p.seq == q.seq && p.count < q.count
}

// message is one originated message.
type message struct {
	place
	sender   *part
	service  ring.Service
	length   int
	digest   uint64
	client   uint64
	number   uint64 // the client's count
	knows    place  // the last place its sender had delivered (CAU-1)
	previous place  // the sender's message before it, service >= fifo (FIFO-1)

	deliveredBy bits
	must        bits // safe: processes that are bound to deliver it (SAFE-1)
	node        int32
	act         groups.Act
	op          *operation // of a session that is known
}

// ringState is one regular configuration and its total order.
type ringState struct {
	id      ring.RingID
	conf    *ring.Configuration // nil until somebody installs it
	members bits
	parts   []*part
	index   map[ring.Process]*part
	order   []message // by place
	pairs   map[ring.RingID]*pair
	holder  *part // holds the token
	held    uint64
	packets
	released bool // all have left it
}

// part is one process in one ring.
type part struct {
	process *process
	ring    *ringState
	place   int // its bit

	installed bool
	left      bool // has installed the regular configuration after it, nextRing
	nextRing  ring.RingID
	inTrans   bool
	before    ring.RingID // its regular configuration before this one
	trans     bits        // transitional set, as bits of this ring
	transAt   place       // of the last delivery before the transitional configuration

	announced, told bits  // whose parts of the state exchange it has delivered
	agreed          *part // where it has agreed on the state of the groups; nil: nowhere yet (exchange.go)
	scope           bits  // then, who shares what it applies
	origins         []int // and by which way they have come, by place

	aru    ring.Seq // holds everything up to here
	beyond map[ring.Seq]bool

	stable      ring.Seq
	lastTSeq    uint64
	sentTSeq    uint64
	accepted    bool
	predecessor ring.Process

	next       int   // all of order below it has been delivered or passed
	last       place // of the last delivery
	passed     bool  // a hole has been passed, at hole
	hole       place
	causalHole place // first hole of a message >= causal; zero: none
	sent       place // last own message >= fifo

	originated, own uint64 // messages originated; own messages delivered
	owed            int    // safe messages it must deliver before it leaves
	obligation      bits   // reported by its commit events
	bound           bits   // in force in its transitional configuration
	unheld          []unheld
	asked           map[ring.Seq]*requested
	lack            lack

	deliveries [2]sums // in the regular and the transitional configuration
}

// unheld is a safe message that was delivered in a regular configuration
// although only some held it (SAFE-4).
type unheld struct {
	seq     ring.Seq
	holders bits
}

// bits is a set of the parts of one ring, by place.
type bits [4]uint64

func (b *bits) add(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b *bits) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }

func (b *bits) union(o bits) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b bits) intersect(o bits) bits {
	for i := range b {
		b[i] &= o[i]
	}
	return b
}

// outside is the place of a process that is not in the ring.
const outside = 255

// within tells whether b is a subset of o.
func (b *bits) within(o bits) bool {
	for i := range b {
		if b[i]&^o[i] != 0 {
			return false
		}
	}
	return true
}

// find returns the index of the first message at or after a place.
func (r *ringState) find(at place, hint int) int {
	if hint < len(r.order) && r.order[hint].place == at {
		return hint
	}
	low, high := 0, len(r.order)
	for low < high {
		mid := (low + high) / 2
		if r.order[mid].place.before(at) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// holds tells whether t has received position seq.
func (t *part) holds(seq ring.Seq) bool { return seq <= t.aru || t.beyond[seq] }

// receive notes that t holds seq.
func (t *part) receive(seq ring.Seq) {
	if seq != t.aru+1 {
		if seq > t.aru {
			if t.beyond == nil {
				t.beyond = make(map[ring.Seq]bool)
			}
			t.beyond[seq] = true
		}
		return
	}
	t.aru++
	for len(t.beyond) > 0 && t.beyond[t.aru+1] {
		t.aru++
		delete(t.beyond, t.aru)
	}
}
