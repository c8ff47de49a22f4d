package ring

import (
	"math"
	"time"
)

// flow bounds what a rotation carries (protocol rule 7). The window follows
// the best delivery rate and the *minimum* rotation of the last seconds: one
// that follows the current rotation time feeds back on itself.
type flow struct {
	fccMine uint32 // bytes I added to the token's fcc at my last visit
	credit  int    // of my share, not used at the last visit: less than a packet
	rate    peak   // bytes per second delivered, in true size, best of the last 10 s
	fastest trough // shortest rotation of the last 10 s

	epochStart Time // of the present measurement of the rate
	epochBytes int
	smoothed   time.Duration // rotation, holds excluded [RFC 6298 section 2, alpha 1/8]
	// waking is the same for rotations with a hold, less the hold. Such a one
	// finds hosts asleep and caches cold, and takes several times as long.
	waking time.Duration
}

const (
	flowHistory   = 10 * time.Second
	rateInterval  = 50 * time.Millisecond
	floorPackets  = 32                   // window floor, per member
	capTime       = 2 * time.Millisecond // window cap: what the best rate delivers in this time
	defaultBudget = 212992
	// trueSize is what a datagram costs in a kernel's receive buffer beyond
	// its bytes: a 212 992-byte buffer holds 92 packets of 1400 bytes and 256
	// of 100 (protocol rule 7, measured).
	trueSize = 900
)

// rotated measures a rotation that no hold prolonged.
func (f *flow) rotated(now Time, took time.Duration) {
	f.smoothed = smooth(f.smoothed, took)
	f.fastest.note(now, int64(took))
}

// rested measures a rotation that took so much longer than its hold. Windows
// do not follow it: it says little of one with work to do.
func (f *flow) rested(took time.Duration) { f.waking = smooth(f.waking, took) }

// smooth takes a measurement into a mean; the first one is the mean.
func smooth(mean, took time.Duration) time.Duration {
	if mean == 0 {
		return took
	}
	return mean + (took-mean)/8
}

// deliveredBytes measures the delivery rate; n is true size, like the window.
func (f *flow) deliveredBytes(now Time, n int) {
	f.epochBytes += n
	if took := now - f.epochStart; took >= rateInterval {
		if took < 2*rateInterval {
			f.rate.note(now, int64(f.epochBytes)*int64(time.Second)/int64(took))
		}
		f.epochStart, f.epochBytes = now, 0
	}
}

// window returns how many bytes a rotation of n members may carry, counted in
// true size, given the least free receive budget in the ring.
func (f *flow) window(n, payload, budget int) int {
	rate := f.rate.best
	w := 0
	if f.fastest.set {
		w = int(rate * f.fastest.best / int64(time.Second) * 5 / 4)
	}
	w = min(w, int(rate*int64(capTime)/int64(time.Second)))
	w = max(w, n*floorPackets*cost(payload))
	w = min(w, budget-cost(payload)) // who has any of it left may start a packet
	return max(w, 2*cost(payload))   // some packet must always fit, whatever the budget
}

// clampBudget is a receive budget as the token can tell it, where 0 is none.
func clampBudget(n int) int { return min(max(n, 1), math.MaxInt32) }

// cost is what a packet takes of a receive buffer.
func cost(payload int) int { return payload + trueSize }

// left is what the others have left of a window. A packet may be started while
// there is any, so a rotation carries less than a packet more than the window.
func (f *flow) left(w int, t *token) int {
	return w - (int(t.fcc) - int(min(f.fccMine, t.fcc)))
}

// share is this member's part of a window: an eighth of it is divided evenly, so
// that nobody waits for ever behind those with much to send, the rest by what
// waits here and at the others. All shares together are at most the window.
func share(w, mine, others, members int) int {
	if others <= 0 {
		return w
	}
	even := w / 8
	return even/members + int(int64(w-even)*int64(mine)/int64(mine+others))
}

// spent carries over what was too little for a packet, for shares that are
// smaller than that.
func (f *flow) spent(mine, used, packet int) {
	f.credit = max(min(f.credit+mine-used, packet), 0)
}

// peak is the largest value noted in the last flowHistory, kept in two halves.
type peak struct {
	best, half int64
	turned     Time
}

func (p *peak) note(now Time, v int64) {
	if now-p.turned > flowHistory/2 {
		p.best, p.half, p.turned = max(p.half, v), v, now
	}
	p.half = max(p.half, v)
	p.best = max(p.best, v)
}

// trough is the smallest value noted in the last flowHistory.
type trough struct {
	best, half int64
	turned     Time
	set        bool
}

func (p *trough) note(now Time, v int64) {
	switch {
	case !p.set:
		*p = trough{best: v, half: v, turned: now, set: true}
	case now-p.turned > flowHistory/2:
		p.best, p.half, p.turned = min(p.half, v), v, now
	}
	p.half = min(p.half, v)
	p.best = min(p.best, v)
}
