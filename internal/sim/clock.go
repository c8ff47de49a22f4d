package sim

import (
	"slices"
	"time"

	"mpspread/ring"
)

// clock is a daemon's own monotonic clock: it showed base at the true time
// since, and runs at rate thousandths of the true rate (T2).
type clock struct {
	base, since time.Duration
	rate        int
}

// local turns true time into the clock's.
func (c *clock) local(t time.Duration) time.Duration {
	return c.base + (t-c.since)*time.Duration(c.rate)/1000
}

// global turns a time of the clock into the first true time at which it shows
// at least that.
func (c *clock) global(t time.Duration) time.Duration {
	r := time.Duration(c.rate)
	return c.since + ((t-c.base)*1000+r-1)/r
}

// setRate changes the clock's rate from a true time on, without a jump.
func (c *clock) setRate(now time.Duration, rate int) {
	c.base, c.since, c.rate = c.local(now), now, rate
}

// slowestClock is the least rate of any daemon's clock at any time.
func (p *Plan) slowestClock() int {
	slowest := slices.Min(p.Clocks)
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Kind == Skew {
			slowest = min(slowest, f.Rate)
		}
	}
	return slowest
}

// alarm is when a daemon is to be woken.
type alarm struct {
	at     time.Duration // true time; never: not at all
	target time.Duration // its deadline, by its own clock, that led to it
	tardy  int           // timers take up to so many times as long (T3)
	rand   prng
}

// planWake plans d's next wake-up.
func (w *World) planWake(d *daemon) {
	at := d.node.deadline()
	if at == ring.NoDeadline || d.slow > 0 && d.serving {
		return
	}
	t := max(d.global(at), w.now)
	if d.alarm.tardy > 1 {
		if at == d.alarm.target && d.alarm.at != never {
			return // planned already, and late
		}
		t += time.Duration(d.alarm.rand.below(1000)) * (t - w.now) / 1000 * time.Duration(d.alarm.tardy-1)
	}
	if t < d.alarm.at {
		d.alarm.at, d.alarm.target = t, at
		w.heap.push(occasion{at: t, kind: wake, n: int32(d.slot), mark: d.life})
	}
}

// rewake plans the next wake-up anew, when clock or timers are not what they
// were.
func (w *World) rewake(d *daemon) {
	d.alarm.at = never
	if d.node != nil && d.paused == 0 {
		w.planWake(d)
	}
}

const never = time.Duration(1<<63 - 1)

func (w *World) wakeUp(d *daemon, o *occasion) {
	if d.node == nil || d.life != o.mark || d.alarm.at != o.at {
		return
	}
	d.alarm.at = never
	switch {
	case d.paused > 0:
	case d.slow > 0:
		w.serveSoon(d)
	default:
		w.advance(d)
	}
}

// advance lets d's timers fire if they are due.
func (w *World) advance(d *daemon) {
	if now := d.local(w.now); d.node.deadline() <= now {
		d.node.advance(now)
		w.settle(d)
		return
	}
	w.planWake(d)
}

// timekeeping works out how clocks and timers of a daemon go.
func (w *World) timekeeping(d *daemon) {
	rate, tardy := w.plan.Clocks[d.at], 1
	for i := range w.plan.Faults {
		f := &w.plan.Faults[i]
		switch {
		case !w.active[i] || f.From != d.at:
		case f.Kind == Skew:
			rate = f.Rate
		case f.Kind == Timers:
			tardy = max(tardy, f.Count)
		}
	}
	d.alarm.tardy = tardy
	d.clock.setRate(w.now, rate)
	w.rewake(d)
}
