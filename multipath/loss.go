package multipath

import "time"

// Loss is measured over ten buckets of a second (design 8).
const (
	lossBuckets = 10
	lossBucket  = time.Second

	// Hysteresis of the lossy state. A few lost probes say nothing.
	lossyAbove = 0.02
	lossyBelow = 0.01
	lossyProbe = 3
)

// lossMeter compares the numbers of probes with how many came.
type lossMeter struct {
	highest  uint32
	expected [lossBuckets]uint32
	received [lossBuckets]uint32
	bucket   int
	begun    Time // of the present bucket
}

// restart forgets the past: what was lost while a path was silent is known.
func (l *lossMeter) restart(now Time) { *l = lossMeter{begun: now} }

// turn moves on to the bucket of now.
func (l *lossMeter) turn(now Time) {
	for n := 0; now-l.begun >= lossBucket; n++ {
		if n > lossBuckets {
			l.begun = now
			break
		}
		l.begun += lossBucket
		l.bucket = (l.bucket + 1) % lossBuckets
		l.expected[l.bucket], l.received[l.bucket] = 0, 0
	}
}

// add takes the number of a probe that came.
func (l *lossMeter) add(now Time, number uint32) {
	l.turn(now)
	switch {
	case l.highest == 0:
		l.expected[l.bucket]++
		l.highest = number
	case number > l.highest:
		l.expected[l.bucket] += number - l.highest
		l.highest = number
	}
	l.received[l.bucket]++
}

// loss returns the share of probes lost, and how many; overdue is how many
// more should have come since the last one.
func (l *lossMeter) loss(now Time, overdue uint32) (float64, int) {
	l.turn(now)
	var expected, received uint32
	for i := range l.expected {
		expected += l.expected[i]
		received += l.received[i]
	}
	expected += overdue
	if received >= expected {
		return 0, 0
	}
	return float64(expected-received) / float64(expected), int(expected - received)
}
