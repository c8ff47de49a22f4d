package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// maxReply bounds what a reply may be, in bytes: 127 peers on 8 networks are
// 300 kB.
const maxReply = 8 << 20

// ErrBadReply is an answer that is none of the documents.
var ErrBadReply = errors.New("admin: unintelligible answer")

// RefusedError is a daemon's refusal of a command.
type RefusedError struct {
	Daemon string
	Fault  Fault
}

func (e *RefusedError) Error() string {
	if e.Daemon == "" {
		return "the daemon refuses: " + e.Fault.Message
	}
	return "daemon " + e.Daemon + " refuses: " + e.Fault.Message
}

// UnreachableError tells that no answer came, where from, and what to try.
type UnreachableError struct {
	Where string // "/run/spread/h1.admin", "h2 on network B"
	Hint  string
	Err   error // may be nil
}

func (e *UnreachableError) Error() string {
	text := "no daemon answers on " + e.Where
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Reply is a daemon's answer to one command, as it came.
type Reply struct {
	Body []byte
	RTT  time.Duration // from the first request to the answer
	// Socket is the admin socket it came by; or Came is the network by which
	// the command reached the daemon, and Network the one the answer came by.
	Socket, Came, Network string
}

// Status reads the answer to "status". A refusal is a RefusedError.
func (r Reply) Status() (Status, error) {
	var s Status
	if err := r.read(&s, &s.Version); err != nil {
		return Status{}, err
	}
	s.Via = r.via(s.Via)
	return s, nil
}

// Networks reads the answer to "networks". A refusal is a RefusedError.
func (r Reply) Networks() (Networks, error) {
	var n Networks
	if err := r.read(&n, &n.Version); err != nil {
		return Networks{}, err
	}
	n.Via = r.via(n.Via)
	return n, nil
}

// Ping reads the answer to "ping". A refusal is a RefusedError.
func (r Reply) Ping() (Ping, error) {
	var p Ping
	if err := r.read(&p, &p.Version); err != nil {
		return Ping{}, err
	}
	p.Via, p.RTTUS = r.via(p.Via), r.RTT.Microseconds()
	return p, nil
}

// read decodes the body. Unknown keys are let pass: a newer daemon may say
// more.
func (r Reply) read(document any, version *int) error {
	var refusal struct {
		Daemon string `json:"daemon"`
		Error  *Fault `json:"error"`
	}
	if err := json.Unmarshal(r.Body, &refusal); err == nil && refusal.Error != nil {
		return &RefusedError{Daemon: refusal.Daemon, Fault: *refusal.Error}
	}
	d := json.NewDecoder(bytes.NewReader(r.Body))
	if err := d.Decode(document); err != nil {
		return fmt.Errorf("%w: %w", ErrBadReply, err)
	}
	if *version != DocumentVersion {
		return fmt.Errorf("%w: document version %d, this spreadctl reads %d", ErrBadReply, *version, DocumentVersion)
	}
	return nil
}

// via completes what the daemon said of the way with what only the tool knows.
func (r Reply) via(said *Via) *Via {
	if r.Socket != "" {
		return &Via{Socket: r.Socket}
	}
	v := Via{Command: r.Came, Reply: r.Network}
	if v.Command == "" && said != nil {
		v.Command = said.Command
	}
	return &v
}
