package sim

import (
	"fmt"
	"slices"
	"time"

	"mpspread/internal/engine"
	"mpspread/internal/trace"
	"mpspread/multipath"
	"mpspread/ring"
)

// A machine that is put back to an older state (P4, SCN-28) is what its daemon
// was then: a fresh engine, made as the life began, is given again all that the
// life was given until then, from a record. Its randomness is the same up to
// there, and new from there on, as the kernel's would be: the simulator never
// rewinds that (protocol rule 2).
//
// What the machine does afterwards contradicts what others have seen of it. To
// the trace its process therefore ends when it is put back, and what it does
// until it notices, and takes a new incarnation (protocol rule 1), is not
// judged; what it makes the others do is.
//
// That somebody can know is part of the model: a machine is put back only while
// its daemon is in a ring and no other fault has been in force since the time it
// goes back to, and if one begins before it has noticed, its operator starts it
// anew. Had nobody heard what it did since, or those who had were gone, it would
// simply be a daemon that has been silent for a while.

// act is something a life was given.
type act struct {
	kind    actKind
	at      time.Duration // true time
	now     time.Duration // by its own clock
	network int
	from    int // or number of a lane, or size
	yes     bool
	data    []byte
	keys    []multipath.Key
	client  uint64
	counter uint64
	message message
}

type actKind uint8

const (
	actReceive actKind = iota
	actAdvance
	actDrain
	actDo
	actRead
	actResize
	actKeys
	actSuspend
	actLeave
)

// tape is the record of a life.
type tape struct {
	config engine.Config
	born   entropy
	base   time.Duration // own clock when the life began
	acts   []act
	hellos []time.Duration // when it sent some
}

// entropy is a life's random numbers.
type entropy struct{ prng }

// note records what the life is given, if a fault of the plan may want it.
func (n *engineNode) note(a act) {
	if n.tape != nil {
		a.at = n.w.now
		n.tape.acts = append(n.tape.acts, a)
	}
}

// record begins the record of a life if a fault of the plan puts its machine
// back.
func (n *engineNode) record(c *engine.Config) {
	if n.w.plan.reverts(n.d.at) {
		n.tape = &tape{config: *c, born: *n.entropy, base: n.d.local(n.w.now)}
	}
}

func (p *Plan) reverts(at int) bool {
	return slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Kind == Revert && (f.From == at || f.Role != "") })
}

// revert puts a daemon's machine back to where it was some time before, but not
// before the daemon started.
func (w *World) revert(d *daemon, back time.Duration) {
	n, ok := d.node.(*engineNode)
	if !ok || n.tape == nil || d.leaving || d.shadow || w.calm > w.now-back || w.disturbed() || !n.heardSince(w.now-back) {
		return
	}
	w.emit(d, &trace.Event{Kind: trace.Crash})
	d.shadow = true
	w.reverts++
	m := w.again(n, w.now-back)
	m.entropy.prng = stream(w.plan.Seed, "kernel", d.slot, w.reverts)
	d.node, d.lanes = m, make(map[int]*lane)
	d.alarm.at, d.doomed = never, -1
	w.planWake(d)
	w.tellLinks()
	w.heap.push(occasion{at: w.now + w.noticed(), kind: unnoticed, n: int32(d.slot), mark: d.life})
}

// noticed is how soon a daemon must have noticed: the next hello of any peer
// tells it.
func (w *World) noticed() time.Duration { return w.plan.FailureDetection }

// overlooked finds a daemon that has not noticed in time.
func (w *World) overlooked(d *daemon, life uint64) {
	if n, ok := d.node.(*engineNode); ok && d.shadow && d.life == life && !n.engine.Reverted() {
		w.checker.Broke(fmt.Sprintf("%s has not noticed within %v that its machine was put back", trace.ProcessString(d.process), w.noticed()))
	}
}

// heardSince tells whether the daemon is in a ring with others, which still
// are, and has sent something since a time, which they have had the time to
// receive. In plaintext, without nonces, the first hello after that time will be
// the same again, bit for bit, and tells nobody anything.
func (n *engineNode) heardSince(t time.Duration) bool {
	status := n.engine.Status(n.d.local(n.w.now)).Ring
	if status.State != ring.Operational || !n.w.others(n, status.Ring) {
		return false
	}
	latest := n.w.now - n.w.plan.Jitter - slices.Max(n.w.plan.Hops)
	from := t
	if n.w.plan.Plaintext {
		for _, at := range n.tape.hellos {
			if at > t {
				from = at
				break
			}
		}
	}
	return slices.ContainsFunc(n.tape.hellos, func(at time.Duration) bool { return at > from && at < latest })
}

// others tells whether another daemon's present life is in the ring as well.
func (w *World) others(n *engineNode, id ring.RingID) bool {
	return slices.ContainsFunc(w.daemons, func(d daemon) bool {
		m, ok := d.node.(*engineNode)
		if !ok || m == n || d.shadow || d.paused > 0 {
			return false
		}
		status := m.engine.Status(d.local(w.now)).Ring
		return status.State == ring.Operational && status.Ring == id
	})
}

// disturbed tells whether another fault is in force, or another machine has been
// put back and its daemon does not know.
func (w *World) disturbed() bool {
	for i := range w.plan.Faults {
		if w.active[i] && w.plan.Faults[i].Kind != Revert {
			return true
		}
	}
	return slices.ContainsFunc(w.daemons, func(d daemon) bool { return d.shadow })
}

// restartShadows starts daemons anew that have not noticed yet: with a fault
// begins what may keep them from it.
func (w *World) restartShadows() {
	for i := range w.daemons {
		if d := &w.daemons[i]; d.shadow {
			w.crash(d)
			w.boot(d)
		}
	}
}

// again makes the engine a life had at a time, and sets its clock back.
func (w *World) again(n *engineNode, upto time.Duration) *engineNode {
	m, c := w.blankNode(n.d), n.tape.config
	*m.entropy = n.tape.born
	c.Multipath.Entropy, c.Multipath.Trace, c.Ring.Trace, c.Agreed = m.entropy, m.traceMultipath, m.recorder.trace, m.traceAgreed
	m.start(c)
	n.d.base, n.d.since = n.tape.base, w.now
	lanes := make(map[int]*lane)
	for i := range n.tape.acts {
		a := &n.tape.acts[i]
		if a.at > upto {
			break
		}
		m.play(a, lanes)
		n.d.base = a.now
	}
	return m
}

// play gives a life what the record says.
func (n *engineNode) play(a *act, lanes map[int]*lane) {
	switch a.kind {
	case actReceive:
		n.receive(a.now, a.network, a.from, append([]byte(nil), a.data...))
	case actAdvance:
		n.advance(a.now)
	case actDrain:
		n.drain(a.now, func(int, int, []byte) {})
	case actDo:
		q := lanes[a.from]
		if q == nil {
			q = &lane{}
			lanes[a.from] = q
		}
		q.client, q.counter = a.client, a.counter
		n.do(a.now, a.from, q, a.message)
	case actRead:
		n.readLittle()
	case actResize:
		n.resize(a.now, a.network, a.from)
	case actKeys:
		n.setKeys(a.now, a.keys)
	case actSuspend:
		n.suspend(a.now, a.network, a.yes)
	case actLeave:
		n.leave(a.now)
	}
}

// rejuvenate gives a daemon that has noticed that its machine was put back a
// new life, as the real one's loop does. No other may believe that of itself,
// unless a member of a small cluster lies.
func (w *World) rejuvenate(d *daemon) {
	n, ok := d.node.(*engineNode)
	if !ok || !n.engine.Reverted() {
		return
	}
	if !d.shadow && !w.plan.lies() {
		w.checker.Broke(fmt.Sprintf("%s believes that its machine was put back", trace.ProcessString(d.process)))
		return
	}
	w.marks[RevertNoticed]++
	w.crash(d)
	w.heap.push(occasion{at: w.now + time.Millisecond, kind: restart, n: int32(d.slot)})
}
