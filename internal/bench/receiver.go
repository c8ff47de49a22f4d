package bench

import (
	"sync/atomic"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mpspread/internal/traffic"
)

// Histograms hold nanoseconds, to three digits.
const (
	longest = int64(100e9)
	digits  = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, digits) }

// record takes a time; one that is longer than a histogram holds counts as the
// longest.
func record(h *hdrhistogram.Histogram, ns int64) {
	// Within its bounds a histogram takes every value.
	_ = h.RecordValue(min(max(ns, 0), longest))
}

// wrongEvery is after how many messages a receiver looks whether something is
// wrong.
const wrongEvery = 1 << 12

// receiver judges and times what one session gets; message belongs to the
// session's receiving goroutine.
type receiver struct {
	number int
	came   atomic.Uint64 // messages that came
	within atomic.Uint64 // those within the measurement
	wrong  atomic.Bool

	// Of the goroutine, to be read after it has ended.
	stream   *traffic.Stream
	latency  *hdrhistogram.Histogram
	previous int64 // when the last message came
	gap      int64 // longest between two, the edges of the measurement counting as messages
}

func newReceiver(number, senders int) *receiver {
	return &receiver{number: number, stream: traffic.NewStream(senders), latency: newHistogram()}
}

// message takes the next message.
func (v *receiver) message(r *run, data []byte) {
	now := r.clock.now()
	v.interval(r.measured, now)
	sender, counter, ok := v.stream.Receive(data)
	if !ok {
		v.wrong.Store(true)
		return
	}
	var sent int64
	if r.schedule != nil {
		// By when it was due: a message that the daemons kept from being sent
		// in time counts with all of its delay.
		sent = r.schedule.due(sender, counter)
	} else {
		sent = r.departures[sender].slot(counter).Load()
		r.windows[sender].received(v.number, counter)
	}
	if r.measured.holds(sent) {
		record(v.latency, now-sent)
	}
	if r.measured.holds(now) {
		v.within.Add(1)
	}
	if n := v.came.Add(1); n%wrongEvery == 0 && v.stream.Wrong() {
		v.wrong.Store(true)
	}
}

// interval counts the time since the last message, as far as it lies within
// the measurement.
func (v *receiver) interval(measured span, now int64) {
	if from, to := max(v.previous, measured.from), min(now, measured.to); to-from > v.gap {
		v.gap = to - from
	}
	v.previous = now
}
