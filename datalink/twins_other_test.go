//go:build !linux || portable

package datalink

import (
	"testing"
	"time"
)

func awaitQueued(t testing.TB, s Set, n int) {
	t.Helper()
	o := s.(*set)
	for end := time.Now().Add(patience); ; {
		o.mu.Lock()
		queued := 0
		for _, n := range o.networks {
			queued += len(n.queue)
		}
		o.mu.Unlock()
		if queued >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d datagrams queued", queued, n)
		}
		if err := s.Wait(time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// Without a socket filter every reader drops what this host sent.
const runtimeDropsOwn = true
