package groups

import (
	"errors"

	"mpspread/ring"
)

// MaxLocalMembers is how many sessions of one daemon may be in one group; the
// next join is rejected (spread-client-protocol 4.3, 7.5).
const MaxLocalMembers = 3122

var (
	// ErrIllegalGroup refuses a message with a destination that cannot be
	// carried: longer than MaxGroupName, or with a zero byte in it.
	ErrIllegalGroup = errors.New("groups: illegal group name")
	// ErrTooManyGroups refuses a message with more than MaxGroups destinations.
	ErrTooManyGroups = errors.New("groups: too many groups")
	// ErrSessionExists refuses a SessionID that is open already.
	ErrSessionExists = errors.New("groups: session is open")
)

// session is a client session of this daemon.
type session struct {
	id         SessionID
	name       string
	private    string
	membership bool   // wants membership messages
	serial     uint64 // grows with every opening
	closing    bool   // its disconnect is on its way
}

// sessions are the client sessions of this daemon, those included whose
// disconnect has not yet been ordered.
type sessions struct {
	byID     map[SessionID]*session
	byName   map[string]*session
	opened   uint64
	invented uint64
}

func (s *sessions) init() {
	s.byID = make(map[SessionID]*session)
	s.byName = make(map[string]*session)
}

// Sessions counts the sessions of this daemon, those included that are closing.
func (g *Groups) Sessions() int { return len(g.sessions.byID) }

// Open begins a session. name is the private name, or empty to have one
// invented; membership asks for membership, transition and self-leave events.
// It returns the private group name. The name is taken until EventClosed.
// Errors: ErrIllegalName, ErrNotUnique, ErrSessionExists.
func (g *Groups) Open(id SessionID, name string, membership bool) (string, error) {
	s := &g.sessions
	if s.byID[id] != nil {
		return "", ErrSessionExists
	}
	if name == "" {
		name = s.invent()
	}
	if !legalPrivateName(name) {
		return "", ErrIllegalName
	}
	if s.byName[name] != nil {
		return "", ErrNotUnique
	}
	s.opened++
	opened := &session{
		id:         id,
		name:       name,
		private:    privateName(name, g.name),
		membership: membership,
		serial:     s.opened,
	}
	s.byID[id], s.byName[name] = opened, opened
	return opened.private, nil
}

// invent finds a name that is free. Nine digits to the base of 36 outlast any
// life of a daemon, and a name taken by a client is passed over.
func (s *sessions) invent() string {
	for {
		name := inventName(s.invented)
		s.invented++
		if s.byName[name] == nil {
			return name
		}
	}
}

// open finds a session that may still ask for things.
func (s *sessions) open(id SessionID) (*session, error) {
	found := s.byID[id]
	if found == nil || found.closing {
		return nil, ErrNoSession
	}
	return found, nil
}

func (s *sessions) remove(gone *session) {
	delete(s.byID, gone.id)
	delete(s.byName, gone.name)
}

// Join encodes a session's wish to become a member. A name that no group can
// have gives an EventReject at once and a Submission without payload, which is
// not to be submitted. A join of a group that the session is in already will
// be ignored (spread-client-protocol 6). Error: ErrNoSession.
func (g *Groups) Join(id SessionID, group string) (Submission, error) {
	s, err := g.sessions.open(id)
	if err != nil {
		return Submission{}, err
	}
	if !legalGroupName(group) {
		g.reject(s, group)
		return Submission{}, nil
	}
	return s.submission(ring.Agreed, encodeRequest(kindJoin, s.name, group)), nil
}

// Leave encodes a session's wish to be a member no more. For a name that no
// group can have the Submission has no payload and is not to be submitted.
// Error: ErrNoSession.
func (g *Groups) Leave(id SessionID, group string) (Submission, error) {
	s, err := g.sessions.open(id)
	if err != nil || !legalGroupName(group) {
		return Submission{}, err
	}
	return s.submission(ring.Agreed, encodeRequest(kindLeave, s.name, group)), nil
}

// Multicast encodes a message; m is not kept. Errors: ErrNoSession,
// ErrTooManyGroups, ErrIllegalGroup. Nothing is taken into account before the
// message is delivered, so a Submission that the ring refuses can be dropped.
func (g *Groups) Multicast(id SessionID, m *Multicast) (Submission, error) {
	s, err := g.sessions.open(id)
	if err != nil {
		return Submission{}, err
	}
	if len(m.Groups) > MaxGroups {
		return Submission{}, ErrTooManyGroups
	}
	for _, name := range m.Groups {
		if !legalDestination(name) {
			return Submission{}, ErrIllegalGroup
		}
	}
	return s.submission(m.Service, encodeData(s.name, m)), nil
}

// Close encodes the disconnect of a session. From now on the session may ask
// for nothing; what it sent before is still delivered before its disconnect.
// Events for it may follow until EventClosed and are to be thrown away. Error:
// ErrNoSession.
func (g *Groups) Close(id SessionID) (Submission, error) {
	s, err := g.sessions.open(id)
	if err != nil {
		return Submission{}, err
	}
	s.closing = true
	return s.submission(ring.Agreed, encodeRequest(kindDisconnect, s.name, "")), nil
}

func (s *session) submission(service ring.Service, payload []byte) Submission {
	return Submission{Lane: LaneOf(s.id), Service: service, Payload: payload}
}

// reject tells a local session that its join is refused.
func (g *Groups) reject(s *session, group string) {
	g.counters.Rejected++
	g.emit(Event{
		Kind:     EventReject,
		Sessions: []SessionID{s.id},
		Message:  &Message{Sender: s.private, Multicast: Multicast{Service: ring.Agreed, Groups: []string{group}}},
		Group:    group,
		Request:  CauseJoin,
	})
}
