// Package client connects a Go program to a daemon of the cluster: join named
// groups, multicast to them, and receive one ordered stream of messages and
// membership changes, the same at all members.
//
//	conn, err := client.Connect(ctx, "")
//	err = conn.Join(ctx, "chat")
//	err = conn.Multicast(ctx, client.Agreed, data, "chat")
//	for ev, err := range conn.Events(ctx) {
//		switch ev := ev.(type) {
//		case *client.Message:
//		case *client.Membership:
//		case *client.Transition:
//		case *client.SelfLeave:
//		case *client.Rejected:
//		}
//	}
//
// It speaks the Spread session protocol and so works with any Spread daemon.
// Requests are pipelined: they return when the request is queued, up to
// 256 KiB of them, and what becomes of it is told by the stream of events. A
// program that does not read its events is cut off by the daemon once the
// daemon's queue for it is full. Programs that need speed receive with Borrow
// instead of Events.
//
// The methods of a Conn may be called from any goroutine; Events, or Borrow,
// may be iterated by one at a time.
package client

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"mpspread/client/frame"
)

// Errors to be told apart with errors.Is.
var (
	// ErrClosed: the connection has ended, by Close or by the daemon. The
	// cause, if there is one, is wrapped beside it.
	ErrClosed = errors.New("client: connection closed")
	// ErrBusy: another goroutine is reading the events.
	ErrBusy = errors.New("client: events are being read already")
	// ErrIllegalGroup: a group's name is empty, over 31 bytes, or has bytes
	// outside 0x24 to 0x7e. Private group names are legal for Multicast only.
	ErrIllegalGroup = errors.New("client: illegal group name")
	// ErrTooManyGroups: more than 100 groups.
	ErrTooManyGroups = errors.New("client: too many groups")
	// ErrMessageTooLong: data and 32 bytes a group are over 144 000 bytes.
	ErrMessageTooLong = errors.New("client: message too long")
	// ErrIllegalService: no service level.
	ErrIllegalService = errors.New("client: illegal service level")
	// ErrIllegalAddress: an address Connect cannot read.
	ErrIllegalAddress = errors.New("client: illegal address")

	// Refusals by the daemon, wrapped in what Connect returns.
	ErrQuota       error = frame.RejectQuota
	ErrIllegalName error = frame.RejectIllegalName
	ErrNotUnique   error = frame.RejectNotUnique // also for a moment after that name disconnected
	ErrVersion     error = frame.RejectVersion
	ErrAuth        error = frame.RejectAuth
)

// Conn is a session with a daemon.
type Conn struct {
	conn    net.Conn
	private string
	out     *outbox

	iterating atomic.Bool // somebody is inside Events or Borrow
	in        inbox       // of that iteration
	// turn is held by who reads from conn: that iteration for one read at a
	// time, or Close while it drains.
	turn   chan struct{}
	closed atomic.Bool // no more events
	once   sync.Once
}

// Private is the session's private group, #name#daemon: the sender of its
// messages, its name in member lists, and a destination that reaches only it.
func (c *Conn) Private() string { return c.private }

// Join asks for membership in a group. It is confirmed by a Membership of
// that group with cause Join and Changed equal to Private. To join again does
// nothing.
func (c *Conn) Join(ctx context.Context, group string) error {
	return c.request(ctx, frame.Join, group)
}

// Leave ends membership in a group; SelfLeave confirms it, and nothing of the
// group follows.
func (c *Conn) Leave(ctx context.Context, group string) error {
	return c.request(ctx, frame.Leave, group)
}

func (c *Conn) request(ctx context.Context, t frame.Type, group string) error {
	if !frame.LegalName(group, frame.MaxName) {
		return ErrIllegalGroup
	}
	return c.out.put(ctx, t, frame.NewHint(0), []string{group}, nil)
}

// Multicast sends data to all members of the groups, once to each however
// many of the groups it is in; a private group name reaches one session. The
// sender need not be a member; if it is, the message comes back to it in
// order. The data is copied. It waits while the queue is full, until ctx ends.
func (c *Conn) Multicast(ctx context.Context, service Service, data []byte, groups ...string) error {
	return c.Send(ctx, Outgoing{Service: service, Data: data, Groups: groups})
}

// Outgoing is a message to be sent with more than the usual choices.
type Outgoing struct {
	Service Service
	Groups  []string // at most 100
	Data    []byte
	// Type is an application's own number, delivered with the message.
	Type int16
	// SelfDiscard: not to be delivered to the sender.
	SelfDiscard bool
}

// Send is Multicast with all choices.
func (c *Conn) Send(ctx context.Context, m Outgoing) error {
	switch {
	case m.Service > Safe:
		return ErrIllegalService
	case len(m.Groups) > frame.MaxGroups:
		return ErrTooManyGroups
	case len(m.Data) > frame.MaxBody-frame.NameSize*len(m.Groups):
		return ErrMessageTooLong
	}
	for _, g := range m.Groups {
		if g == "" || len(g) > frame.MaxName {
			return ErrIllegalGroup
		}
	}
	t := frame.Unreliable << m.Service
	if m.SelfDiscard {
		t |= frame.SelfDiscard
	}
	return c.out.put(ctx, t, frame.NewHint(m.Type), m.Groups, m.Data)
}

// closeGrace bounds how long Close waits for the daemon to confirm that the
// disconnect is in order, when ctx does not end sooner.
const closeGrace = time.Second

// Close sends what is queued and disconnects. It waits until the daemon has
// put the disconnect in order, so that the name is free again, or until ctx
// ends or a second has passed; the connection is closed in any case. Events
// not yet read are dropped. No goroutine of the session is left when it
// returns. Closing again does nothing.
func (c *Conn) Close(ctx context.Context) (err error) {
	c.once.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, closeGrace)
		defer cancel()
		if err = c.out.finish(ctx); err == nil {
			c.drain(ctx)
		}
		c.closed.Store(true)
		c.fail(ErrClosed)
		<-c.out.done
	})
	if errors.Is(err, ErrClosed) {
		return nil // it had ended before
	}
	return err
}

// drain reads and drops until the daemon closes.
func (c *Conn) drain(ctx context.Context) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-c.out.dead: // the reader of events has come to the end
		return
	case <-ctx.Done():
		return
	}
	hungUp := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = c.conn.Close()
		close(hungUp)
	})
	defer func() {
		if !stop() {
			<-hungUp
		}
	}()
	// The inbox is in use by the loop that Close is called in, if it is.
	for dropped := make([]byte, readLeast); ; {
		_, err := c.conn.Read(dropped)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			// That was for an iteration whose context has ended.
			_ = c.conn.SetReadDeadline(time.Time{})
		case err != nil:
			return
		}
	}
}

// fail ends the session for the reason err, or one that was first, which it
// returns.
func (c *Conn) fail(err error) error {
	err = c.out.fail(err)
	_ = c.conn.Close()
	return err
}
