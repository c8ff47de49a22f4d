package multipath

import "time"

// What is done again and again is done on one tick: probes of all networks, a
// hello that is due soon, and the looks at paths and ledgers. An idle daemon
// costs what its wake-ups cost, its own and those of the peers it sends to. So
// a tick that is nearly due is taken along whenever the daemon is awake for
// something else. That something is at rest the token, so that the ticks of all
// daemons fall together; with other failure detection it is the peers' probes.
const (
	// tickInterval is a little more than the rotation of a token that is held
	// for a fifth of the default failure detection.
	tickInterval = 105 * time.Millisecond
	tickEarly    = 35 * time.Millisecond
)

// takeTick takes the tick along if it is nearly due.
func (m *Multipath) takeTick(now Time) {
	if m.nextTick-now <= tickEarly {
		m.nextTick = min(m.nextTick, now)
	}
}

// tick does what is to be done on every tick.
func (m *Multipath) tick(now Time) {
	m.nextTick = now + tickInterval
	m.settleLedgers(now)
	m.review(now)
	m.sendProbes(now)
	if m.nextHello < now+tickInterval-tickEarly {
		m.helloSoon(now)
	}
}
