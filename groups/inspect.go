package groups

import "fmt"

// Act is what a payload asks of the group layer.
type Act uint8

// The acts, in the order of their wire values.
const (
	ActMessage    Act = iota + 1 // a client's message
	ActJoin                      // of a group
	ActLeave                     // of a group
	ActDisconnect                // of a session
	ActAnnounce                  // state exchange: what a daemon has
	ActPiece                     // state exchange: a piece of a table
	ActLastPiece                 // and the last one of it
)

var actNames = [...]string{ActMessage: "message", ActJoin: "join", ActLeave: "leave", ActDisconnect: "disconnect", ActAnnounce: "announce", ActPiece: "piece", ActLastPiece: "last-piece"}

// String is the act's name in traces; none for the zero value.
func (a Act) String() string {
	switch {
	case a == 0:
		return "none"
	case int(a) < len(actNames):
		return actNames[a]
	}
	return fmt.Sprintf("act %d", uint8(a))
}

// Request is a payload taken apart, for those who watch what is put in order:
// traces, recorders. Groups itself never needs it whole.
type Request struct {
	Act Act
	// Name is the private name of the session that asks; empty for the state
	// exchange. Its daemon is the one that originated the payload.
	Name        string
	Groups      []string // of a join or leave the one group, of a message all destinations
	SelfDiscard bool
}

// Inspect takes a payload apart. It fails on what Deliver would refuse; of the
// state exchange only the act is read.
func Inspect(payload []byte) (Request, error) {
	if isExchange(payload) {
		p, err := parsePiece(payload)
		if err == nil && p.index == pieces(p.size)-1 {
			return Request{Act: ActLastPiece}, nil
		}
		return Request{Act: Act(payload[0])}, nil
	}
	if len(payload) > 0 && kind(payload[0]) == kindData {
		m, err := parseData(payload)
		if err != nil {
			return Request{}, err
		}
		r := Request{Act: ActMessage, Name: string(m.sender), SelfDiscard: m.selfDiscard, Groups: make([]string, 0, m.count)}
		for rest := m.groups; len(rest) > 0; {
			var name []byte
			name, rest = nextDestination(rest)
			r.Groups = append(r.Groups, string(name))
		}
		return r, nil
	}
	q, err := parseRequest(payload)
	if err != nil {
		return Request{}, err
	}
	r := Request{Act: Act(q.kind), Name: string(q.name)}
	if q.kind != kindDisconnect {
		r.Groups = []string{string(q.group)}
	}
	return r, nil
}
