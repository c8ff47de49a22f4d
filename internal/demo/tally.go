package demo

import (
	"time"

	"mpspread/internal/traffic"
)

// messageSize is the size of every message, in bytes.
const messageSize = 200

// makeMessage is message number counter of a sender.
func makeMessage(sender int, counter uint64) []byte {
	m := make([]byte, messageSize)
	traffic.Write(m, sender, counter)
	return m
}

// entry is one message's identity in a receiver's stream.
type entry struct {
	sender  int
	counter uint64
}

// tally is what one receiver saw. It belongs to the receiver's goroutine.
type tally struct {
	last                        []uint64          // highest counter by sender
	missing                     []map[uint64]bool // below last, not yet seen, by sender
	stream                      []entry           // what came, in order, without duplicates
	damaged, duplicated, behind uint64

	previous   time.Duration // when the last message came; 0: none yet
	longestGap time.Duration // between two messages
}

func newTally(senders int) *tally {
	t := &tally{last: make([]uint64, senders), missing: make([]map[uint64]bool, senders)}
	for i := range t.missing {
		t.missing[i] = map[uint64]bool{}
	}
	return t
}

// receive takes the next message of the stream, which came at now. A message
// below its sender's highest is out of order if it was missing, and a
// duplicate otherwise.
func (t *tally) receive(now time.Duration, data []byte) {
	if t.previous > 0 {
		t.longestGap = max(t.longestGap, now-t.previous)
	}
	t.previous = now
	sender, counter, err := traffic.Read(data, len(t.last))
	if err != nil {
		t.damaged++
		return
	}
	switch last := t.last[sender]; {
	case counter > last:
		for c := last + 1; c < counter; c++ {
			t.missing[sender][c] = true
		}
		t.last[sender] = counter
	case t.missing[sender][counter]:
		delete(t.missing[sender], counter)
		t.behind++
	default:
		t.duplicated++
		return
	}
	t.stream = append(t.stream, entry{sender, counter})
}

// lost is how many of the messages sent did not come.
func (t *tally) lost(sent []uint64) uint64 {
	var total uint64
	for _, s := range sent {
		total += s
	}
	return total - min(total, uint64(len(t.stream)))
}

// disagreements counts the places at which two streams differ in order,
// leaving out what only one of them has: that is lost, not out of order.
func disagreements(a, b []entry) uint64 {
	a, b = common(a, b), common(b, a)
	var n uint64
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// common is a without what b lacks.
func common(a, b []entry) []entry {
	in := make(map[entry]bool, len(b))
	for _, e := range b {
		in[e] = true
	}
	var both []entry
	for _, e := range a {
		if in[e] {
			both = append(both, e)
		}
	}
	return both
}
