package check

import (
	"math"
	"slices"
	"time"

	"mpspread/internal/trace"
)

// expectation is what both ends of a path should report of it, and by when
// (MPX-8, S22).
type expectation struct {
	pair    pairOf
	network uint8
	silent  bool
	since   time.Duration
	by      time.Duration
	due     bool // by has passed: what is reported is true from here on
}

const noAlarm = time.Duration(math.MaxInt64)

// pathOf is a path as one process reports it: from a daemon's process, or to
// it.
type pathOf struct {
	daemon  uint32
	network uint8
	in      bool
}

// expect begins to wait for the report of what a path is now.
func (c *Checker) expect(pair pairOf, network uint8) {
	c.forget(func(x *expectation) bool { return x.pair == pair && x.network == network })
	t := c.links.paths[pair][network]
	if c.opt.PathReport == 0 || t.text == trace.LinkBad || t.text == "" {
		return
	}
	if l := c.process(pair.to).life(pair.from); t.text == trace.LinkWorks && (l == nil || !l.let) {
		return // nothing but its hellos is read yet
	}
	x := &expectation{pair: pair, network: network, silent: t.text == trace.LinkCut, since: c.event.Time}
	x.by = x.since + t.delay + c.own(c.opt.PathReport)
	c.links.expected = append(c.links.expected, x)
	c.setAlarm()
}

func (c *Checker) forget(which func(*expectation) bool) {
	c.links.expected = slices.DeleteFunc(c.links.expected, which)
	c.setAlarm()
}

func (c *Checker) setAlarm() {
	c.links.alarm = noAlarm
	for _, x := range c.links.expected {
		if !x.due {
			c.links.alarm = min(c.links.alarm, x.by)
		}
	}
}

// expectAgain begins anew with all paths of a process that stood still.
func (c *Checker) expectAgain(p *process) {
	for _, q := range c.links.live {
		c.expectPair(pairOf{p.id, q.id})
		c.expectPair(pairOf{q.id, p.id})
	}
}

// expectPair begins anew with all paths of one direction.
func (c *Checker) expectPair(pair pairOf) {
	for network := range c.links.paths[pair] {
		c.expect(pair, uint8(network))
	}
}

// overdue judges the reports that are due.
func (c *Checker) overdue() {
	now := c.event.Time
	for _, x := range c.links.expected {
		if !x.due && x.by <= now {
			x.due = true
			c.reported(x)
		}
	}
	c.setAlarm()
}

// reported judges one path: at its end, and, if reports could come back, at its
// beginning.
func (c *Checker) reported(x *expectation) {
	from, to := c.process(x.pair.from), c.process(x.pair.to)
	if from.paused || to.paused || to.reports == nil || from.reports == nil {
		return
	}
	silent := to.reports.silent(pathOf{uint32(from.id.Daemon), x.network, true})
	if !c.holds(MPX8, silent == x.silent) {
		c.fail(MPX8, both(to.id, from.id), "%v reports the path from %v over network %d as %s, %v after that changed", to.id, from.id, x.network, word(silent), c.event.Time-x.since)
	}
	if !c.links.calm || c.links.since > x.since {
		return
	}
	silent = from.reports.silent(pathOf{uint32(to.id.Daemon), x.network, false})
	if !c.holds(MPX8, silent == x.silent) {
		c.fail(MPX8, both(from.id, to.id), "%v reports the path to %v over network %d as %s, %v after that changed", from.id, to.id, x.network, word(silent), c.event.Time-x.since)
	}
}

func word(silent bool) string {
	if silent {
		return "silent"
	}
	return "working"
}

// reports is what a process says of its paths; of others it has said nothing,
// which means silent.
type reports map[pathOf]string

func (r reports) silent(p pathOf) bool {
	s := r[p]
	return s == "" || s == "silent" || s == "wrong-network"
}

// path notes a report, and judges one that is false.
func (c *Checker) path(p *process, e *trace.Event) {
	if p.reports == nil {
		p.reports = make(reports)
	}
	p.reports[pathOf{uint32(e.From.Daemon), e.Network, e.First}] = e.Text
	if !e.First {
		return
	}
	for _, x := range c.links.expected {
		if x.due && x.network == e.Network && x.pair.to == p.id && x.pair.from == e.From {
			c.reported(x)
		}
	}
}
