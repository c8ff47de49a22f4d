// Package pulse tells a slow program from a machine that does not let it run.
//
// Some promises are about time: a crash is noticed within a second, a dead path
// is told. A test of such a promise measures on machines where other programs
// want the processors too. It runs a Meter beside what it measures, and allows
// for the time that the Meter itself was kept from running: what delays a
// thread that has nothing to do but to look at the clock, with the priority of a
// daemon, delays everybody.
package pulse

import (
	"runtime"
	"sync"
	"time"
)

// beat is how often a Meter wants to run. What comes later by less is not
// counted: so late is a timer on any machine.
const beat = 10 * time.Millisecond

// Meter notes when this process wanted to run and could not. Its methods may be
// called from any goroutine.
type Meter struct {
	stop, done chan struct{}
	sleep      func(time.Duration)

	mu     sync.Mutex
	due    time.Time // of the next beat
	stalls []stall   // oldest first
}

// stall is a beat that came late.
type stall struct {
	until time.Time
	late  time.Duration
}

// Start starts a meter; Stop ends it.
func Start() *Meter {
	m := newMeter(sleep)
	go func() {
		runtime.LockOSThread() // and end it with the goroutine: nobody else gets its priority
		raisePriority()
		m.run()
	}()
	return m
}

func newMeter(sleep func(time.Duration)) *Meter {
	return &Meter{stop: make(chan struct{}), done: make(chan struct{}), sleep: sleep, due: time.Now().Add(beat)}
}

// Stop ends the meter and waits until it has ended. What it has noted stays.
func (m *Meter) Stop() {
	close(m.stop)
	<-m.done
}

func (m *Meter) run() {
	defer close(m.done)
	for {
		m.sleep(beat)
		m.beat(time.Now())
		select {
		case <-m.stop:
			return
		default:
		}
	}
}

// beat takes in that the meter runs now.
func (m *Meter) beat(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if late := now.Sub(m.due); late > beat {
		m.stalls = append(m.stalls, stall{now, late})
	}
	m.due = now.Add(beat)
}

// Lost is how long, since a time and until now, this process was kept from
// running: all of it, and the longest at a stretch. A stall that began before
// counts from then on.
func (m *Meter) Lost(since time.Time) (all, longest time.Duration) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	stalls := m.stalls
	select {
	case <-m.done:
	default: // one that lasts: the meter has not come to note it
		if late := now.Sub(m.due); late > beat {
			stalls = append(stalls[:len(stalls):len(stalls)], stall{now, late})
		}
	}
	for i := len(stalls) - 1; i >= 0 && stalls[i].until.After(since); i-- {
		late := min(stalls[i].late, stalls[i].until.Sub(since))
		all += late
		longest = max(longest, late)
	}
	return all, longest
}
