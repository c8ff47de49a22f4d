//go:build linux

package lab

import (
	"testing"
	"time"
)

// pollEvery is the pause between two looks at a condition.
const pollEvery = 20 * time.Millisecond

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
