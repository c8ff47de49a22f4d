//go:build linux

package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Payloads check themselves: everything in one follows from its sender and its
// counter, size included. From the seventh byte on it is a stream of numbers
// seeded by both; before it stand sender and counter themselves, so that a
// payload in the wrong place can be named.

// MaxPayload is the largest payload.
const MaxPayload = 140_000

// identified is the size from which a payload names its sender and counter.
const identified = 6

// payloadSizes are drawn from with equal chance: edges, then sizes within one
// packet, of several, and the largest.
var payloadSizes = []int{
	0, 1, 5, 6, 7, 40, 100, 300, 700, 1000, 1300, 1400, 1472, 1500,
	64, 80, 128, 200, 256, 400, 512, 900, 1100, 1200,
	2000, 2900, 4000, 6000, 9000, 15_000, 40_000, MaxPayload,
}

// payload appends to dst what a sender sends as its message of this counter.
func payload(dst []byte, sender uint16, counter uint32) []byte {
	state := mix(uint64(sender)<<32 | uint64(counter))
	size := payloadSizes[state%uint64(len(payloadSizes))]
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

// entry is a message in a receiver's sequence.
type entry struct {
	sender  uint16
	counter uint32
}

// recorder is what one receiver has got: the sequence as it came, and what was
// wrong with it.
type recorder struct {
	sequence []entry
	next     map[uint16]uint32          // the counter expected of each sender, from 1
	skipped  map[uint16]map[uint32]bool // counters passed over and not yet come
	faults   struct{ duplicated, outOfOrder, corrupted int }
	first    string // the first fault, in words
	scratch  []byte
}

func newRecorder() *recorder {
	return &recorder{next: map[uint16]uint32{}, skipped: map[uint16]map[uint32]bool{}}
}

// add takes a message of a sender as it was delivered.
func (r *recorder) add(sender uint16, data []byte) {
	expected := r.next[sender] + 1
	counter, ok := r.identify(sender, expected, data)
	if !ok {
		r.faults.corrupted++
		r.note("after %d of sender %d: corrupted message of %d bytes", expected-1, sender, len(data))
		return
	}
	r.sequence = append(r.sequence, entry{sender, counter})
	switch {
	case counter == expected:
		r.next[sender] = counter
	case counter > expected:
		r.note("sender %d: %d came where %d was expected", sender, counter, expected)
		r.skip(sender, expected, counter)
		r.next[sender] = counter
	case r.skipped[sender][counter]:
		delete(r.skipped[sender], counter)
		r.faults.outOfOrder++
	default:
		r.faults.duplicated++
		r.note("sender %d: %d came again", sender, counter)
	}
}

// lookAhead is how far identify looks for a message too short to name itself.
const lookAhead = 64

// identify tells which message of the sender this is: the expected one, the
// one it names, or the next one that looks like it.
func (r *recorder) identify(sender uint16, expected uint32, data []byte) (uint32, bool) {
	if r.is(sender, expected, data) {
		return expected, true
	}
	if len(data) >= identified {
		counter := binary.BigEndian.Uint32(data[2:])
		return counter, r.is(sender, counter, data)
	}
	for c := expected + 1; c < expected+lookAhead; c++ {
		if r.is(sender, c, data) {
			return c, true
		}
	}
	return 0, false
}

func (r *recorder) is(sender uint16, counter uint32, data []byte) bool {
	r.scratch = payload(r.scratch[:0], sender, counter)
	return bytes.Equal(r.scratch, data)
}

func (r *recorder) skip(sender uint16, from, to uint32) {
	if r.skipped[sender] == nil {
		r.skipped[sender] = map[uint32]bool{}
	}
	for c := from; c < to; c++ {
		r.skipped[sender][c] = true
	}
}

// lost counts the messages that were sent and have not come.
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
