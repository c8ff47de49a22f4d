package client

import (
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// fakeConn is a connection without a daemon. Reads take what the test has laid
// out, as much as the tester's cut lets them, and then io.EOF; writes are kept,
// one at a time, while nothing holds them up.
type fakeConn struct {
	net.Conn // no other method may be called
	in       []byte
	cut      func() int // length of the next read at most; nil: any
	endless  bool       // begin again at the end
	deadline bool       // a deadline has passed that nobody has taken back
	ended    bool       // io.EOF was read

	hold   chan struct{} // if not nil, every write takes one until release
	once   sync.Once
	mu     sync.Mutex
	writes [][]byte
	at     int
	closed bool
}

func (f *fakeConn) Read(b []byte) (int, error) {
	f.mu.Lock()
	late := f.deadline
	f.mu.Unlock()
	if late {
		return 0, os.ErrDeadlineExceeded
	}
	if f.at == len(f.in) {
		if !f.endless {
			f.ended = true
			return 0, io.EOF
		}
		f.at = 0
	}
	if f.cut != nil {
		b = b[:min(len(b), max(1, f.cut()))]
	}
	n := copy(b, f.in[f.at:])
	f.at += n
	return n, nil
}

func (f *fakeConn) Write(b []byte) (int, error) {
	if f.hold != nil {
		<-f.hold
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, net.ErrClosed
	}
	if !f.endless {
		f.writes = append(f.writes, append([]byte(nil), b...))
	}
	return len(b), nil
}

func (f *fakeConn) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

// release holds no write up any more.
func (f *fakeConn) release() {
	if f.hold != nil {
		f.once.Do(func() { close(f.hold) })
	}
}

func (f *fakeConn) SetReadDeadline(at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deadline = !at.IsZero()
	return nil
}

// written is all that was written, and in how many writes.
func (f *fakeConn) written() (all []byte, writes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.writes {
		all = append(all, w...)
	}
	return all, len(f.writes)
}

// session is a Conn over it, closed with the test.
func (f *fakeConn) session(t testing.TB) *Conn {
	c := &Conn{conn: f, private: me, turn: make(chan struct{}, 1)}
	c.out = newOutbox(f, me)
	t.Cleanup(func() {
		c.fail(ErrClosed)
		f.release()
		<-c.out.done
	})
	return c
}
