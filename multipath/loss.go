package multipath

import "time"

// Loss is measured over ten buckets of a second (design 8).
const (
	lossBuckets = 10
	lossBucket  = time.Second

	// Hysteresis of the lossy state, in hundredths: whole numbers, as for every
	// decision. A few lost probes say nothing.
	lossyAbove = 2
	lossyBelow = 1
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

// lost returns how many probes were lost of how many; overdue is how many more
// should have come since the last one.
func (l *lossMeter) lost(now Time, overdue uint32) (lost, expected int) {
	l.turn(now)
	var received int
	for i := range l.expected {
		expected += int(l.expected[i])
		received += int(l.received[i])
	}
	expected += int(overdue)
	return max(expected-received, 0), expected
}

// share is the same as a number from 0 to 1, for status.
func (l *lossMeter) share(now Time, overdue uint32) float64 {
	lost, expected := l.lost(now, overdue)
	return float64(lost) / float64(max(expected, 1))
}
