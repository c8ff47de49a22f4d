package engine

import (
	"errors"

	"mpspread/groups"
	"mpspread/ring"
)

var (
	// ErrUnknownSelf refuses a configuration without this daemon in it.
	ErrUnknownSelf = errors.New("engine: own daemon is not configured")
	// ErrTooManySessions refuses a session beyond Config.MaxSessions.
	ErrTooManySessions = errors.New("engine: too many sessions")
)

// Open begins a session. name is the private name, or empty to have one
// invented; membership asks for membership messages. It returns the private
// group name. The name is taken until EventClosed. Errors:
// groups.ErrIllegalName, groups.ErrNotUnique, ErrTooManySessions, ring.ErrLeft.
func (e *Engine) Open(now Time, id groups.SessionID, name string, membership bool) (string, error) {
	e.begin()
	if e.stopped {
		return "", ring.ErrLeft
	}
	if e.groups.Sessions() >= e.maxSessions {
		return "", ErrTooManySessions
	}
	return e.groups.Open(id, name, membership)
}

// Join asks for a session to become a member of a group. The answer is an
// event: the membership (if the session wants those), or EventReject.
// ring.ErrWindowFull means that nothing was taken because many requests of
// this session wait already; try again after Output.Room.
func (e *Engine) Join(now Time, id groups.SessionID, group string) error {
	e.begin()
	return e.request(now, id, group, e.groups.Join)
}

// Leave asks for a session to leave a group; errors as for Join.
func (e *Engine) Leave(now Time, id groups.SessionID, group string) error {
	e.begin()
	return e.request(now, id, group, e.groups.Leave)
}

func (e *Engine) request(now Time, id groups.SessionID, group string, encode func(groups.SessionID, string) (groups.Submission, error)) error {
	if e.stopped {
		return ring.ErrLeft
	}
	if e.backlog.waiting(groups.LaneOf(id)) >= maxWaitingRequests {
		e.backlog.refused = true
		return ring.ErrWindowFull
	}
	s, err := encode(id, group)
	if err != nil {
		return err
	}
	if s.Payload != nil {
		e.submit(now, s)
	}
	e.settle(now)
	return nil
}

// Multicast sends a client's message. ring.ErrWindowFull is backpressure:
// nothing was taken, try again after Output.Room. Other errors are final for
// this message: groups.ErrNoSession, groups.ErrIllegalGroup,
// ring.ErrMessageTooLong, ring.ErrLeft.
func (e *Engine) Multicast(now Time, id groups.SessionID, m *groups.Multicast) error {
	e.begin()
	lane := groups.LaneOf(id)
	if e.stopped {
		return ring.ErrLeft
	}
	if !e.open(lane) || e.backlog.waiting(lane) > 0 {
		e.backlog.refused = true
		return ring.ErrWindowFull
	}
	s, err := e.groups.Multicast(id, m)
	if err != nil {
		return err
	}
	if err := e.ring.Submit(now, s.Lane, s.Service, s.Payload); err != nil {
		if errors.Is(err, ring.ErrWindowFull) {
			e.backlog.refused = true
		}
		return err
	}
	e.settle(now)
	return nil
}

// Close ends a session: its disconnect is ordered behind all that was accepted
// from it, and EventClosed tells when it has been. After it the session may do
// nothing more; events that still come for it are to be thrown away.
func (e *Engine) Close(now Time, id groups.SessionID) error {
	e.begin()
	s, err := e.groups.Close(id)
	if err != nil {
		return err
	}
	if e.stopped {
		return nil // the others will see the whole daemon go
	}
	e.submit(now, s)
	e.settle(now)
	return nil
}
