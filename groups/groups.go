package groups

import "mpspread/ring"

// Groups is the group layer of one life of a daemon.
type Groups struct{}

// Status is a snapshot for operators.
type Status struct {
	State            string
	Sessions, Groups int
}

// OwnLane is the lane of what the daemon itself submits.
const OwnLane ring.Lane = 0

// LaneOf is the lane of a session's submissions.
func LaneOf(id SessionID) ring.Lane { return ring.Lane(id) + 1 }

// New makes the group layer.
func New(self ring.Process, name string, daemons []Daemon) *Groups { return &Groups{} }

func (g *Groups) Deliver(d ring.Delivery)   {}
func (g *Groups) Events() []Event           { return nil }
func (g *Groups) Submissions() []Submission { return nil }
func (g *Groups) Ready() bool               { return true }
func (g *Groups) Sessions() int             { return 0 }
func (g *Groups) Status() Status            { return Status{} }
func (g *Groups) Open(id SessionID, name string, membership bool) (string, error) {
	return "", nil
}
func (g *Groups) Join(id SessionID, group string) (Submission, error)      { return Submission{}, nil }
func (g *Groups) Leave(id SessionID, group string) (Submission, error)     { return Submission{}, nil }
func (g *Groups) Close(id SessionID) (Submission, error)                   { return Submission{}, nil }
func (g *Groups) Multicast(id SessionID, m *Multicast) (Submission, error) { return Submission{}, nil }
