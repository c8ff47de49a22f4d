package client

import (
	"context"
	"fmt"
	"net"
	"sync"

	"mpspread/client/frame"
)

const (
	// maxQueued bounds the bytes waiting to be written; a single message is
	// always taken by an empty queue.
	maxQueued = 256 << 10
	// minQueue is what a queue has room for from its first message on.
	minQueue = 4 << 10
)

// outbox is the queue of requests and the goroutine that writes them. Requests
// are appended to one buffer while the writer is busy with the other: all that
// is waiting goes in one write, and the writer is woken only if it sleeps.
type outbox struct {
	conn    net.Conn
	private string
	wake    chan struct{} // capacity 1: the writer, asleep, has something to write
	room    chan struct{} // capacity 1: the first of those who wait may try again
	dead    chan struct{} // closed once err is set
	done    chan struct{} // closed when the writer has returned

	mu      sync.Mutex
	buf     []byte // frames waiting
	waiting int    // requests waiting for room
	asleep  bool   // the writer waits for wake
	last    bool   // the disconnect is queued
	err     error  // why the connection ended

	spare []byte // the buffer not in use, writer's
}

func newOutbox(conn net.Conn, private string) *outbox {
	o := &outbox{
		conn: conn, private: private, wake: make(chan struct{}, 1), room: make(chan struct{}, 1),
		dead: make(chan struct{}), done: make(chan struct{}),
	}
	go o.write()
	return o
}

// put queues one frame, waiting for room.
func (o *outbox) put(ctx context.Context, t frame.Type, hint frame.Hint, groups []string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	size := frame.MessageSize(len(groups), len(data))
	o.mu.Lock()
	err := o.admit(ctx, size)
	if err == nil {
		o.reserve(size)
		o.buf = frame.AppendMessage(o.buf, t, o.private, hint, groups, data)
		o.last = t == frame.Kill
	}
	if o.waiting > 0 && o.fits(1) {
		o.pass()
	}
	wake := o.asleep && len(o.buf) > 0
	if wake {
		o.asleep = false
	}
	o.mu.Unlock()
	if wake {
		o.wake <- struct{}{}
	}
	return err
}

// admit waits until a message of this size may be queued. Nobody overtakes
// those who wait, so large messages get their turn beside small ones. The lock
// is held before and after.
func (o *outbox) admit(ctx context.Context, size int) error {
	for first := true; ; first = false {
		if o.err != nil || o.last {
			return o.closed()
		}
		if o.fits(size) && (o.waiting == 0 || !first) {
			return nil
		}
		o.waiting++
		o.mu.Unlock()
		var ended error
		select {
		case <-o.room:
		case <-o.dead:
		case <-ctx.Done():
			ended = ctx.Err()
		}
		o.mu.Lock()
		if o.waiting--; ended != nil {
			return ended
		}
	}
}

func (o *outbox) fits(size int) bool { return len(o.buf) == 0 || len(o.buf)+size <= maxQueued }

// pass lets the next of those who wait try; the lock is held.
func (o *outbox) pass() {
	select {
	case o.room <- struct{}{}:
	default: // it has not yet seen that it may
	}
}

// reserve makes room in the buffer, so that a large message is copied once.
func (o *outbox) reserve(size int) {
	need := len(o.buf) + size
	if need <= cap(o.buf) {
		return
	}
	grown := make([]byte, len(o.buf), max(need, min(max(2*cap(o.buf), minQueue), maxQueued)))
	copy(grown, o.buf)
	o.buf = grown
}

// closed is the error of a connection that has ended; the lock is held.
func (o *outbox) closed() error {
	if o.err != nil {
		return o.err
	}
	return ErrClosed
}

// finish queues the disconnect and waits until it is written.
func (o *outbox) finish(ctx context.Context) error {
	if err := o.put(ctx, frame.Kill, frame.NewHint(0), []string{o.private}, nil); err != nil {
		return err
	}
	select {
	case <-o.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail refuses further requests for the reason err, or one that was first,
// which it returns.
func (o *outbox) fail(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
		close(o.dead)
	}
	return o.err
}

// write is the writer goroutine. It ends after the disconnect or a failure. A
// failure to write leaves what the daemon sent before to be read.
func (o *outbox) write() {
	defer close(o.done)
	for {
		buf, last := o.take()
		if len(buf) == 0 {
			select {
			case <-o.wake:
				continue
			case <-o.dead:
				return
			}
		}
		if _, err := o.conn.Write(buf); err != nil {
			_ = o.fail(fmt.Errorf("%w: %w", ErrClosed, err))
			return
		}
		if last {
			return
		}
		if cap(buf) <= maxQueued { // else a large message's own
			o.spare = buf[:0]
		}
	}
}

// take empties the queue for the writer, which is to sleep if there is nothing
// in it.
func (o *outbox) take() (buf []byte, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asleep = len(o.buf) == 0; o.asleep {
		return nil, false
	}
	buf, o.buf, o.spare = o.buf, o.spare, nil
	if o.waiting > 0 {
		o.pass()
	}
	return buf, o.last
}
