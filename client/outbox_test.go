package client

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"mpspread/client/frame"
)

// requests reads back what was written.
func requests(t *testing.T, b []byte) (all []frame.Request) {
	t.Helper()
	for len(b) > 0 {
		r, n, err := frame.ParseRequest(b, me, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		all, b = append(all, r), b[n:]
	}
	return all
}

// until waits for something that another goroutine is about to do.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	every := time.NewTicker(time.Millisecond)
	defer every.Stop()
	for !is() {
		select {
		case <-every.C:
		case <-limit:
			t.Fatal("waited in vain for", what)
		}
	}
}

func (o *outbox) state() (queued, waiting int, asleep bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.buf), o.waiting, o.asleep
}

// TestOneWrite: what is queued while the writer is busy goes in one write.
func TestOneWrite(t *testing.T) {
	f := &fakeConn{hold: make(chan struct{})}
	c := f.session(t)
	put := func() {
		if err := c.Multicast(t.Context(), Agreed, make([]byte, 100), "g"); err != nil {
			t.Fatal(err)
		}
	}
	put()
	until(t, "the writer", func() bool { n, _, _ := c.out.state(); return n == 0 })
	for range 1000 {
		put()
	}
	f.hold <- struct{}{}
	f.hold <- struct{}{}
	until(t, "both writes", func() bool { _, n := f.written(); return n == 2 })
	if all, _ := f.written(); len(requests(t, all)) != 1001 {
		t.Errorf("%d messages in two writes", len(requests(t, all)))
	}
}

// TestManySenders: with a daemon that reads slowly every message of every
// sender goes out once and in the sender's order, small ones beside large ones.
func TestManySenders(t *testing.T) {
	const senders, each = 8, 50
	f := &fakeConn{}
	c := f.session(t)
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			data := make([]byte, []int{8, 100_000, 1000, 140_000}[s%4])
			for n := range each {
				binary.BigEndian.PutUint32(data, uint32(s))
				binary.BigEndian.PutUint32(data[4:], uint32(n))
				if err := c.Multicast(t.Context(), Agreed, data, "g"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	until(t, "the last write", func() bool { _, _, asleep := c.out.state(); return asleep })
	var next [senders]uint32
	out, writes := f.written()
	for _, r := range requests(t, out) {
		s, n := binary.BigEndian.Uint32(r.Data), binary.BigEndian.Uint32(r.Data[4:])
		if n != next[s] {
			t.Fatalf("message %d of sender %d after %d others of it", n, s, next[s])
		}
		next[s]++
	}
	for s, n := range next {
		if n != each {
			t.Errorf("%d messages of sender %d", n, s)
		}
	}
	t.Logf("%d messages in %d writes", senders*each, writes)
}

// TestNobodyOvertakes: a large message that waits for room is not kept waiting
// by small ones that would still fit.
func TestNobodyOvertakes(t *testing.T) {
	f := &fakeConn{hold: make(chan struct{})}
	c := f.session(t)
	put := func(size int) error { return c.Multicast(t.Context(), Agreed, make([]byte, size), "g") }
	if err := put(1); err != nil { // keeps the writer busy
		t.Fatal(err)
	}
	until(t, "the writer", func() bool { n, _, _ := c.out.state(); return n == 0 })
	if err := put(140_000); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i, size := range []int{143_000, 10, 10} {
		all.Go(func() {
			if err := put(size); err != nil {
				t.Error(err)
			}
		})
		until(t, "the one that waits", func() bool { _, n, _ := c.out.state(); return n == i+1 })
	}
	f.hold <- struct{}{} // the first message
	f.hold <- struct{}{} // the one that was queued
	all.Wait()
	f.release()
	until(t, "the last write", func() bool { _, _, asleep := c.out.state(); return asleep })
	out, _ := f.written()
	var sizes []int
	for _, r := range requests(t, out) {
		sizes = append(sizes, len(r.Data))
	}
	if len(sizes) != 5 || sizes[1] != 140_000 || sizes[2] != 143_000 {
		t.Errorf("messages of %v bytes went out in this order", sizes)
	}
}

// TestWaitEnds: those who wait for room go when their context or the connection
// ends, or when it is closed, and leave nobody behind waiting.
func TestWaitEnds(t *testing.T) {
	f := &fakeConn{hold: make(chan struct{})}
	c := f.session(t)
	full := make([]byte, 140_000)
	for range 2 { // one the writer has, one in the queue
		if err := c.Multicast(t.Context(), Agreed, full, "g"); err != nil {
			t.Fatal(err)
		}
		until(t, "the writer", func() bool { _, _, asleep := c.out.state(); return !asleep })
	}
	until(t, "the writer", func() bool { n, _, _ := c.out.state(); return n <= frame.MessageSize(1, len(full)) })
	ctx, cancel := context.WithCancel(t.Context())
	const many = 5
	canceled, ended := make(chan error, many), make(chan error, many)
	for range many {
		go func() { canceled <- c.Multicast(ctx, Agreed, full, "g") }()
		go func() { ended <- c.Multicast(t.Context(), Agreed, full, "g") }()
	}
	until(t, "all", func() bool { _, n, _ := c.out.state(); return n == 2*many || n == 2*many-1 })
	cancel()
	for range many {
		if err := <-canceled; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
	}
	c.fail(ErrClosed)
	for range many {
		if err := <-ended; err != nil && !errors.Is(err, ErrClosed) {
			t.Errorf("ended: %v", err)
		}
	}
	if _, n, _ := c.out.state(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

// TestDisconnectIsLast: whoever waits for room behind the disconnect is told
// that the connection is closed.
func TestDisconnectIsLast(t *testing.T) {
	f := &fakeConn{hold: make(chan struct{})}
	c := f.session(t)
	full := make([]byte, 140_000)
	if err := c.Multicast(t.Context(), Agreed, full, "g"); err != nil {
		t.Fatal(err)
	}
	until(t, "the writer", func() bool { n, _, _ := c.out.state(); return n == 0 })
	if err := c.Multicast(t.Context(), Agreed, full, "g"); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 4)
	for i := range 4 {
		go func() {
			if i == 0 {
				results <- c.out.put(t.Context(), frame.Kill, frame.NewHint(0), []string{me}, nil)
				return
			}
			results <- c.Multicast(t.Context(), Agreed, full, "g")
		}()
		if i == 0 {
			// The disconnect fits beside what is queued.
			if err := <-results; err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 {
		if err := <-results; !errors.Is(err, ErrClosed) {
			t.Errorf("after the disconnect: %v", err)
		}
	}
	f.hold <- struct{}{}
	f.hold <- struct{}{}
	<-c.out.done
	out, _ := f.written()
	if r := requests(t, out); len(r) != 3 || r[2].Type != frame.Kill {
		t.Errorf("%d requests", len(r))
	}
}

// TestLargeMessage: a message larger than the queue goes alone, in memory that
// is not kept.
func TestLargeMessage(t *testing.T) {
	f := &fakeConn{}
	c := f.session(t)
	data := bytes.Repeat([]byte("large"), 1<<20)
	for range 3 {
		if err := c.out.put(t.Context(), frame.Agreed, frame.NewHint(0), []string{"g"}, data); err != nil {
			t.Fatal(err)
		}
		c.out.mu.Lock()
		if n := cap(c.out.buf); n > 2*len(data) {
			t.Errorf("%d bytes for a message of %d", n, len(data))
		}
		c.out.mu.Unlock()
	}
	until(t, "the last write", func() bool { _, _, asleep := c.out.state(); return asleep })
	out, _ := f.written()
	for _, r := range requests(t, out) {
		if !bytes.Equal(r.Data, data) {
			t.Error("another message")
		}
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if cap(c.out.buf)+cap(c.out.spare) > 2*maxQueued {
		t.Errorf("%d and %d bytes kept", cap(c.out.buf), cap(c.out.spare))
	}
}

// TestSendAllocs: to send allocates nothing, whether there is room or not.
func TestSendAllocs(t *testing.T) {
	for _, size := range []int{0, 100, 1350, 100_000} {
		c := (&fakeConn{endless: true}).session(t)
		data := make([]byte, size)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		send := func() {
			if err := c.Multicast(ctx, Agreed, data, "group", "other"); err != nil {
				t.Fatal(err)
			}
		}
		for range 1000 {
			send()
		}
		if n := testing.AllocsPerRun(2000, send); n != 0 {
			t.Errorf("%d bytes: %v allocations a message", size, n)
		}
	}
}
