package sim

import "time"

// link is one direction from one daemon to another over one network, with the
// faults in force on it.
type link struct {
	rand prng
	hop  time.Duration

	cut            bool
	loss           int // thousandths
	burst, bursts  int // rate, longest
	double, copies int
	spread         time.Duration // how much later a copy may come
	swap           int
	swapBy         time.Duration
	extra          time.Duration
	corrupt        int
	flaps          bool // cut now and then

	burstLeft int
	last      time.Duration // arrival of the last packet: links do not overtake …
	lateness  time.Duration // … but when a network stops being late by this much
	latest    time.Duration // arrival of the last one to come
	told      toldLink
}

// clear takes all faults off.
func (l *link) clear() {
	l.cut, l.loss, l.burst, l.bursts, l.double, l.copies, l.spread = false, 0, 0, 0, 0, 0, 0
	l.swap, l.swapBy, l.extra, l.corrupt, l.flaps = 0, 0, 0, 0, false
}

// lost draws whether the next packet is lost.
func (l *link) lost() bool {
	switch {
	case l.cut:
		return true
	case l.burstLeft > 0:
		l.burstLeft--
		return true
	case l.rand.chance(l.burst):
		l.burstLeft = l.rand.below(l.bursts)
		return true
	}
	return l.rand.chance(l.loss)
}

// arrives draws when a packet sent now arrives.
func (l *link) arrives(now, jitter time.Duration) time.Duration {
	at := now + l.hop + l.extra
	if jitter > 0 {
		at += l.rand.time(0, jitter)
	}
	if l.rand.chance(l.swap) {
		return at + l.rand.time(0, l.swapBy) // overtaken
	}
	l.last = max(l.last, at)
	return l.last
}

// spoils draws whether the next packet arrives with other bytes, and makes
// them: a bit flipped, the end cut off, or something added.
func (l *link) spoils(data []byte) ([]byte, bool) {
	if !l.rand.chance(l.corrupt) || len(data) == 0 {
		return data, false
	}
	other := append([]byte(nil), data...)
	switch l.rand.below(3) {
	case 0:
		other[l.rand.below(len(other))] ^= 1 << l.rand.below(8)
	case 1:
		other = other[:l.rand.below(len(other))]
	case 2:
		other = append(other, byte(l.rand.next()))
	}
	return other, true
}

// more draws how many further copies of a packet arrive.
func (l *link) more() int {
	if !l.rand.chance(l.double) {
		return 0
	}
	return 1 + l.rand.below(max(l.copies, 1))
}

// renew forgets what ended with the faults before: the rest of a burst, and,
// when less delay is in force, the queue that packets still on their way
// stand in. They then come as ghosts, long after newer ones (N7).
func (l *link) renew() {
	if l.burst == 0 {
		l.burstLeft = 0
	}
	if l.extra < l.lateness {
		l.last = 0
	}
	l.lateness = l.extra
}
