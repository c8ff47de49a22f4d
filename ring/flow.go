package ring

import "time"

// flow bounds what a rotation carries (protocol rule 7). The window follows
// the best delivery rate and the *minimum* rotation of the last seconds: one
// that follows the current rotation time feeds back on itself.
type flow struct {
	fccMine uint32 // bytes I added to the token's fcc at my last visit
	rate    peak   // bytes per second delivered, best of the last 10 s
	fastest trough // shortest rotation of the last 10 s

	epochStart Time // of the present measurement of the rate
	epochSeq   Seq
	epochBytes int
	smoothed   time.Duration // rotation, holds excluded [RFC 6298 section 2, alpha 1/8]
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
	if f.smoothed == 0 {
		f.smoothed = took
	} else {
		f.smoothed += (took - f.smoothed) / 8
	}
	f.fastest.note(now, int64(took))
}

// deliveredBytes measures the delivery rate.
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
	if budget > 0 {
		w = min(w, budget)
	}
	return max(w, 2*cost(payload)) // one packet must always fit, whatever the budget
}

// cost is what a packet takes of a receive buffer.
func cost(payload int) int { return payload + trueSize }

// allowance is what this member may send at this visit: its share of the
// window by backlog, but never more than the others have left of it. A packet
// may be started while any of it is left, so no share is too small to use.
func (f *flow) allowance(w int, t *token, mine int, members int) int {
	others := int(t.fcc) - int(f.fccMine)
	left := w - max(others, 0)
	share := w / members
	if total := int(t.backlog); total > mine && total > 0 {
		share = max(share, int(int64(w)*int64(mine)/int64(total)))
	} else {
		share = w
	}
	return max(min(left, share), 0)
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
