package sim

import "time"

// A slow daemon takes time for each packet (P5), so that packets wait in its
// kernel's queue, of which there is so much and no more (R2). It works as the
// loop of the real one: what was waiting when it woke up is served first, then
// its timers fire.

// serveSoon makes a slow daemon go to work when it is free.
func (w *World) serveSoon(d *daemon) {
	if d.slow == 0 || d.serving || d.paused > 0 {
		return
	}
	d.serving = true
	w.heap.push(occasion{at: max(w.now, d.busyUntil), kind: serve, n: int32(d.slot), mark: d.life})
}

// serveNext lets a slow daemon do the next thing.
func (w *World) serveNext(d *daemon, life uint64) {
	if d.node == nil || d.life != life || !d.serving {
		return
	}
	d.serving = false
	if d.paused > 0 || d.slow == 0 {
		return
	}
	d.busyUntil = w.now + d.slow
	if d.batch == 0 {
		d.batch = len(d.queue)
	}
	if d.batch > 0 {
		d.batch--
		n := d.queue[0]
		d.queue = append(d.queue[:0], d.queue[1:]...)
		w.deliver(d, n)
	}
	if d.node == nil || d.life != life {
		return
	}
	if d.batch == 0 {
		w.advance(d)
	}
	if d.node != nil && d.life == life && len(d.queue) > 0 {
		w.serveSoon(d)
	}
}

// pace works out how slow a daemon is. One that is slow no more does at once
// what has waited.
func (w *World) pace(d *daemon) {
	cost, room := time.Duration(0), 0
	for i := range w.plan.Faults {
		if f := &w.plan.Faults[i]; w.active[i] && f.Kind == Slow && f.From == d.at {
			cost, room = max(cost, f.Delay, time.Microsecond), max(room, f.Count)
		}
	}
	was := d.slow
	d.slow = cost
	if d.paused == 0 {
		d.keep = room
	}
	if was > 0 && cost == 0 {
		d.serving, d.batch = false, 0
		if d.paused == 0 {
			w.catchUp(d)
		}
	}
}

// catchUp lets a daemon read what has waited; then its timers fire (protocol
// rule 10).
func (w *World) catchUp(d *daemon) {
	if d.node == nil {
		return
	}
	life := d.life
	queue := append([]int32(nil), d.queue...)
	d.queue = d.queue[:0]
	for i, n := range queue {
		if d.node == nil || d.life != life {
			for _, rest := range queue[i:] {
				w.landed(rest)
			}
			return
		}
		w.deliver(d, n)
	}
	if d.node != nil && d.life == life {
		w.advance(d)
	}
}
