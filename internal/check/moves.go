package check

import (
	"mpspread/internal/trace"
	"mpspread/ring"
)

// The state table (RNG-10; Totem, section 5). A process is born Operational,
// alone.
//
//	from         to            when
//	Operational  Gather        token lost; a member gathers; a stranger is heard by all; isolation
//	Gather       Commit        the commit token of the agreed ring, or made by oneself
//	Gather       Gather        no agreement in time
//	Gather       Operational   nobody else there: a ring of one goes on
//	Commit       Recovery      the second round of the commit token, or alone
//	Commit       Gather        the formation fails
//	Recovery     Operational   all have recovered: the new ring begins
//	Recovery     Gather        token lost; the formation fails; isolation
var moves = [...][]ring.State{
	ring.Operational: {ring.Gather},
	ring.Gather:      {ring.Commit, ring.Gather, ring.Operational},
	ring.Commit:      {ring.Recovery, ring.Gather},
	ring.Recovery:    {ring.Operational, ring.Gather},
}

// Sets of states.
const (
	inOperational = 1 << ring.Operational
	inGather      = 1 << ring.Gather
	inRecovery    = 1 << ring.Recovery
)

// happensIn is the other half of the table: in which states what may happen.
// Positions are given out, and marks raised, in an installed ring alone. While
// it gathers a member still takes packets of its old ring in; once it has said
// what it has, in Commit, nothing may change that but what companions send
// again in Recovery.
var happensIn = map[trace.Kind]int{
	trace.Originate: inOperational,
	trace.Stable:    inOperational,
	trace.Discard:   inOperational,
	trace.Visit:     inOperational,
	trace.Recv:      inOperational | inGather | inRecovery,
	trace.Deliver:   inOperational | inRecovery,
	trace.TokenIn:   inOperational | inRecovery,
	trace.TokenOut:  inOperational | inRecovery,
	trace.Request:   inOperational | inRecovery,
	trace.Answer:    inOperational | inRecovery,
	trace.Commit:    inRecovery,
}

// state judges a move, and notes that a process which gathers holds no token.
func (c *Checker) state(p *process, s ring.State) {
	legal := s == ring.Operational || p.conf != nil // birth, or not told before
	if p.stated {
		legal = false
		for _, to := range moves[p.state] {
			legal = legal || to == s
		}
		if p.state == ring.Gather && s == ring.Operational {
			legal = p.conf != nil && len(p.conf.Members) == 1
		}
	}
	if !c.holds(RNG10, legal) {
		c.fail(RNG10, of(p.id), "%v went from %v to %v", p.id, p.stateName(), s)
	}
	if s == ring.Gather {
		c.undisturbed(p)
	}
	p.stated, p.state = true, s
	c.reconsider()
	if s != ring.Gather {
		return
	}
	p.gathered = c.event.Time
	for _, r := range c.rings {
		if r.holder != nil && r.holder.process == p {
			r.holder = nil
		}
	}
}

// happens judges that an event may happen in the state its process is in.
func (c *Checker) happens(e *trace.Event) {
	states, judged := happensIn[e.Kind]
	switch {
	case e.Kind == trace.Conf && e.Conf != nil:
		states, judged = inOperational, true
		if e.Conf.Kind == ring.Transitional {
			states = inRecovery
		}
	case e.Kind == trace.TokenIn && e.Verdict != ring.TokenAccepted, e.Kind == trace.Recv && !e.First:
		return // refused, whatever the state
	}
	if !judged {
		return
	}
	p := c.process(e.Process)
	if !p.stated {
		return
	}
	if !c.holds(RNG10, states>>p.state&1 != 0) {
		c.fail(RNG10, of(p.id).at(e.Ring, e.Seq), "%v in %v: %v", p.id, p.state, e.Kind)
	}
}

// moving tells whether a process is known to be between two rings.
func (p *process) moving() bool { return p.stated && p.state != ring.Operational }

func (p *process) stateName() string {
	if !p.stated {
		return "birth"
	}
	return p.state.String()
}
