package bench

import (
	"context"
	"fmt"

	"mpspread/client"
)

// session is a connection to a daemon that sends, receives, or both.
type session struct {
	address  string
	conn     *client.Conn
	sender   *sender   // nil: it only receives
	receiver *receiver // nil: it only sends

	joined chan struct{} // closed when it sees all receivers in the group
}

// connect opens the session and, if it is to receive, joins the group.
func (s *session) connect(ctx context.Context, group string) error {
	var err error
	if s.conn, err = client.Connect(ctx, s.address); err != nil {
		return &ConnectError{s.address, err}
	}
	if s.sender != nil {
		s.sender.conn = s.conn
	}
	if s.receiver == nil {
		close(s.joined)
		return nil
	}
	if err := s.conn.Join(ctx, group); err != nil {
		return fmt.Errorf("bench: joining at %s: %w", s.address, err)
	}
	return nil
}

// ConnectError is a daemon that a session could not be opened with.
type ConnectError struct {
	Address string
	Err     error
}

func (e *ConnectError) Error() string { return "bench: connecting: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// receive takes everything that comes until the session ends.
func (s *session) receive(r *run) {
	joined := s.receiver == nil
	for event, err := range s.conn.Borrow(r.ctx) {
		if err != nil {
			if r.ctx.Err() == nil {
				r.fail(fmt.Errorf("bench: the session at %s ended: %w", s.address, err))
			}
			return
		}
		switch event := event.(type) {
		case *client.Message:
			s.receiver.message(r, event.Data)
		case *client.Membership:
			if r.running.Load() {
				r.changes.Add(1)
			}
			if !joined && len(event.Members) == r.o.Receivers {
				joined = true
				close(s.joined)
			}
		case *client.Rejected:
			r.fail(fmt.Errorf("bench: the daemon at %s refused a request", s.address))
		}
	}
}
