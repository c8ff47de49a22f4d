package check

import (
	"maps"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// links is what the harness says of the paths between processes, and whether
// they are good enough that nothing may happen to the membership.
type links struct {
	live  []*process
	paths map[pairOf][]linkTruth // by network

	// calm: all live processes are in one regular configuration of exactly
	// them, and of every ordered pair one path at least works.
	calm  bool
	since time.Duration // of calm, or the last fault
	late  bool          // some path works, but is later than another one
	dead  bool          // some path does not work

	expected []*expectation
	alarm    time.Duration // when to look at expected next
}

// pairOf is a direction between two processes.
type pairOf struct{ from, to ring.Process }

// linkTruth is one path; without text nothing has been said of it.
type linkTruth struct {
	text  string
	delay time.Duration
}

// link notes what a path is from now on.
func (c *Checker) link(p *process, e *trace.Event) {
	l := &c.links
	if l.paths == nil {
		l.paths = make(map[pairOf][]linkTruth)
	}
	pair := pairOf{e.From, p.id}
	paths := l.paths[pair]
	for int(e.Network) >= len(paths) {
		paths = append(paths, linkTruth{})
	}
	paths[e.Network] = linkTruth{e.Text, e.Bound}
	l.paths[pair] = paths
	c.expect(pair, e.Network)
	c.reconsider()
}

// born and gone keep the list of live processes.
func (c *Checker) born(p *process) {
	c.links.live = append(c.links.live, p)
	c.reconsider()
}

func (c *Checker) gone(p *process) {
	l := &c.links
	for i, q := range l.live {
		if q == p {
			l.live = append(l.live[:i], l.live[i+1:]...)
			break
		}
	}
	maps.DeleteFunc(l.paths, func(pair pairOf, _ []linkTruth) bool { return pair.from == p.id || pair.to == p.id })
	c.forget(func(x *expectation) bool { return x.pair.from == p.id || x.pair.to == p.id })
	c.reconsider()
}

// disturbed notes a fault, whose consequences may show for a while. One that only
// takes paths away, or gives them back, has none while others work: what becomes
// of the paths is told of each.
func (c *Checker) disturbed() { c.links.since = c.event.Time }

// reconsider works out whether nothing may happen now.
func (c *Checker) reconsider() {
	l := &c.links
	if len(l.paths) == 0 {
		l.calm = false
		return
	}
	was, late := l.calm, l.late
	l.late, l.dead = false, false
	l.calm = c.together() && c.connected()
	if l.calm && (!was || l.late != late) {
		l.since = c.event.Time
	}
}

// together tells whether all live processes run, in one configuration of
// their own, and none has given it up.
func (c *Checker) together() bool {
	l := &c.links
	if len(l.live) < 2 {
		return false
	}
	first := l.live[0]
	for _, p := range l.live {
		if p.paused || p.moving() || p.conf == nil || p.in != first.in || p.in.Kind != ring.Regular || len(p.conf.Members) != len(l.live) {
			return false
		}
	}
	return true
}

// connected tells whether every pair has a path that works, in time, in each
// direction.
func (c *Checker) connected() bool {
	l := &c.links
	for _, p := range l.live {
		for _, q := range l.live {
			if p != q && !c.reaches(l.paths[pairOf{p.id, q.id}]) {
				return false
			}
		}
	}
	return true
}

// reaches looks at the paths of one direction. A path that takes a quarter of
// the failure detection time works (protocol rule 10); but the token is lost
// when it takes all of that for its way around, which in a ring of n is n
// paths, so it must do with half.
func (c *Checker) reaches(paths []linkTruth) bool {
	l := &c.links
	limit := min(c.opt.FailureDetection/4, c.opt.FailureDetection/time.Duration(2*len(l.live)))
	best := time.Duration(-1)
	for _, t := range paths {
		if t.text == trace.LinkWorks && t.delay <= limit && (best < 0 || t.delay < best) {
			best = t.delay
		}
	}
	for _, t := range paths {
		l.dead = l.dead || t.text != trace.LinkWorks
		l.late = l.late || t.text == trace.LinkWorks && t.delay > best+c.opt.FailureDetection/lateShare
	}
	return best >= 0
}

// lateShare: a path that is later than another one by more than this part of
// the failure detection time counts as out of step.
const lateShare = 40

// calmFor tells whether nothing may happen, and since so long that no earlier
// fault can be the cause of what does.
func (c *Checker) calmFor(d time.Duration) bool {
	return c.links.calm && c.event.Time-c.links.since >= d
}

// undisturbed judges MPX-5 and MPX-6 when p gives its ring up.
func (c *Checker) undisturbed(p *process) {
	if !c.calmFor(c.opt.Aftermath) {
		return
	}
	name, why := MPX5, "one path of every pair has worked"
	if c.links.late {
		name, why = MPX6, "one path of every pair has worked, others were late"
	}
	c.count[name]++
	c.fail(name, of(p.id).at(p.in.New, 0), "%v gives up %v, although for %v %s", p.id, p.in, c.event.Time-c.links.since, why)
}

// carried counts a delivery in spite of dead paths, or late ones.
func (c *Checker) carried() {
	if !c.calmFor(c.opt.Aftermath) {
		return
	}
	if c.links.dead {
		c.count[MPX5]++
	}
	if c.links.late {
		c.count[MPX6]++
	}
}
