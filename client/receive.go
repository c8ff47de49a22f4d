package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"mpspread/client/frame"
)

// Events goes over the stream of events until the connection or ctx ends,
// which is the last element: an error that is ErrClosed, or ctx's. After ctx
// has ended, or the loop was left, a new iteration goes on where the last one
// stopped. Reading is what keeps the daemon's queue for this session short.
//
// Events belong to the receiver. A few small messages that came together share
// memory: who keeps one of them for long keeps up to 20 KiB.
func (c *Conn) Events(ctx context.Context) iter.Seq2[Event, error] { return c.events(ctx, false) }

// Borrow is Events without a copy, for programs that are done with a message
// before they take the next: the Message, its Groups and its Data are valid
// until the loop goes on, and are only to be read. Its strings may be kept, and so may
// all other events. To receive a message allocates nothing.
//
// A connection may be read by Events and Borrow in turn.
func (c *Conn) Borrow(ctx context.Context) iter.Seq2[Event, error] { return c.events(ctx, true) }

func (c *Conn) events(ctx context.Context, lend bool) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if !c.iterating.CompareAndSwap(false, true) {
			yield(nil, ErrBusy)
			return
		}
		defer c.iterating.Store(false)
		defer c.interrupt(ctx)()
		for {
			ev, err := c.next(ctx, lend)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(ev, nil) {
				return
			}
		}
	}
}

// next is the next event, read if need be. Of an event that was read before it
// makes two loads, no lock and no channel operation.
func (c *Conn) next(ctx context.Context, lend bool) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if c.closed.Load() {
			return nil, ErrClosed
		}
		ev, err := c.in.next(lend)
		switch {
		case err == nil:
			return ev, nil
		case err == frame.ErrShort:
			err = c.fill()
		default:
			err = c.fail(fmt.Errorf("%w: %w", ErrClosed, err))
		}
		if err != nil {
			return nil, err
		}
	}
}

// fill reads once, as much as there is. It is in vain when ctx has ended.
func (c *Conn) fill() error {
	c.turn <- struct{}{} // free, or held by Close for a moment
	defer func() { <-c.turn }()
	if c.closed.Load() {
		return ErrClosed
	}
	n, err := c.conn.Read(c.in.space())
	c.in.filled(n)
	if n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil // an error comes again after what was read
	}
	return c.fail(fmt.Errorf("%w: %w", ErrClosed, err))
}

// interrupt makes blocked reads return once ctx ends. The function returned
// takes that back.
func (c *Conn) interrupt(ctx context.Context) func() {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = c.conn.SetReadDeadline(time.Unix(1, 0))
		close(interrupted)
	})
	return func() {
		if !stop() {
			<-interrupted
			_ = c.conn.SetReadDeadline(time.Time{})
		}
	}
}
