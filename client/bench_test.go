package client

import (
	"context"
	"fmt"
	"io"
	"iter"
	"testing"
	"time"

	"mpspread/client/frame"
)

var benchSizes = []int{100, 1350, 65536}

// benchSession is a session over a Unix socket with what serve plays.
func benchSession(b *testing.B, serve func(p *peer)) *Conn {
	b.Helper()
	c, err := Connect(b.Context(), listen(b, func(p *peer) {
		p.accept()
		_ = p.conn.SetDeadline(time.Time{})
		serve(p)
	}))
	if err != nil {
		b.Fatal(err)
	}
	ended, end := context.WithCancel(b.Context())
	end()
	b.Cleanup(func() { _ = c.Close(ended) })
	return c
}

// benchReceive measures how long a message takes to receive that comes from
// one of three senders, with a daemon that sends as fast as it can.
func benchReceive(b *testing.B, events func(*Conn, context.Context) iter.Seq2[Event, error]) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var run []byte
			for i := 0; len(run) < 200_000; i++ {
				run = frame.AppendMessage(run, frame.Agreed, fmt.Sprintf("#sender%d#h%d", i%3, i%3), frame.NewHint(0), []string{"group"}, make([]byte, size))
			}
			c := benchSession(b, func(p *peer) {
				for {
					if _, err := p.conn.Write(run); err != nil {
						return
					}
				}
			})
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			n := 0
			for _, err := range events(c, b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n == b.N {
					break
				}
			}
		})
	}
}

func BenchmarkEvents(b *testing.B) { benchReceive(b, (*Conn).Events) }

// BenchmarkMulticast measures how long a message takes to send to a daemon
// that takes all there is.
func BenchmarkMulticast(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			c := benchSession(b, func(p *peer) {
				dropped := make([]byte, 256<<10)
				_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{p.conn}, dropped)
			})
			data := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Multicast(b.Context(), Agreed, data, "group"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBorrow(b *testing.B) { benchReceive(b, (*Conn).Borrow) }
