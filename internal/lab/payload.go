//go:build linux

package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Payloads check themselves: everything in one follows from its sender and its
// counter, size included. From the seventh byte on it is a stream of numbers
// seeded by both; before it stand sender and counter themselves, for whoever
// reads a dump. Receivers know the sender from the message and the counter from
// the number that travels with it (kind), however short the payload.

// MaxPayload is the largest payload: what Spread's protocol carries, 144 000
// bytes, less room for the names of two groups.
const MaxPayload = 144_000 - 2*32

// payloadSizes are drawn from with equal chance: edges, then sizes within one
// packet, of several, and the largest.
var payloadSizes = []int{
	0, 1, 5, 6, 7, 40, 100, 300, 700, 1000, 1300, 1400, 1472, 1500,
	64, 80, 128, 200, 256, 400, 512, 900, 1100, 1200,
	2000, 2900, 4000, 6000, 9000, 15_000, 40_000, MaxPayload,
}

// payload appends to dst what a sender sends as its message of this counter,
// of one of these sizes.
func payload(dst []byte, sizes []int, sender uint16, counter uint32) []byte {
	state := mix(uint64(sender)<<32 | uint64(counter))
	size := sizes[state%uint64(len(sizes))]
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, sender)
	dst = binary.BigEndian.AppendUint32(dst, counter)
	for len(dst)-start < size {
		state = mix(state)
		dst = binary.LittleEndian.AppendUint64(dst, state)
	}
	return dst[:start+size]
}

// mix is one step of the splitmix64 generator (Steele, Lea, Flood: Fast
// splittable pseudorandom number generators, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// kind is the number that travels beside a payload: by it a message too short
// to name itself is told from others.
func kind(counter uint32) int16 { return int16(uint16(counter)) }

// counterNear is the counter that a message of this kind has, near to a number
// that it cannot be far from.
func counterNear(near uint32, k int16) uint32 {
	return near + uint32(int32(int16(uint16(k)-uint16(near))))
}

// entry is a message in a receiver's sequence.
type entry struct {
	sender  uint16
	counter uint32
}

// recorder is what one receiver has got: the sequence as it came, and what was
// wrong with it.
type recorder struct {
	// gaps: the receiver and a sender may be parted, so that messages of the
	// sender that never come are no fault. Without it the sequence is kept.
	gaps     bool
	sizes    []int
	sequence []entry
	came     int
	next     map[uint16]uint32          // the latest counter of each sender
	skipped  map[uint16]map[uint32]bool // counters passed over and not yet come, but for gaps
	faults   struct{ duplicated, outOfOrder, corrupted int }
	first    string // the first fault, in words
	scratch  []byte
}

func newRecorder(gaps bool, sizes []int) *recorder {
	return &recorder{gaps: gaps, sizes: sizes, next: map[uint16]uint32{}, skipped: map[uint16]map[uint32]bool{}}
}

// add takes a message of a sender as it was delivered and returns its counter.
// sent is about how many the sender has sent. With ok false it is none that
// the sender made.
func (r *recorder) add(sender uint16, sent uint32, k int16, data []byte) (counter uint32, ok bool) {
	last, known := r.next[sender]
	if known || !r.gaps {
		sent = last + 1
	}
	counter = counterNear(sent, k)
	r.scratch = payload(r.scratch[:0], r.sizes, sender, counter)
	if !bytes.Equal(r.scratch, data) {
		r.faults.corrupted++
		r.note("after %d of sender %d: corrupted message of %d bytes", last, sender, len(data))
		return counter, false
	}
	r.came++
	if !r.gaps {
		r.sequence = append(r.sequence, entry{sender, counter})
	}
	switch {
	case counter == last+1 || r.gaps && (counter > last || !known):
		r.next[sender] = counter
	case counter > last:
		r.note("sender %d: %d came where %d was expected", sender, counter, last+1)
		r.skip(sender, last+1, counter)
		r.next[sender] = counter
	case r.skipped[sender][counter]:
		delete(r.skipped[sender], counter)
		r.faults.outOfOrder++
	default:
		r.faults.duplicated++
		r.note("sender %d: %d came again", sender, counter)
	}
	return counter, true
}

func (r *recorder) skip(sender uint16, from, to uint32) {
	if r.skipped[sender] == nil {
		r.skipped[sender] = map[uint32]bool{}
	}
	for c := from; c < to; c++ {
		r.skipped[sender][c] = true
	}
}

// lost counts the messages that were sent and have not come; with gaps only
// those after the last that came.
func (r *recorder) lost(sent map[uint16]uint32) int {
	n := 0
	for sender, count := range sent {
		n += len(r.skipped[sender]) + int(count) - int(r.next[sender])
	}
	return n
}

func (r *recorder) note(format string, args ...any) {
	if r.first == "" {
		r.first = fmt.Sprintf(format, args...)
	}
}
