package check

import (
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// RNG-7 has three parts. A member that lacks a position below the highest given
// out asks for it; while it asks in vain it is not a member for ever; and it is
// not always the same member that answers.
//
// The bounds follow from the rules. A position is asked for when it is older
// than lag, at most fd/5 (protocol rule 5), and a checkpoint of that age is
// known, at most fd/40 later; then again after 2 lag, at the next visit of the
// token. Whoever has asked more than deafAttempts times, and for longer than two
// loss timers, goes at that visit. Attempt k passes over k members that could
// answer with anything that is asked for, so of as many attempts in a row as
// there are members not all are answered by one.
const (
	deafAttempts = 32
	// slackVisits is how often in a row a member may go without asking for what
	// it should ask for: the token has room for a few requests only.
	slackVisits = 3
)

// requested is a position that a member has asked for.
type requested struct {
	first, last time.Duration
	exhausted   bool // it should have left the ring with its last request

	attempt  uint64 // of the last answer
	by       *part  // who gave it
	answered int    // attempts in a row by the same member
	able     bits   // who else could have answered all of them
}

// lack is the lowest position that a member lacks, as its visits show.
type lack struct {
	seq     ring.Seq
	since   time.Duration
	overdue int // visits in a row at which it should have asked
}

// own turns a time by which a daemon must have done something into the world's,
// should its clock be the slowest.
func (c *Checker) own(d time.Duration) time.Duration {
	if c.opt.SlowestClock == 0 {
		return d
	}
	return d * 1000 / time.Duration(c.opt.SlowestClock)
}

// request judges that a member does not ask in vain for ever.
func (c *Checker) request(p *process, e *trace.Event) {
	t := c.part(c.ring(e.Ring), p)
	if t.asked == nil {
		t.asked = make(map[ring.Seq]*requested)
	}
	a := t.asked[e.Seq]
	if a == nil || e.Counter == 1 { // recovery counts anew
		a = &requested{first: e.Time}
		t.asked[e.Seq] = a
	}
	if !c.holds(RNG7, !a.exhausted) {
		c.fail(RNG7, of(p.id).at(e.Ring, e.Seq), "%v asks for position %d of %v for the %d. time, %v after the first, and is still a member", p.id, e.Seq, e.Ring, e.Counter, e.Time-a.first)
	}
	a.last = e.Time
	a.exhausted = c.opt.FailureDetection > 0 && e.Counter > deafAttempts && e.Time-a.first > c.own(2*c.opt.FailureDetection)
}

// answer judges that the answering member changes.
func (c *Checker) answer(p *process, e *trace.Event) {
	r := c.ring(e.Ring)
	asker := c.process(e.From)
	a := c.part(r, asker).asked[e.Seq]
	if a == nil || e.Counter == 0 || asker.regular != r || asker.moving() {
		return
	}
	t := c.part(r, p)
	others := c.ableBeside(r, t, asker, e.Seq)
	if a.by != t || a.attempt+1 != e.Counter {
		a.by, a.answered, a.able = t, 0, others
	}
	a.attempt = e.Counter
	a.answered++
	a.able = a.able.intersect(others)
	if !c.holds(RNG7, a.answered < len(r.parts) || a.able == bits{}) {
		c.fail(RNG7, both(p.id, e.From).at(e.Ring, e.Seq), "%v has answered the last %d requests of %v for position %d of %v, though others could", p.id, a.answered, e.From, e.Seq, e.Ring)
	}
}

// ableBeside is the live members beside two that hold a position.
func (c *Checker) ableBeside(r *ringState, t *part, asker *process, seq ring.Seq) (able bits) {
	for i, q := range r.parts {
		if q != t && q.process != asker && q.process.alive && r.members.has(i) && q.holds(seq) {
			able.add(i)
		}
	}
	return able
}

// asks judges, when the token goes on, that a member which lacks a position has
// asked for it. Recovery asks by other rules: there is no age to wait for, and
// what nobody holds is not asked for again.
func (c *Checker) asks(p *process, r *ringState, t *part) {
	fd := c.opt.FailureDetection
	if !c.opt.WhiteBox || fd == 0 || p.regular != r || p.moving() {
		return
	}
	l, now := &t.lack, c.event.Time
	switch {
	case t.aru >= r.given:
		*l = lack{}
		return
	case l.seq != t.aru+1:
		*l = lack{seq: t.aru + 1, since: now}
		return
	}
	last := l.since + c.own(fd/5+fd/40)
	if a := t.asked[l.seq]; a != nil {
		last = max(last, a.last+c.own(2*fd/5))
	}
	if now <= last {
		l.overdue = 0
		return
	}
	l.overdue++
	if !c.holds(RNG7, l.overdue <= len(r.parts)+slackVisits) {
		c.fail(RNG7, of(p.id).at(r.id, l.seq), "%v has lacked position %d of %v for %v and passed the token on %d times without asking for it", p.id, l.seq, r.id, now-l.since, l.overdue)
	}
}
