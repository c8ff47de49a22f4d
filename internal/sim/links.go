package sim

import "time"

// link is one direction from one daemon to another over one network, with the
// faults in force on it.
type link struct {
	weather
	seed  uint64
	index int
	hop   time.Duration

	// A stream for each kind of draw, so that what one fault draws shifts no
	// other's draws.
	draws   [drawKinds]prng
	started uint16

	burstLeft int
	instant   time.Duration // of the last packet sent …
	atInstant int           // … and how many were sent then
	tailIsCut bool          // of that instant
	last      time.Duration // arrival of the last packet: links do not overtake …
	lateness  time.Duration // … but when a network stops being late by this much
	latest    time.Duration // arrival of the last one to come
	former    time.Duration // … of those sealed before the sender took the active key
	refused   time.Duration // until then some come whose key is removed
	told      toldLink
	passed    uint64 // packets
	heldBack  []overtaken
	previous  []byte // the packet before, for splices
}

// weather is what the faults in force do to a link.
type weather struct {
	cut, flaps     bool // it flaps: cut now and then
	loss           int  // thousandths, as all rates here
	burst, bursts  int  // rate, longest
	tail, tailRate int  // packets of an instant that pass; 0: all
	double, copies int
	spread         time.Duration // how much later a copy may come
	swap, places   int           // rate, by how many packets it is overtaken at most …
	swapBy         time.Duration // … or, with none, by how much time
	jitter, extra  time.Duration
	drift          drift
	ghost, ghostOn int // rate, networks further
	ghostBy        time.Duration
	over, large    int // size above which packets are lost, rate
	largeBy        time.Duration
	gate           *gate
	corrupt        int
	source         int // whose address packets come from, as position + 1; 0: the sender's
	stray          int // rate
	astray         int // rate
	astrayTo       int // daemon
}

// drift is a delay that grows from nothing to all of by.
type drift struct {
	since, over, by time.Duration
}

// at is the delay at a time.
func (d *drift) at(now time.Duration) time.Duration {
	const step = time.Millisecond
	if d.by == 0 || d.over < step {
		return d.by
	}
	passed := min(now-d.since, d.over)
	return time.Duration(int64(d.by/step)*int64(passed/step)/int64(d.over/step)) * step
}

// overtaken is a packet held back until so many others have passed.
type overtaken struct {
	flight
	until uint64
}

// The kinds of draws a link makes.
const (
	drawLoss = iota
	drawBurst
	drawTail
	drawCopies
	drawSwap
	drawHop
	drawJitter
	drawGhost
	drawLarge
	drawCorrupt
	drawStray
	drawAstray
	drawKinds
)

// rand is the stream of one kind of draw.
func (l *link) rand(kind int) *prng {
	if l.started>>kind&1 == 0 {
		l.started |= 1 << kind
		l.draws[kind] = stream(l.seed, "link", l.index, kind)
	}
	return &l.draws[kind]
}

// chance draws whether something happens that does in rate of 1000 cases.
func (l *link) chance(kind, rate int) bool { return rate > 0 && l.rand(kind).chance(rate) }

// takes draws whether the next packet gets through.
func (l *link) takes(now time.Duration, size int) bool {
	switch {
	case l.cut:
		return false
	case l.tail > 0 && l.beyondTail(now):
		return false
	case l.burstLeft > 0:
		l.burstLeft--
		return false
	case l.chance(drawBurst, l.burst):
		l.burstLeft = l.rand(drawBurst).below(l.bursts)
		return false
	case l.chance(drawLoss, l.loss):
		return false
	case l.over > 0 && size > l.over && l.chance(drawLarge, l.large):
		return false
	}
	return l.gate == nil || l.gate.takes(now)
}

// beyondTail tells whether a packet is one of those at the end of a burst that
// a switch with a short queue drops.
func (l *link) beyondTail(now time.Duration) bool {
	if now != l.instant {
		l.instant, l.atInstant = now, 0
		l.tailIsCut = l.chance(drawTail, l.tailRate)
	}
	l.atInstant++
	return l.tailIsCut && l.atInstant > l.tail
}

// arrives draws when a packet sent now arrives.
func (l *link) arrives(now, jitter time.Duration, size int) time.Duration {
	at := now + l.hop
	if jitter > 0 {
		at += l.rand(drawHop).time(0, jitter)
	}
	if late := l.delay(now); late > 0 {
		l.lateness = max(l.lateness, late)
		at += late
	}
	if l.over > 0 && size > l.over && l.largeBy > 0 {
		return at + l.largeBy // smaller ones do not wait for it
	}
	if l.places == 0 && l.chance(drawSwap, l.swap) {
		return at + l.rand(drawSwap).time(0, l.swapBy) // overtaken
	}
	l.last = max(l.last, at)
	return l.last
}

// delay draws how much longer than usual the next packet takes.
func (l *link) delay(now time.Duration) time.Duration {
	late := l.extra + l.drift.at(now)
	if l.jitter > 0 {
		late += l.rand(drawJitter).time(0, l.jitter)
	}
	if l.gate != nil {
		late += l.gate.waits(now)
	}
	return late
}

// behind draws by how many packets the next one is overtaken.
func (l *link) behind() int {
	if l.places == 0 || !l.chance(drawSwap, l.swap) {
		return 0
	}
	return l.rand(drawSwap).between(1, l.places)
}

// spoils draws whether the next packet arrives with other bytes, and makes
// them: a bit flipped, the end cut off, something added, or the end of the
// packet before it in the place of its own.
func (l *link) spoils(data []byte) ([]byte, bool) {
	if l.corrupt == 0 {
		return data, false
	}
	before := l.previous
	l.previous = append([]byte(nil), data...)
	if !l.chance(drawCorrupt, l.corrupt) || len(data) == 0 {
		return data, false
	}
	r := l.rand(drawCorrupt)
	other := append([]byte(nil), data...)
	switch r.below(4) {
	case 0:
		other[r.below(len(other))] ^= 1 << r.below(8)
	case 1:
		other = other[:r.below(len(other))]
	case 2:
		other = append(other, byte(r.next()))
	case 3:
		at := r.below(len(other))
		other = append(other[:at], before[min(at, len(before)):]...)
	}
	return other, true
}

// more draws how many further copies of a packet arrive.
func (l *link) more() int {
	if !l.chance(drawCopies, l.double) {
		return 0
	}
	return 1 + l.rand(drawCopies).below(max(l.copies, 1))
}

// renew forgets what ended with the faults before: the rest of a burst, and,
// when less delay is in force, the queue that packets still on their way
// stand in. They then come as ghosts, long after newer ones (N7).
func (l *link) renew(now time.Duration) {
	if l.burst == 0 {
		l.burstLeft = 0
	}
	if l.corrupt == 0 {
		l.previous = nil
	}
	if late := l.extra + l.jitter + l.drift.at(now); l.gate == nil && late < l.lateness {
		l.last, l.lateness = 0, late
	}
}
