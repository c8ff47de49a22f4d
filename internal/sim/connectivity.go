package sim

import (
	"time"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// What the world knows of each link is written down, so that the checker can
// tell what the daemons should have noticed (MPX-8) and what they must not have
// minded (MPX-5, MPX-6).

// toldLink is what was last written down of a link.
type toldLink struct {
	from, to ring.Process
	text     string
	delay    time.Duration
}

// health is what a link is now, and the greatest delay of what is sent on it;
// of a cut one, how long what was sent before may still come. Every fault that
// can keep a packet from arriving as it was sent makes the link bad, and so
// does a daemon at either end whose time is not that of the others.
func (w *World) health(net, from, to int) (string, time.Duration) {
	l, a, b := w.link(net, from, to), &w.daemons[from], &w.daemons[to]
	switch {
	case a.untimely(w.plan), b.untimely(w.plan):
		return trace.LinkBad, 0
	case l.cut && !l.flaps && !w.straying() && len(l.heldBack) == 0:
		return trace.LinkCut, max(l.latest-w.now, 0)
	case l.refused > w.now, l.harmful(), a.ports[net].rate > 0, a.ports[net].suspended:
		return trace.LinkBad, 0
	case min(a.ports[net].size, b.ports[net].size) < w.plan.PayloadSize:
		return trace.LinkBad, 0
	}
	return trace.LinkWorks, w.delay(l)
}

// delay is the greatest one of what is sent on a link now.
func (w *World) delay(l *link) time.Duration {
	delay := l.hop + w.plan.Jitter + l.extra + l.jitter + l.drift.by
	if l.swap > 0 {
		delay += l.swapBy
	}
	return delay
}

// harmful tells whether a packet may not arrive as it was sent, or only when
// others do.
func (l *link) harmful() bool {
	return l.cut || l.flaps || l.loss > 0 || l.burst > 0 || l.tailRate > 0 || l.corrupt > 0 || l.over > 0 ||
		l.gate != nil || l.source != 0 || l.swap > 0 && l.places > 0
}

// straying tells whether packets may arrive where no link brings them.
func (w *World) straying() bool {
	for i := range w.links {
		if w.links[i].ghost > 0 || w.links[i].astray > 0 {
			return true
		}
	}
	return len(w.recalls) > 0
}

// untimely tells whether a daemon is slow, or its clock or timers are wrong, or
// it is not one that others may listen to.
func (d *daemon) untimely(p *Plan) bool {
	return d.shadow || d.mistake != 0 || d.slow > 0 || d.alarm.tardy > 1 || d.rate != p.Clocks[d.at]
}

// tellLinks writes down what has changed of the links between daemons that
// run.
func (w *World) tellLinks() {
	if w.opt.Packet != nil || w.choices != nil {
		return // who meddles with packets knows more of the links than the world
	}
	for net := range w.plan.Networks {
		for from := range w.plan.Daemons {
			for to := range w.plan.Daemons {
				a, b := &w.daemons[from], &w.daemons[to]
				if from == to || a.node == nil || b.node == nil || !w.plan.on(from, net) || !w.plan.on(to, net) {
					continue
				}
				now := toldLink{from: a.process, to: b.process}
				now.text, now.delay = w.health(net, from, to)
				told := &w.link(net, from, to).told
				if *told == now || now.text == told.text && now.text != trace.LinkWorks && told.from == now.from && told.to == now.to {
					continue
				}
				*told = now
				w.emit(b, &trace.Event{Kind: trace.Link, From: a.process, Network: uint8(net), Bound: now.delay, Text: now.text})
			}
		}
	}
}
