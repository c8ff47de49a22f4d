package engine

import (
	"testing"
	"time"

	"mpspread/groups"
	"mpspread/ring"
)

// BenchmarkMulticast is a message of 1 KiB through three daemons on two
// networks, all in one goroutine, the test's own network included.
func BenchmarkMulticast(b *testing.B) {
	t := &testing.T{}
	n := newNetwork(t, "alpha", "beta", "gamma")
	n.until("one ring", 5*time.Second, func() bool { return n.together(n.hosts...) })
	joined(n, "chat")
	m := &groups.Multicast{Service: ring.Agreed, Groups: []string{"chat"}, Data: make([]byte, 1024)}
	b.SetBytes(int64(len(m.Data)))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		for n.hosts[i%3].Multicast(n.now, groups.SessionID(i%3+1), m) != nil {
			n.run(time.Millisecond)
		}
		n.take(n.hosts[i%3])
		if i%64 == 0 {
			n.run(time.Millisecond)
			for _, h := range n.hosts {
				h.events = h.events[:0]
			}
		}
	}
}
