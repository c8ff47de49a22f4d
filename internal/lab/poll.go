//go:build linux

package lab

import (
	"testing"
	"time"
)

// pollEvery is the pause between two looks at a condition.
const pollEvery = 20 * time.Millisecond

// promptly waits like Eventually, but long, and then wants it to have taken no
// longer than promised.
func (l *Lab) promptly(t testing.TB, promised time.Duration, what string, check func() error) time.Duration {
	t.Helper()
	began := time.Now()
	took := Eventually(t, promised+formWithin, what, check)
	l.wantWithin(t, promised, what, began, took)
	return took
}

// wantWithin judges how long something took that began at a time. What is
// promised is promised of daemons that run when they want to: what the machine
// has kept from this process, it may have kept from them.
func (l *Lab) wantWithin(t testing.TB, promised time.Duration, what string, began time.Time, took time.Duration) {
	t.Helper()
	lost, longest := l.pulse.Lost(began)
	if took > promised+lost {
		t.Errorf("%s: took %v, want at most %v and the %v that the machine kept us from running (%v at a stretch)", what, took, promised, lost, longest)
	}
}

// Eventually looks until check returns nil and tells how long that took. It
// fails the test with the last error when the time is up.
func Eventually(t testing.TB, within time.Duration, what string, check func() error) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		err := check()
		took := time.Since(began)
		if err == nil && took <= within {
			return took
		}
		if took > within {
			if err == nil {
				t.Fatalf("%s: took %v, at most %v", what, took, within)
			}
			t.Fatalf("%s: not within %v: %v", what, within, err)
		}
		time.Sleep(pollEvery)
	}
}
