package sim

// port is a daemon's own end of a network: its interface and socket.
type port struct {
	size int // payload the interface takes; 0: down
	// The operator has taken the network out of use here, in this life.
	suspended bool
	// Sends are refused in runs (EAGAIN, ENOBUFS, EPERM): with rate
	// thousandths a run of 1 to most begins.
	rate, most, left int
	rand             prng
}

// refuses draws whether the next send fails. The error concerns this network
// alone and reaches nobody: datalink counts it (design 3).
func (p *port) refuses() bool {
	switch {
	case p.left > 0:
		p.left--
		return true
	case p.rate > 0 && p.rand.chance(p.rate):
		p.left = p.rand.below(max(p.most, 1))
		return true
	}
	return false
}

// reopen works out what each interface does, and tells the daemons that run
// what it takes.
func (w *World) reopen() {
	for i := range w.daemons {
		d := &w.daemons[i]
		for net := range d.ports {
			p := &d.ports[net]
			p.rate, p.most = w.refusals(d.at, net)
			if p.rate == 0 {
				p.left = 0
			}
			size := w.interfaceSize(d.at, net)
			if size == p.size {
				continue
			}
			p.size = size
			if d.node != nil && d.paused == 0 && !d.leaving {
				d.node.resize(d.local(w.now), net, size)
				w.settle(d)
			}
		}
	}
}

// refusals are rate and longest run of a daemon's failing sends.
func (w *World) refusals(daemon, net int) (rate, most int) {
	for i := range w.plan.Faults {
		f := &w.plan.Faults[i]
		if w.active[i] && f.Kind == Errors && f.From == daemon && (f.Network < 0 || f.Network == net) {
			rate, most = max(rate, f.Rate), max(most, f.Count)
		}
	}
	return rate, most
}

// interfaceSize is the largest payload a daemon's interface takes; 0: it is
// down.
func (w *World) interfaceSize(daemon, net int) int {
	size := w.plan.PayloadSize
	for i := range w.plan.Faults {
		f := &w.plan.Faults[i]
		switch {
		case !w.active[i] || f.From != daemon || f.Network != net:
		case f.Kind == Down:
			return 0
		case f.Kind == Shrink:
			size = min(size, f.Count)
		}
	}
	return size
}
