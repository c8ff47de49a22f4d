package client

import (
	"context"
	"fmt"
	"net"
	"sync"

	"mpspread/client/frame"
)

// maxQueued bounds the bytes waiting to be written; a single message is always
// taken by an empty queue.
const maxQueued = 256 << 10

// outbox is the queue of requests and the goroutine that writes them: all that
// is waiting goes in one write.
type outbox struct {
	conn net.Conn
	wake chan struct{} // capacity 1: there is something to write
	dead chan struct{} // closed once err is set
	done chan struct{} // closed when the writer has returned

	mu    sync.Mutex
	buf   []byte        // frames waiting
	room  chan struct{} // closed when buf is next taken; nil if nobody waits
	last  bool          // the disconnect is queued
	err   error         // why the connection ended
	spare []byte        // the buffer not in use, writer's
}

func newOutbox(conn net.Conn) *outbox {
	o := &outbox{
		conn: conn, wake: make(chan struct{}, 1),
		dead: make(chan struct{}), done: make(chan struct{}),
	}
	go o.write()
	return o
}

// put queues one frame, waiting for room.
func (o *outbox) put(ctx context.Context, t frame.Type, private string, hint frame.Hint, groups []string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	size := frame.MessageSize(len(groups), len(data))
	for {
		o.mu.Lock()
		if o.err != nil || o.last {
			defer o.mu.Unlock()
			return o.closed()
		}
		if len(o.buf) == 0 || len(o.buf)+size <= maxQueued {
			wake := len(o.buf) == 0
			o.buf = frame.AppendMessage(o.buf, t, private, hint, groups, data)
			o.last = t == frame.Kill
			o.mu.Unlock()
			if wake {
				o.wake <- struct{}{}
			}
			return nil
		}
		if o.room == nil {
			o.room = make(chan struct{})
		}
		room := o.room
		o.mu.Unlock()
		select {
		case <-room:
		case <-o.dead:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// closed is the error of a connection that has ended; the lock is held.
func (o *outbox) closed() error {
	if o.err != nil {
		return o.err
	}
	return ErrClosed
}

// finish queues the disconnect and waits until it is written.
func (o *outbox) finish(ctx context.Context, private string) error {
	if err := o.put(ctx, frame.Kill, private, frame.NewHint(0), []string{private}, nil); err != nil {
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
		select {
		case <-o.wake:
		case <-o.dead:
			return
		}
		buf, last := o.take()
		if _, err := o.conn.Write(buf); err != nil {
			_ = o.fail(fmt.Errorf("%w: %w", ErrClosed, err))
			return
		}
		if last {
			return
		}
		o.spare = buf[:0]
		if cap(buf) > maxQueued {
			o.spare = nil
		}
	}
}

// take empties the queue for the writer.
func (o *outbox) take() (buf []byte, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	buf, o.buf, o.spare = o.buf, o.spare, nil
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	return buf, o.last
}
