package groups

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"mpspread/ring"
)

// The state exchange.
//
// When a regular configuration brings daemons together, each has a table of
// its own past. They agree on one before anything of the configuration is
// applied (GRP-9), from ordered messages alone, so that all that deliver the
// same prefix stand at the same point (VS-1..3):
//
//  1. Every daemon announces what it has: the chain of its state, and a digest
//     of its table.
//  2. Daemons that announce the same are a synced set. Its lowest present
//     member sends the set's table in pieces, unless all daemons are one set.
//  3. When the last piece of the last set is delivered, and counts and digests
//     are right, all swap to the merged table in one step, and apply what they
//     held back. Complete or not at all: until then nothing has changed.
//
// Whether an exchange is complete is judged when the next regular
// configuration is delivered, from the pieces delivered before it (protocol
// rule 8). Those that come along have delivered the same, and judge the same.
//
// # Interrupted exchanges
//
// What is held of a configuration whose exchange was interrupted can neither
// be dropped nor be applied to tables that differ: receivers of one message
// would be in different views (GRP-5). Nor may it wait until after the next
// merge: those that come from elsewhere do not have it, and one vs set would
// have delivered different messages (GRP-6). So the rule is:
//
//	The held messages of an interrupted configuration are applied in the next
//	exchange that completes, before its own merge, by the daemons that went
//	on from it together and are here: they first merge their tables among
//	themselves, with only their own sessions in them, see one network
//	membership of that, and then apply what they held, in order.
//
// Each daemon therefore has a chain: the last state it agreed on, then the
// configurations it has gone through since, the present one last. Between two
// neighbours of the chain lies a segment, what was held of the earlier until
// the later began. Daemons with the same two neighbours hold the same segment.
// An exchange goes in steps. While any chain has a segment, a step merges the
// daemons whose first segment is the lowest announced, and replays it; they
// then announce again, as all do, with a chain that is one shorter. When no
// chain has one left, the last step merges all. Epochs grow along every chain
// (CFG-4), so the lowest segment is nowhere behind another, and each is
// replayed exactly once by all that hold it.
//
// A message of an interrupted configuration thus reaches its receivers before
// any message of a later one, in the view of those that were there and are
// here, and joins, leaves and disconnects among them are part of the table
// that this set brings to the next step.

// digest tells encoded tables apart.
type digest [digestSize]byte

func digestOf(b []byte) digest {
	sum := sha256.Sum256(b)
	return digest(sum[:digestSize])
}

// stateID names a state that was agreed: the step of an exchange, in a regular
// configuration, that made it. The zero value is the empty table of a process
// that begins. It says who agreed, and on what, since one step makes one state.
type stateID struct {
	conf ring.RingID
	step uint32
}

// chain is what a daemon's state is made of. links is empty only before the
// first configuration; its last is the present one. segments[i] lies between
// links[i] and links[i+1].
type chain struct {
	head     stateID
	links    []ring.RingID
	segments [][]held
}

// exchange is the exchange of the configuration in force.
type exchange struct {
	step      uint32
	announced []*announcement // by position in conf.Members; nil: not yet
	missing   int             // announcements
	own       []byte          // the own table, encoded
	// closed: the configuration is over, so nothing more can be put in order.
	closed bool

	// From here on once all have announced.
	scope []*syncedSet // sets that this step merges; nil: not all have announced
	mine  *syncedSet   // the one with this daemon, whether in scope or not
	final bool         // it merges all
	sent  uint32       // pieces of the own table submitted
	known uint32       // pieces of it delivered
}

// syncedSet is daemons with the same state.
type syncedSet struct {
	announcement *announcement
	processes    []ring.Process // in configuration-file order; the first sends
	staged       []byte
	staging      uint32 // pieces staged
	size         uint32 // of the table, as the first piece says
	table        *tableImage
}

func (s *syncedSet) has(p ring.Process) bool { return slices.Contains(s.processes, p) }

// beginExchange starts the exchange of the configuration in force. If all
// members come together from a state that was agreed they still agree, and
// nothing needs to be sent.
func (g *Groups) beginExchange(companions []ring.Process) {
	g.ex = exchange{}
	if len(companions) == len(g.conf.Members) && len(g.chain.segments) == 0 {
		g.completeAlone(companions)
		return
	}
	g.announce()
}

// announce says what this daemon has in the present step.
func (g *Groups) announce() {
	g.ex = exchange{
		step:      g.ex.step,
		closed:    g.ex.closed,
		announced: make([]*announcement, len(g.conf.Members)),
		missing:   len(g.conf.Members),
		own:       g.encodeTable(),
	}
	a := &announcement{
		conf:   g.conf.New,
		step:   g.ex.step,
		head:   g.chain.head,
		digest: digestOf(g.ex.own),
		links:  g.chain.links[:len(g.chain.links)-1],
	}
	if len(g.conf.Members) == 1 {
		g.receiveAnnouncement(g.self, a)
		return
	}
	g.submit(a.encode())
}

// submit puts a payload of the exchange in order, unless its configuration is
// over: in the next it would be stale.
func (g *Groups) submit(payload []byte) {
	if !g.ex.closed {
		g.submissions = append(g.submissions, Submission{Lane: OwnLane, Service: ring.Agreed, Payload: payload})
	}
}

// receiveExchange takes a payload of the exchange at its place in the order.
func (g *Groups) receiveExchange(sender ring.Process, payload []byte) {
	var err error
	if kind(payload[0]) == kindAnnouncement {
		var a announcement
		if a, err = parseAnnouncement(payload); err == nil && g.awaited(a.conf, a.step) {
			g.receiveAnnouncement(sender, &a)
		}
	} else {
		var p piece
		if p, err = parsePiece(payload); err == nil && g.awaited(p.conf, p.step) {
			g.receivePiece(sender, &p)
		}
	}
	if err != nil {
		g.counters.Malformed++
	}
}

// awaited tells whether a payload belongs to the present step; if not it was
// overtaken by a configuration change.
func (g *Groups) awaited(conf ring.RingID, step uint32) bool {
	if g.agreed || g.conf == nil || conf != g.conf.New || step != g.ex.step {
		g.counters.Stale++
		return false
	}
	return true
}

func (g *Groups) receiveAnnouncement(sender ring.Process, a *announcement) {
	i := slices.Index(g.conf.Members, sender)
	if i < 0 || g.ex.announced[i] != nil {
		g.counters.Unexpected++
		return
	}
	g.ex.announced[i] = a
	if g.ex.missing--; g.ex.missing == 0 {
		g.decide()
	}
}

// decide begins the transfer once all have announced: which sets there are,
// which of them this step merges, and who sends.
func (g *Groups) decide() {
	sets := g.syncedSets()
	for _, s := range sets {
		if s.has(g.self) {
			g.ex.mine = s
		}
	}
	if len(sets) == 1 {
		g.completeAlone(g.ex.mine.processes)
		return
	}
	g.ex.scope, g.ex.final = scopeOf(sets)
	if len(g.ex.scope) == 1 {
		g.completeStep()
		return
	}
	g.sendPieces()
}

// syncedSets finds the daemons that announced the same.
func (g *Groups) syncedSets() []*syncedSet {
	var sets []*syncedSet
	for i, a := range g.ex.announced {
		at := slices.IndexFunc(sets, func(s *syncedSet) bool { return s.announcement.sameState(a) })
		if at < 0 {
			at = len(sets)
			sets = append(sets, &syncedSet{announcement: a})
		}
		sets[at].processes = append(sets[at].processes, g.conf.Members[i])
	}
	return sets
}

func (a *announcement) sameState(b *announcement) bool {
	return a.head == b.head && a.digest == b.digest && slices.Equal(a.links, b.links)
}

// segment names the first segment of an announced chain.
func (a *announcement) segment() (from, to ring.RingID, ok bool) {
	switch len(a.links) {
	case 0:
		return from, to, false
	case 1:
		return a.links[0], a.conf, true
	}
	return a.links[0], a.links[1], true
}

// scopeOf picks the sets that a step merges: those with the lowest segment, or
// all if there is none.
func scopeOf(sets []*syncedSet) (scope []*syncedSet, final bool) {
	var from, to ring.RingID
	found := false
	for _, s := range sets {
		f, t, ok := s.announcement.segment()
		if ok && (!found || cmp.Or(f.Compare(from), t.Compare(to)) < 0) {
			from, to, found = f, t, true
		}
	}
	if !found {
		return sets, true
	}
	for _, s := range sets {
		if f, t, ok := s.announcement.segment(); ok && f == from && t == to {
			scope = append(scope, s)
		}
	}
	return scope, false
}
