//go:build linux

package lab

import (
	"fmt"
	"testing"

	"mpspread/internal/labnet"
)

// Record starts to capture the datagrams a daemon sends on a network. It ends
// with Stop, or with the test.
func (l *Lab) Record(t testing.TB, network, daemon string) *labnet.Recording {
	t.Helper()
	r, err := l.bed.Record(network, daemon)
	try(t, err)
	t.Cleanup(func() { r.Stop() })
	return r
}

// awaitCaught waits until so many datagrams have been caught.
func awaitCaught(t testing.TB, r *labnet.Recording, n int) {
	t.Helper()
	Eventually(t, flowWithin, fmt.Sprintf("%d packets recorded", n), func() error {
		if have := r.Packets(); have < n {
			return fmt.Errorf("only %d", have)
		}
		return nil
	})
}
