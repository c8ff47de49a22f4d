package bench

import (
	"sync/atomic"
	"time"
)

// clock counts nanoseconds since the run's own beginning.
type clock struct{ base time.Time }

func (c clock) now() int64 { return int64(time.Since(c.base)) }

// until is how long it is until the clock tells ns.
func (c clock) until(ns int64) time.Duration { return time.Duration(ns - c.now()) }

// schedule is when each message of an open loop is to be sent. It is not
// changed once made, so that receivers know it without being told.
type schedule struct {
	begin   int64 // of the first sender's first message
	senders int64
	rate    float64 // of all senders together
}

// due is when sender's message number counter, from 1, is to be sent. The
// senders take turns at equal distances.
func (s *schedule) due(sender int, counter uint64) int64 {
	n := int64(counter-1)*s.senders + int64(sender)
	return s.begin + int64(float64(n)/s.rate*1e9)
}

// departures remembers when the messages of one sender were sent, as many as
// can be under way.
type departures struct{ at []atomic.Int64 }

func newDepartures(window int) *departures {
	n := 1
	for n < window {
		n *= 2
	}
	return &departures{at: make([]atomic.Int64, n)}
}

func (d *departures) slot(counter uint64) *atomic.Int64 { return &d.at[counter&uint64(len(d.at)-1)] }

// span is a part of the run.
type span struct{ from, to int64 }

func (s span) holds(t int64) bool { return t >= s.from && t < s.to }
