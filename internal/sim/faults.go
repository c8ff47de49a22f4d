package sim

import "time"

// apply puts a fault that is in force on the links it concerns.
func (w *World) apply(i int) {
	f := &w.plan.Faults[i]
	for net := range w.plan.Networks {
		if f.Network >= 0 && f.Network != net && f.Kind != Crossed {
			continue
		}
		for from := range w.plan.Daemons {
			for to := range w.plan.Daemons {
				if from != to {
					w.applyTo(i, net, from, to)
				}
			}
		}
	}
}

// applyTo puts a fault on one link if it concerns it.
func (w *World) applyTo(i, net, from, to int) {
	f, l := &w.plan.Faults[i], w.link(net, from, to)
	switch f.Kind {
	case Partition:
		l.cut = l.cut || f.Groups[from] != f.Groups[to]
	case Down:
		l.cut = l.cut || f.From == from || f.From == to
	case Crossed:
		there, back := f.From == from && f.To == to, f.From == to && f.To == from
		l.cut = l.cut || there && net != 0 || back && net != 1
	case Limit:
		if (f.From < 0 || f.From == from) && (f.To < 0 || f.To == to) {
			l.narrow(w.gate(gateKey{i, net, f.From, to}, f))
		}
	case Flap:
		phase := int((w.now - w.began[i]) / f.Delay)
		turn := phase%2 == 0
		if f.Count == 1 {
			turn = phase%w.plan.Networks == net
		}
		if (f.From < 0 || f.From == from) && (f.To < 0 || f.To == to) {
			l.cut, l.flaps = l.cut || turn, true
		}
	case Crash, Leave, Pause, Slow, Wall, Skew, Timers, Shrink, Errors, Stale, Recall, Lie, Revert, Twin, Wrong, Suspend, Rotate:
		// These are about daemons, not about links.
	default:
		if (f.From < 0 || f.From == from) && (f.To < 0 || f.To == to) {
			l.suffer(f, w.began[i])
		}
	}
}

// suffer puts a fault that began at some time on a link. Faults of one kind add
// up to the worse of each argument.
func (l *link) suffer(f *Fault, began time.Duration) {
	switch f.Kind {
	case Loss:
		l.loss = max(l.loss, f.Rate)
	case Burst:
		l.burst, l.bursts = max(l.burst, f.Rate), max(l.bursts, f.Count, 1)
	case Tail:
		l.tail, l.tailRate = least(l.tail, max(f.Count, 1)), max(l.tailRate, f.Rate)
	case Duplicate:
		l.double, l.copies, l.spread = max(l.double, f.Rate), max(l.copies, f.Count), max(l.spread, f.Delay)
	case Reorder:
		l.swap, l.places, l.swapBy = max(l.swap, f.Rate), max(l.places, f.Count), max(l.swapBy, f.Delay)
	case Jitter:
		l.jitter = max(l.jitter, f.Delay)
	case Late:
		l.extra += f.Delay
	case Drift:
		if f.Delay > l.drift.by {
			l.drift = drift{since: began, over: f.For, by: f.Delay}
		}
	case Ghost:
		l.ghost, l.ghostOn, l.ghostBy = max(l.ghost, f.Rate), max(l.ghostOn, f.Count), max(l.ghostBy, f.Delay)
	case Large:
		l.over, l.large, l.largeBy = least(l.over, f.Count), max(l.large, f.Rate), max(l.largeBy, f.Delay)
	case Stray:
		l.stray = max(l.stray, f.Rate)
	case Corrupt:
		l.corrupt = max(l.corrupt, f.Rate)
	case Address:
		l.source = nobodys
		if f.Count > 0 {
			l.source = f.Count
		}
	case Astray:
		l.astray, l.astrayTo = max(l.astray, f.Rate), f.Count-1
	case Cut, Mute, Deaf:
		l.cut = true
	}
}

// nobodys is the place of an address that no daemon has.
const nobodys = 255

// narrow puts the narrower of two bottlenecks on a link.
func (l *link) narrow(g *gate) {
	if l.gate == nil || g.each > l.gate.each {
		l.gate = g
	}
}

// least is the smaller of two numbers of which the first may be none, 0.
func least(a, b int) int {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// refault works out all links again from the faults in force.
func (w *World) refault() {
	for i := range w.links {
		w.links[i].weather = weather{}
	}
	for i := range w.plan.Faults {
		if w.active[i] {
			w.apply(i)
		}
	}
	for i := range w.links {
		l := &w.links[i]
		l.renew(w.now)
		if l.places == 0 && len(l.heldBack) > 0 {
			w.release(l, never64)
		}
	}
	w.reopen()
	w.tellLinks()
	w.markPaths()
}

// never64 is more packets than ever pass a link.
const never64 = 1<<64 - 1

// turnFlap cuts or mends the links of a flap that is in force.
func (w *World) turnFlap(i int) {
	if !w.active[i] {
		return
	}
	w.refault()
	w.heap.push(occasion{at: w.now + w.plan.Faults[i].Delay, kind: flap, n: int32(i)})
}
