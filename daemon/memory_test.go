package daemon

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"testing"

	"mpspread/client/frame"
)

// TestCollector: the policy is set, and what the environment says is left
// alone.
func TestCollector(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	for _, tt := range []struct {
		gogc, memlimit string
		percent        int
		limit          int64
	}{
		{"", "", gcPercent, int64(hostMemory() / memoryShare)},
		{"100", "", 100, int64(hostMemory() / memoryShare)},
		{"", "1GiB", gcPercent, 1 << 30},
	} {
		t.Setenv("GOGC", tt.gogc)
		t.Setenv("GOMEMLIMIT", tt.memlimit)
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(1 << 30)
		setCollector()
		if l := debug.SetMemoryLimit(-1); l != tt.limit || l < 64<<20 {
			t.Errorf("%+v: limit %d", tt, l)
		}
		if p := debug.SetGCPercent(100); p != tt.percent {
			t.Errorf("%+v: percent %d", tt, p)
		}
	}
}

// BenchmarkCollector is a daemon with one client that sends and four that
// receive, under several policies of the collector. One operation is a message
// that all have. B/op and allocs/op are those of everything.
func BenchmarkCollector(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		for _, percent := range []int{100, 400, 800} {
			b.Run(fmt.Sprintf("size=%d/gogc=%d", size, percent), func(b *testing.B) {
				d := newCluster(b, "", "h1").start("h1")
				defer debug.SetGCPercent(debug.SetGCPercent(percent))
				benchmarkFanOut(b, d, size)
			})
		}
	}
}

// benchmarkFanOut keeps some megabytes under way, which no queue is too short
// for.
func benchmarkFanOut(b *testing.B, d *running, size int) {
	const receivers, underWay = 4, 4
	message := frame.AppendMessage(nil, frame.Agreed, "#s#h1", frame.NewHint(0), []string{"g"}, make([]byte, size))
	block := min(1<<20/len(message), b.N) // messages between two looks at the receivers
	progress := make(chan error, receivers*(b.N/block+1))
	for i := range receivers {
		r := d.login(fmt.Sprint("r", i))
		r.join(fmt.Sprintf("#r%d#h1", i), "g")
		r.members(i + 1)
		go swallow(r.conn, b.N, block, len(message), progress)
	}
	sender := d.login("s")
	w := bufio.NewWriterSize(sender.conn, 64<<10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	waited, blocks := 0, (b.N+block-1)/block
	wait := func(until int) {
		for ; waited < until; waited++ {
			for range receivers {
				if err := <-progress; err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	for i := range b.N {
		wait(i/block - underWay)
		if _, err := w.Write(message); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	wait(blocks)
	b.StopTimer()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.NumGC-before.NumGC), "collections")
}

// swallow reads until so many messages of this length have come, whatever
// memberships come between, and tells of each block of them.
func swallow(conn net.Conn, messages, block, length int, progress chan<- error) {
	r := bufio.NewReaderSize(conn, 64<<10)
	for got := 0; got < messages; {
		head, err := r.Peek(frame.HeaderSize)
		if err != nil {
			progress <- err
			return
		}
		_, n, err := frame.ParseEvent(head, 1<<24)
		if err != frame.ErrShort {
			progress <- fmt.Errorf("frame of %d bytes: %w", n, err)
			return
		}
		if _, err := r.Discard(n); err != nil {
			progress <- err
			return
		}
		if n != length {
			continue
		}
		if got++; got%block == 0 || got == messages {
			progress <- nil
		}
	}
}
