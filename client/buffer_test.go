package client

import (
	"bytes"
	"testing"
)

// TestReadBufferSize: the buffer follows what reads bring, and no more.
func TestReadBufferSize(t *testing.T) {
	const long = 1 << 20 // a frame
	type step struct {
		read, parse int // bytes; a negative read fills all that is there
		times       int
		want        int // size after the next space
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"small reads", []step{{100, 100, 1000, readLeast}}},
		{"one read that fills it", []step{{-1, readLeast, 1, 2 * readLeast}, {100, 100, 10, 2 * readLeast}}},
		{"reads that fill it", []step{{-1, readLeast, 1, 2 * readLeast}, {-1, 2 * readLeast, 1, 4 * readLeast},
			{-1, 4 * readLeast, 1, 8 * readLeast}, {-1, 8 * readLeast, 1, readMost}, {-1, readMost, 10, readMost}}},
		{"a frame without end", []step{{-1, 0, 4, readMost}, {-1, 0, 1, 2 * readMost}, {-1, 0, 1, 4 * readMost}}},
		{"a frame in small reads", []step{{100, 0, readLeast / 100, readLeast}, {84, 0, 1, 2 * readLeast}}},
		{"a long frame, then small ones", []step{{-1, 0, 5, 2 * readMost}, {-1, 2 * readMost, 1, 2 * readMost},
			{100, 100, calm - 1, 2 * readMost}, {100, 100, 1, readMost}, {100, 100, 100, readMost}}},
		{"long frames again and again", []step{{-1, 0, 6, long}, {-1, long, 10 * calm, long}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b readBuffer
			b.space()
			for _, s := range tt.steps {
				for range s.times {
					n := s.read
					if n < 0 {
						n = len(b.space())
					}
					b.filled(n)
					b.skip(s.parse)
					if len(b.space()) == 0 {
						t.Fatal("no space")
					}
				}
				if len(b.buf) != s.want {
					t.Fatalf("%d bytes after %+v", len(b.buf), s)
				}
			}
		})
	}
}

// TestReadBufferKeeps: whatever moves, nothing unread is lost.
func TestReadBufferKeeps(t *testing.T) {
	var b readBuffer
	var put, taken byte
	for i := range 5000 {
		space := b.space()
		n := min(len(space), 1+i*i%7919)
		for j := range n {
			space[j] = put
			put++
		}
		b.filled(n)
		take := b.unread()[:len(b.unread())*(i%5)/5]
		if !bytes.Equal(take, ramp(taken, len(take))) {
			t.Fatalf("step %d: lost something", i)
		}
		taken += byte(len(take))
		b.skip(len(take))
		if i%50 == 49 {
			b.skip(len(b.unread()))
			taken = put
		}
	}
}

func ramp(from byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = from + byte(i)
	}
	return out
}
