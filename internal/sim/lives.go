package sim

import (
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// boot begins a new life of a daemon, unless a fault keeps it down.
func (w *World) boot(d *daemon) {
	if d.node != nil || d.downs > 0 {
		return
	}
	former := d.process
	d.life++
	d.place = 0
	d.process = ring.Process{Daemon: w.plan.Order[d.at], Incarnation: ring.Incarnation(1 + d.rand.next()%0xffff)}
	if d.life > 1 {
		// Never the same number twice, and the life can be told from it.
		d.process.Incarnation |= ring.Incarnation(d.life << 16)
	}
	d.process.Incarnation |= ring.Incarnation(d.slot-d.at) << 40 // a twin's is its own
	d.shadow = false
	w.calm = w.now
	if d.mistake != 0 {
		w.mistaken[d.process] = d.mistake
	}
	d.base, d.since = d.rand.time(0, time.Hour), w.now
	d.alarm.at = never
	d.doomed, d.leaving = -1, false
	d.serving, d.batch, d.busyUntil = false, 0, 0
	d.queue = d.queue[:0]
	d.lanes = make(map[int]*lane)
	d.view = view{}
	if d.life > 1 {
		w.markRestart(d, former)
	}
	w.emit(d, &trace.Event{Kind: trace.Start})
	d.node = w.newNode(d)
	w.tellLinks()
	w.tellSizes(d)
}

// tellSizes tells a daemon what its interfaces take where that is less than
// usual, or may have changed meanwhile.
func (w *World) tellSizes(d *daemon) {
	for net := range d.ports {
		if d.node != nil {
			d.node.resize(d.local(w.now), net, d.ports[net].size)
			w.settle(d)
		}
	}
}

// crash ends a life at once.
func (w *World) crash(d *daemon) {
	if d.node == nil {
		return
	}
	w.count(d.node.counters())
	w.markEnd(d)
	for net := range d.ports {
		d.ports[net].suspended = false // nobody remembers it
	}
	kind := trace.Crash
	if d.leaving {
		kind = trace.Stop
	}
	d.node, d.touched = nil, true
	for _, n := range d.queue {
		w.landed(n)
	}
	d.queue = d.queue[:0]
	w.emit(d, &trace.Event{Kind: kind})
}

// doomAfter is how long a daemon that is to crash after some more packets may
// take to send them.
const doomAfter = 100 * time.Millisecond

// lingers is how long a daemon that leaves goes on, to say so.
const lingers = 50 * time.Millisecond

// begin puts a fault into force.
func (w *World) begin(i int) {
	f := &w.plan.Faults[i]
	if w.quiet {
		return
	}
	if f.On != "" && !w.fired[i] {
		w.armed = append(w.armed, i)
		return
	}
	w.emit(nil, &trace.Event{Kind: trace.Fault, First: f.Kind.takesPaths(), Text: "begins: " + f.String()})
	w.active[i], w.began[i] = true, w.now
	if f.Kind != Revert {
		w.restartShadows()
	}
	if !f.Permanent {
		w.heap.push(occasion{at: w.now + f.For, kind: faultEnds, n: int32(i)})
	}
	switch f.Kind {
	case Crash:
		w.down(&w.daemons[f.From], f.Count)
	case Leave:
		w.politely(&w.daemons[f.From])
	case Pause:
		w.pause(&w.daemons[f.From], f.Count)
	case Slow:
		w.pace(&w.daemons[f.From])
		w.tellLinks()
	case Skew, Timers:
		w.timekeeping(&w.daemons[f.From])
		w.tellLinks()
	case Wall:
		w.daemons[f.From].wall += f.Delay
	case Stale:
		w.stales = append(w.stales, stale{fault: i})
	case Recall:
		w.recalls = append(w.recalls, recall{fault: i})
	case Lie:
		w.daemons[f.From].lies += f.Rate
	case Revert:
		w.revert(&w.daemons[f.From], f.Delay)
	case Twin:
		w.pair(f.From)
	case Wrong:
		w.misconfigure(&w.daemons[f.From], Mistake(f.Count))
	case Suspend:
		w.suspend(&w.daemons[f.From], f.Network)
	case Rotate:
		w.rotate(i)
	case Flap:
		w.refault()
		w.heap.push(occasion{at: w.now + f.Delay, kind: flap, n: int32(i)})
	default:
		w.refault()
	}
}

// end takes a fault out of force.
func (w *World) end(i int) {
	if !w.active[i] {
		return
	}
	f := &w.plan.Faults[i]
	w.showStatus()
	w.active[i] = false
	if f.Kind != Revert {
		w.calm = w.now
	}
	w.emit(nil, &trace.Event{Kind: trace.Fault, First: f.Kind.takesPaths(), Text: "ends: " + f.String()})
	switch f.Kind {
	case Crash, Leave:
		d := &w.daemons[f.From]
		d.downs--
		w.crash(d) // should it still be on its way down
		w.boot(d)
	case Pause:
		w.resume(&w.daemons[f.From])
	case Slow:
		w.pace(&w.daemons[f.From])
		w.tellLinks()
	case Skew, Timers:
		w.timekeeping(&w.daemons[f.From])
		w.tellLinks()
	case Wall, Revert, Rotate:
	case Stale:
		w.endStale(i)
	case Recall:
		w.endRecall(i)
	case Lie:
		w.daemons[f.From].lies -= f.Rate
	case Twin:
		w.pair(f.From)
	case Wrong:
		w.misconfigure(&w.daemons[f.From], 0)
	case Suspend:
		w.suspend(&w.daemons[f.From], f.Network)
	default:
		w.refault()
	}
}

func (w *World) down(d *daemon, after int) {
	d.downs++
	if d.node == nil {
		return
	}
	if after == 0 {
		w.crash(d)
		return
	}
	if d.doomed < 0 {
		d.doomed = after
	}
	w.heap.push(occasion{at: w.now + doomAfter, kind: doom, n: int32(d.slot), mark: d.life})
}

func (w *World) politely(d *daemon) {
	d.downs++
	if d.node == nil || d.leaving || d.paused > 0 {
		w.crash(d)
		return
	}
	d.leaving = true
	d.node.leave(d.local(w.now))
	w.settle(d)
	w.heap.push(occasion{at: w.now + lingers, kind: doom, n: int32(d.slot), mark: d.life})
}

func (w *World) pause(d *daemon, keep int) {
	d.paused++
	d.keep = keep
	if d.node != nil && d.paused == 1 {
		w.emit(d, &trace.Event{Kind: trace.Pause})
	}
}

// resume lets a daemon go on: it first reads what came meanwhile, then its
// timers fire (protocol rule 10).
func (w *World) resume(d *daemon) {
	if d.paused--; d.paused > 0 || d.node == nil {
		return
	}
	w.emit(d, &trace.Event{Kind: trace.Resume})
	w.pace(d) // what its queue holds again
	if d.slow > 0 {
		w.serveSoon(d)
	} else {
		w.catchUp(d)
	}
	w.tellSizes(d)
	for net := range d.ports {
		w.suspend(d, net) // what the operator has wanted meanwhile
	}
}
