package daemon

import (
	"net"
	"sync"
	"time"

	"mpspread/client/frame"
	"mpspread/config"
	"mpspread/groups"
)

// registry knows every connection, from accept to the end of its ordered
// disconnect: how many there are, in all and of each user (SEC-14), and which
// private names are taken. A name is taken from the moment the hello is read,
// before the engine knows it, until the disconnect has been ordered
// (client protocol 2.8). Any goroutine may use it.
type registry struct {
	most, mostPerUID int

	mu     sync.Mutex
	all    map[*session]bool
	perUID map[uint32]int
	names  map[string]*session
	// farewells are connections that are being refused.
	farewells map[net.Conn]bool
	closed    bool
}

// maxFarewells bounds the refused connections that get a word and time to
// read it.
const maxFarewells = 256

func newRegistry(c *config.Client) *registry {
	return &registry{
		most: c.MaxSessions, mostPerUID: c.MaxSessionsPerUID,
		all: make(map[*session]bool), perUID: make(map[uint32]int), names: make(map[string]*session),
		farewells: make(map[net.Conn]bool),
	}
}

// admit takes a new connection in, or tells with which result it is refused.
func (r *registry) admit(s *session) frame.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.all) >= r.most || s.peer.local && r.perUID[s.peer.uid] >= r.mostPerUID {
		return frame.RejectQuota
	}
	r.all[s] = true
	if s.peer.local {
		r.perUID[s.peer.uid]++
	}
	return frame.Accept
}

// reserve takes a name for a session. If another has it, that one is returned
// and probed: it may be dead without our knowing (F18).
func (r *registry) reserve(s *session, name string) (holder *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if holder = r.names[name]; holder != nil {
		holder.probe()
		return holder
	}
	r.names[name], s.name = s, name
	return nil
}

// adopt notes the name that the engine invented for a session.
func (r *registry) adopt(s *session, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names[name] == nil {
		r.names[name], s.name = s, name
	}
}

// remove forgets a session and frees its name.
func (r *registry) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.all[s] {
		return
	}
	delete(r.all, s)
	if s.peer.local {
		if r.perUID[s.peer.uid]--; r.perUID[s.peer.uid] == 0 {
			delete(r.perUID, s.peer.uid)
		}
	}
	if s.name != "" && r.names[s.name] == s {
		delete(r.names, s.name)
	}
}

// bid notes a connection that is refused, until its farewell is over; false if
// too many are.
func (r *registry) bid(conn net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.farewells) >= maxFarewells {
		return false
	}
	r.farewells[conn] = true
	return true
}

func (r *registry) bade(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.farewells, conn)
}

// shutAll ends everything: open sessions may write what is queued for them,
// but not longer than limit.
func (r *registry) shutAll(open map[groups.SessionID]*session, limit time.Duration) {
	for _, s := range open {
		s.out.finish()
	}
	r.mu.Lock()
	r.closed = true
	for conn := range r.farewells {
		_ = conn.Close()
	}
	for s := range r.all {
		if open[s.id] != s {
			s.shut()
		}
	}
	r.mu.Unlock()
	late := time.NewTimer(limit)
	defer late.Stop()
wait:
	for _, s := range open {
		select {
		case <-s.gone:
		case <-late.C:
			break wait
		}
	}
	for _, s := range open {
		s.shut()
	}
}
