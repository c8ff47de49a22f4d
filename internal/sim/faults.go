package sim

import "time"

// apply puts a fault that is in force on the links it concerns.
func (f *Fault) apply(w *World, now time.Duration) {
	for net := range w.plan.Networks {
		if f.Network >= 0 && f.Network != net && f.Kind != Crossed {
			continue
		}
		for from := range w.plan.Daemons {
			for to := range w.plan.Daemons {
				if from != to {
					f.applyTo(w.link(net, from, to), net, from, to, now)
				}
			}
		}
	}
}

// applyTo puts the fault on one link if it concerns it. Faults of one kind add
// up to the worse of each.
func (f *Fault) applyTo(l *link, net, from, to int, now time.Duration) {
	concerned := (f.From < 0 || f.From == from) && (f.To < 0 || f.To == to)
	switch f.Kind {
	case Partition:
		l.cut = l.cut || f.Groups[from] != f.Groups[to]
		return
	case Down:
		l.cut = l.cut || f.From == from || f.From == to
		return
	case Shrink:
		return
	case Crossed:
		there, back := f.From == from && f.To == to, f.From == to && f.To == from
		l.cut = l.cut || there && net != 0 || back && net != 1
		return
	}
	if !concerned {
		return
	}
	switch f.Kind {
	case Loss:
		l.loss = max(l.loss, f.Rate)
	case Burst:
		l.burst, l.bursts = max(l.burst, f.Rate), max(l.bursts, f.Count, 1)
	case Duplicate:
		l.double, l.copies, l.spread = max(l.double, f.Rate), max(l.copies, f.Count), max(l.spread, f.Delay)
	case Reorder:
		l.swap, l.swapBy = max(l.swap, f.Rate), max(l.swapBy, f.Delay)
	case Late:
		l.extra += f.Delay
	case Corrupt:
		l.corrupt = max(l.corrupt, f.Rate)
	case Cut, Mute, Deaf:
		l.cut = true
	case Flap:
		l.cut, l.flaps = l.cut || (now-f.At)/f.Delay%2 == 0, true
	}
}

// refault works out all links again from the faults in force.
func (w *World) refault() {
	for i := range w.links {
		w.links[i].clear()
	}
	for i := range w.plan.Faults {
		if w.active[i] {
			w.plan.Faults[i].apply(w, w.now)
		}
	}
	for i := range w.links {
		w.links[i].renew()
	}
	w.resize()
	w.tellLinks()
}

// resize works out what each interface takes, and tells the daemons that run.
func (w *World) resize() {
	for i := range w.daemons {
		d := &w.daemons[i]
		for net := range w.plan.Networks {
			size := w.plan.interfaceSize(w.active, i, net)
			if size == d.sizes[net] {
				continue
			}
			d.sizes[net] = size
			if d.node != nil && d.paused == 0 && !d.leaving {
				d.node.resize(d.local(w.now), net, size)
				w.settle(d)
			}
		}
	}
}

// interfaceSize is the largest payload a daemon's interface takes; 0: it is
// down.
func (p *Plan) interfaceSize(active []bool, daemon, net int) int {
	size := p.PayloadSize
	for i := range p.Faults {
		f := &p.Faults[i]
		switch {
		case !active[i] || f.From != daemon || f.Network != net:
		case f.Kind == Down:
			return 0
		case f.Kind == Shrink:
			size = min(size, f.Count)
		}
	}
	return size
}

// turnFlap cuts or mends the links of a flap that is in force.
func (w *World) turnFlap(i int) {
	if !w.active[i] {
		return
	}
	w.refault()
	w.heap.push(occasion{at: w.now + w.plan.Faults[i].Delay, kind: flap, n: int32(i)})
}
