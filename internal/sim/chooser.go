package sim

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// chooser holds back what the world would let happen by itself.
type chooser struct {
	w         *World
	pending   []int32 // packets on their way, the oldest first
	loads     int     // requests handed in
	faults    int     // still allowed
	taken     []int
	said      []string
	histories []trace.Digest // what each daemon's processes have done, by position
	sums      []uint64       // fingerprints of the daemons, as they were when last touched
	busy      bool           // something has happened that matters since it was cleared
}

// note keeps each process's own order of what properties are about.
func (c *chooser) note(e *trace.Event) {
	switch e.Kind {
	case trace.Conf, trace.Originate, trace.Deliver, trace.Commit, trace.Submit, trace.Start, trace.Crash:
		c.histories[c.w.position(e.Process.Daemon)].Add(e)
	case trace.State:
	default:
		return
	}
	c.busy = true
}

// holds tells whether a packet waits for a choice: all of the ring's do.
func (c *chooser) holds(n int32) bool {
	f := c.w.flights[n]
	if data := c.w.buffers[f.buf].data; data[0] == 0 {
		return false
	}
	c.pending = append(c.pending, n)
	c.busy = true
	return true
}

// release lets all packets on their way arrive in the natural order.
func (c *chooser) release() {
	w := c.w
	w.choices = nil
	for _, n := range c.pending {
		f := w.flights[n]
		w.heap.push(occasion{at: w.now + w.link(int(f.network), int(f.from), int(f.to)).hop, kind: arrival, n: n})
	}
	c.pending = nil
}

// option is one thing that can happen next.
type option struct {
	kind optionKind
	n    int // which packet or daemon
}

type optionKind uint8

const (
	deliverIt optionKind = iota
	handIn
	passTime
	loseIt
	doubleIt
	crashIt
)

// options lists what can happen next; the natural one comes first.
func (c *chooser) options() []option {
	var list []option
	if c.loads < len(c.w.plan.Load) {
		list = append(list, option{handIn, c.loads})
	}
	distinct := c.distinct()
	for _, i := range distinct {
		list = append(list, option{deliverIt, i})
	}
	list = append(list, option{kind: passTime})
	if c.faults > 0 {
		for _, i := range distinct {
			list = append(list, option{loseIt, i}, option{doubleIt, i})
		}
		for i := range c.w.daemons {
			if c.w.daemons[i].node != nil {
				list = append(list, option{crashIt, i})
			}
		}
	}
	return list
}

// distinct are the packets that differ in way or content.
func (c *chooser) distinct() []int {
	var list []int
	for i, n := range c.pending {
		if !slices.ContainsFunc(c.pending[:i], func(m int32) bool { return c.same(n, m) }) {
			list = append(list, i)
		}
	}
	return list
}

func (c *chooser) same(n, m int32) bool {
	f, g := c.w.flights[n], c.w.flights[m]
	a, b := c.w.buffers[f.buf].data, c.w.buffers[g.buf].data
	return f.network == g.network && f.from == g.from && f.to == g.to && a[0] == b[0] && slices.Equal(a[ringHeader:], b[ringHeader:])
}

func (o option) say(c *chooser) string {
	switch o.kind {
	case handIn:
		return fmt.Sprintf("client of daemon %d hands in message %d", c.w.plan.Load[o.n].Daemon, o.n+1)
	case passTime:
		return "time passes"
	case crashIt:
		return fmt.Sprintf("daemon %d crashes", o.n)
	}
	f := c.w.flights[c.pending[o.n]]
	what := fmt.Sprintf("%s from %d to %d on network %d", ringPackets[c.w.buffers[f.buf].data[0]], f.from, f.to, f.network)
	return map[optionKind]string{deliverIt: "", loseIt: "lost: ", doubleIt: "once more later: "}[o.kind] + what
}

// ringPackets are the kinds of a ring's packets in words.
var ringPackets = [...]string{
	ring.KindToken: "token", ring.KindData: "data", ring.KindRecovered: "recovered data", ring.KindHurry: "hurry",
	ring.KindJoin: "join", ring.KindCommit: "commit token",
}

// crashedFor is how long a crashed daemon stays down, if time passes.
const crashedFor = 100 * time.Millisecond

func (c *chooser) take(o option) {
	w := c.w
	switch o.kind {
	case handIn:
		c.loads++
		w.load(&occasion{kind: load, n: int32(o.n)})
	case passTime:
		c.pass()
	case crashIt:
		c.faults--
		d := &w.daemons[o.n]
		w.crash(d)
		w.heap.push(occasion{at: w.now + crashedFor, kind: restart, n: int32(o.n)})
	case deliverIt, doubleIt:
		n := c.pending[o.n]
		if o.kind == doubleIt {
			c.faults--
			f := w.flights[n]
			w.buffers[f.buf].refs++
			copied := int32(len(w.flights))
			w.flights = append(w.flights, f)
			c.pending = append(c.pending, copied)
		}
		c.pending = slices.Delete(c.pending, o.n, o.n+1)
		w.arrive(n)
	case loseIt:
		c.faults--
		n := c.pending[o.n]
		c.pending = slices.Delete(c.pending, o.n, o.n+1)
		w.landed(n)
	}
	w.steps = 0
}

// longestPass bounds how long nothing of interest may happen.
const longestPass = 2 * time.Second

// pass lets time pass until a daemon does something that matters.
func (c *chooser) pass() {
	w := c.w
	until := w.now + longestPass
	for c.busy = false; !c.busy && !w.heap.empty() && w.heap.items[0].at <= until && w.checker.Verdict() == nil; {
		w.step()
	}
}

// state is the fingerprint of all that bears on what can happen from here on,
// and of what each process has done so far.
func (c *chooser) state(plans map[reflect.Type][]int) uint64 {
	f := fingerprint{plans: plans}
	w := c.w
	f.word(uint64(w.now))
	f.word(uint64(c.loads))
	f.word(uint64(c.faults))
	f.word(w.clients)
	f.word(uint64(w.waiting()))
	for i := range w.daemons {
		d := &w.daemons[i]
		if d.touched {
			c.sums[i], d.touched = d.fingerprint(plans), false
		}
		f.word(c.sums[i])
		f.word(c.histories[i].Sum())
		f.word(uint64(d.alarm.at))
	}
	c.addFlights(&f)
	c.addOccasions(&f)
	return f.sum
}

func (d *daemon) fingerprint(plans map[reflect.Type][]int) uint64 {
	f := fingerprint{seen: make(map[uintptr]uint64), plans: plans}
	f.word(d.life)
	if n, runs := d.node.(*ringNode); runs {
		f.add(reflect.ValueOf(n.ring))
		f.add(reflect.ValueOf(&n.hearing))
		f.word(uint64(n.helloAt))
	}
	return f.sum
}

// addFlights adds the packets on their way, whatever their order.
func (c *chooser) addFlights(f *fingerprint) {
	var sum uint64
	for _, n := range c.pending {
		sum += c.flightSum(n)
	}
	f.word(sum)
}

func (c *chooser) flightSum(n int32) uint64 {
	g := c.w.flights[n]
	data := c.w.buffers[g.buf].data
	p := fingerprint{}
	p.word(uint64(g.network)<<32 | uint64(g.from)<<16 | uint64(g.to))
	p.word(uint64(data[0]))
	p.text(string(data[1:9])) // the life; its packet counter bears on nothing where all copies go up
	p.text(string(data[ringHeader:]))
	return p.sum
}

// addOccasions adds what time will bring, in its order.
func (c *chooser) addOccasions(f *fingerprint) {
	list := slices.Clone(c.w.heap.items)
	slices.SortFunc(list, func(a, b occasion) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.tie, b.tie))
	})
	for _, o := range list {
		f.word(uint64(o.at))
		f.word(uint64(o.kind))
		if o.kind == arrival {
			f.word(c.flightSum(o.n))
			continue
		}
		f.word(uint64(o.n))
		f.word(o.mark)
	}
}
