package check

import (
	"maps"
	"slices"
	"strings"

	"mpspread/groups"
	"mpspread/internal/trace"
)

// session is a client whose opening the trace shows.
//
// What it asks for is followed from its hands through the order: into the ring
// (operation), which says when it is a member of what (stay), and to those at
// whose daemon it is delivered (entry).
type session struct {
	client  uint64
	process *process
	private string // #name#daemon
	watches bool   // receives memberships and signals

	asked  []ask            // accepted, and not yet in order
	joined map[string]*stay // by what it has put in order
	gone   bool             // its disconnect is in order

	closed  bool // the client knows
	stalled bool // it does not read
	lagged  bool // it has ever stalled

	last  *operation     // put into its stream
	here  map[string]int // groups it is in by what its daemon has delivered: index into local
	views map[string]*seen
	entries
}

// seen is a view as a session should have it.
type seen struct {
	members  []*session
	id       [3]int32
	signaled bool
}

// nameIn is the private name within a private group name, #name#daemon.
func nameIn(private string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(private, "#"), "#")
	return name
}

// opened begins a session. Text is its private group name.
func (c *Checker) opened(e *trace.Event) {
	p := c.process(e.Process)
	s := &session{
		client: e.Client, process: p, private: e.Text, watches: e.First,
		joined: make(map[string]*stay), here: make(map[string]int), views: make(map[string]*seen),
	}
	c.groups.sessions[e.Client] = s
	if p.sessions == nil {
		p.sessions, p.local = make(map[string]*session), make(map[string][]*session)
	}
	// A name is free again only when the disconnect of its last holder has been
	// ordered and delivered.
	if !c.holds(CLI4, p.sessions[nameIn(s.private)] == nil) {
		c.fail(CLI4, of(p.id), "%v has a new session %v while the disconnect of the last one is not delivered", p.id, s.private)
	}
	s.takeUp(p.unclaimed[s.private])
	p.sessions[nameIn(s.private)] = s
}

// operation is what a session has put in order. Its place is known once it is
// originated, and who has delivered it.
type operation struct {
	ask
	session   *session
	ring      *ringState
	place     place
	effective bool     // a join by one that was no member, a leave by one that was
	left      []string // by a disconnect, sorted
	delivered bits     // by parts of ring
}

// stay is a membership of a session in a group, by the places in the order at
// which it began and ended.
type stay struct {
	session  *session
	from, to *operation // to: nil while it lasts
}

// operate turns what p originates for one of its sessions into an operation:
// it must be what the session has asked for next (INT-6, FIFO-2), and there is
// one disconnect and nothing after it (CLI-4).
func (c *Checker) operate(p *process, e *trace.Event) *operation {
	m, about := &e.Message, of(p.id).at(e.Ring, e.Seq)
	s := p.sessions[m.Name]
	if !c.holds(INT6, s != nil) {
		c.fail(INT6, about, "%v originated a %v of a session %q that it does not have", p.id, m.Act, m.Name)
		return nil
	}
	if !c.holds(CLI4, !s.gone) {
		c.fail(CLI4, about, "%v originated a %v of %v after its disconnect", p.id, m.Act, s.private)
	}
	op := &operation{ask: askOf(m), session: s, ring: p.regular, place: place{e.Seq, m.Counter}}
	if m.Act == groups.ActDisconnect {
		s.asked, s.gone = nil, true
		c.endStays(op)
		return op
	}
	if !c.holds(INT3, len(s.asked) > 0) {
		c.fail(INT3, about, "%v originated a %v of %v, which has asked for no more", p.id, m.Act, s.private)
		return op
	}
	want := s.asked[0]
	s.asked = s.asked[1:]
	same := want.act == op.act && want.service == op.service && want.discard == op.discard && slices.Equal(want.groups, op.groups)
	if op.act != groups.ActMessage {
		same = want.act == op.act && slices.Equal(want.groups, op.groups)
	}
	if !c.holds(INT6, same) {
		c.fail(INT6, about, "%v originated %v of %v to %v, which had asked for %v to %v", p.id, op.act, s.private, op.groups, want.act, want.groups)
	}
	if !c.holds(FIFO2, want.number == 0 || op.number == 0 || want.number == op.number) {
		c.fail(FIFO2, about, "%v originated message %d of %v before its %d", p.id, op.number, s.private, want.number)
	}
	// Length and digest of what the client knows, not of what the ring carries.
	op.ask = want
	c.changeStay(op)
	return op
}

// changeStay notes a join or leave by the session's own order, which every
// daemon sees alike.
func (c *Checker) changeStay(op *operation) {
	s := op.session
	switch op.act {
	case groups.ActJoin:
		if op.effective = s.joined[op.groups[0]] == nil; op.effective {
			st := &stay{session: s, from: op}
			s.joined[op.groups[0]] = st
			c.groups.stays[op.groups[0]] = append(c.groups.stays[op.groups[0]], st)
		}
	case groups.ActLeave:
		st := s.joined[op.groups[0]]
		if op.effective = st != nil; op.effective {
			st.to = op
			delete(s.joined, op.groups[0])
		}
	}
}

// endStays notes a disconnect.
func (c *Checker) endStays(op *operation) {
	op.left = slices.Sorted(maps.Keys(op.session.joined))
	for _, name := range op.left {
		op.session.joined[name].to = op
	}
	clear(op.session.joined)
}

// deliverable enters what p delivers at place into the streams of the sessions
// that it may concern.
func (c *Checker) deliverable(p *process, t *part, op *operation) {
	op.delivered.add(t.place)
	own := op.session.process == p
	e := entry{op: op, part: t}
	switch op.act {
	case groups.ActMessage:
		for _, name := range op.groups {
			for _, s := range p.local[name] {
				s.add(e)
			}
			if isPrivate(name) {
				c.private(p, name, e)
			}
		}
	case groups.ActJoin:
		if op.effective && own {
			p.enter(op.session, op.groups[0])
		}
		p.tell(op.groups[0], e)
	case groups.ActLeave:
		p.tell(op.groups[0], e)
		if op.effective && own {
			p.exit(op.session, op.groups[0])
		}
	case groups.ActDisconnect:
		for _, name := range op.left {
			p.tell(name, e)
		}
		if own {
			p.forget(op.session)
		}
	}
}

// tell enters something into the streams of the watching members of a group
// that p has.
func (p *process) tell(group string, e entry) {
	for _, s := range p.local[group] {
		if s.watches {
			s.add(e)
		}
	}
}

// private enters a message to a private name into the stream of the session
// that has it. One that nobody has yet somebody may have when the message is
// applied, if p still has to agree on the state of the groups.
func (c *Checker) private(p *process, name string, e entry) {
	if s := p.sessions[nameIn(name)]; s != nil && s.private == name {
		s.add(e)
		return
	}
	if e.part.agreed != nil {
		return
	}
	if p.unclaimed == nil {
		p.unclaimed = make(map[string][]entry)
	}
	p.unclaimed[name] = append(p.unclaimed[name], e)
}

func (p *process) enter(s *session, group string) {
	s.here[group] = len(p.local[group])
	p.local[group] = append(p.local[group], s)
}

func (p *process) exit(s *session, group string) {
	list, at := p.local[group], s.here[group]
	last := list[len(list)-1]
	list[at], last.here[group] = last, at
	delete(s.here, group)
	if p.local[group] = list[:len(list)-1]; len(list) == 1 {
		delete(p.local, group)
	}
}

// forget removes a session whose disconnect p has delivered.
func (p *process) forget(s *session) {
	for _, group := range slices.Sorted(maps.Keys(s.here)) {
		p.exit(s, group)
	}
	delete(p.sessions, nameIn(s.private))
	if !s.closed {
		p.forgotten = append(p.forgotten, s) // it may still read what was on its way
	}
}

// changeOfConfiguration enters a configuration that p installs into the streams
// of all its sessions that are in a group.
func (p *process) changeOfConfiguration(t *part, transitional bool) {
	for _, s := range p.sessionsOf() {
		if s.watches && len(s.here) > 0 {
			s.add(entry{part: t, transitional: transitional})
		}
	}
}
