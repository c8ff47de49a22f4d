package multipath

import "math/bits"

// Sizes of a window in packets (protocol rule 2). A life not yet proven gets a
// small one: only its hellos are read.
const (
	windowCandidate = 64
	windowStart     = 4096
	windowMax       = 65536
)

// What is kept per packet beside its tag: the networks it came on, and whether
// it was sent on one network on purpose.
const (
	markNetworks = 0x00ff
	markSingle   = 0x0100
)

type verdict uint8

const (
	fresh verdict = iota
	duplicate
	beyond
)

// window is the sliding window over the packet counters of one life of one
// sender. It is both duplicate filter and replay guard (SEC-4): copies over
// several networks and replays are the same case.
//
// Invariants: a slot belongs to the counter c with highest-size < c <= highest
// and c mod size = slot; its mark is zero if c has not been accepted.
// settled <= highest; every accepted counter up to settled is in the ledger.
// Only accept changes what check answers, and accept is called for
// authenticated packets alone (MPX-3).
type window struct {
	highest uint64 // highest accepted counter; 0: none
	floor   uint64 // counters below are refused whatever the window says
	tags    []uint64
	marks   []uint16

	settled uint64 // see ledger.go
	last    uint64 // highest at the last tick
	before  uint64 // highest at the tick before that
}

func newWindow(size int) window {
	return window{floor: 1, tags: make([]uint64, size), marks: make([]uint16, size)}
}

func (w *window) size() uint64 { return uint64(len(w.marks)) }

func (w *window) slot(counter uint64) uint64 { return counter & (w.size() - 1) }

// check tells what a counter is, from the clear header alone.
func (w *window) check(counter uint64) verdict {
	switch {
	case counter < w.floor:
		return beyond
	case counter > w.highest:
		return fresh
	case w.highest-counter >= w.size():
		return beyond
	case w.marks[w.slot(counter)] != 0:
		return duplicate
	}
	return fresh
}

// accept enters an authenticated packet for which check said fresh.
func (w *window) accept(counter, tag uint64, mark uint16, l *ledger) {
	if counter > w.highest {
		w.slide(counter, l)
	}
	s := w.slot(counter)
	w.tags[s], w.marks[s] = tag, mark
	l.first(mark)
}

// slide makes counter the highest one. What falls out is settled first.
func (w *window) slide(counter uint64, l *ledger) {
	size := w.size()
	if counter > size {
		w.settle(min(counter-size, w.highest), l)
		w.settled = max(w.settled, counter-size)
	}
	if counter-w.highest >= size {
		clear(w.marks)
	} else {
		for c := w.highest + 1; c <= counter && c != 0; c++ {
			w.marks[w.slot(c)] = 0
		}
	}
	w.highest = counter
}

// credit enters a further copy of an accepted packet. It counts for its
// network only if its tag is that of the packet that was accepted: anybody can
// send a header (protocol rule 2).
func (w *window) credit(counter, tag uint64, bit uint8, l *ledger) bool {
	s := w.slot(counter)
	if w.tags[s] != tag {
		return false
	}
	if w.marks[s]&uint16(bit) == 0 {
		w.marks[s] |= uint16(bit)
		if counter > w.settled && w.marks[s]&markSingle == 0 {
			l.late(bit)
		}
	}
	return true
}

// tick is called every half of the maximum skew. What was in the window two
// ticks ago is now settled; a busy sender's window grows so that it spans at
// least eight ticks, twice the four times asked for (protocol rule 2: packets
// unstable in the ring are younger than that).
func (w *window) tick(l *ledger) {
	w.settle(w.before, l)
	w.before, w.last = w.last, w.highest
	if d := w.last - w.before; w.before != 0 && d > w.size()/8 && w.size() < windowMax {
		w.grow(min(windowMax, uint64(1)<<bits.Len64(min(d, windowMax)*8)))
	}
}

// grow makes the window larger; nothing is forgotten.
func (w *window) grow(size uint64) {
	if size <= w.size() {
		return
	}
	old := *w
	w.tags, w.marks = make([]uint64, size), make([]uint16, size)
	for i := uint64(0); i < old.size() && i < old.highest; i++ {
		c := old.highest - i
		w.tags[w.slot(c)], w.marks[w.slot(c)] = old.tags[old.slot(c)], old.marks[old.slot(c)]
	}
	// Slots that are older than the old window were forgotten before: they
	// must stay refused, or a replay of them would be let in.
	if old.highest >= old.size() {
		w.floor = max(w.floor, old.highest-old.size()+1)
	}
}

// raiseFloor refuses everything before a counter from now on (SEC-6: what was
// sent before a life was proven may be a recording).
func (w *window) raiseFloor(counter uint64) { w.floor = max(w.floor, counter) }
