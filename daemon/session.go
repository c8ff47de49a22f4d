package daemon

import (
	"net"
	"sync"
	"time"

	"mpspread/groups"
	"mpspread/internal/outbox"
)

// session is one client's connection, from accept to the end of its ordered
// disconnect.
//
// A goroutine of its own does the handshake and then reads (reader.go),
// another writes (queue.go). Fields are of the loop unless marked otherwise.
type session struct {
	// Set before the session is open, then only read.
	peer    peer
	conn    net.Conn
	stream  stream // on conn, by TLS or in clear
	private string

	// name is what the registry knows it by; guarded by the registry.
	name string
	// opened: the engine has it, and the loop will remove it; of the handshake.
	opened bool

	free chan *batch // batches the reader may fill; room for all there are
	out  queue
	gone chan struct{} // closed by shut
	once sync.Once

	id      groups.SessionID
	pending []*batch // to be served, in order
	at      int      // next request of pending[0]
	ready   bool     // in the loop's list of sessions to serve
	blocked bool     // waits for room in the ring
	closing bool     // its disconnect is on its way; nothing more from or for it
	dirty   bool     // in the loop's list of sessions to be flushed
	groups  map[string]bool

	staged      [][]byte // frames not yet handed to the writer
	stagedBytes int
}

// maxBatches is how many batches of one session are under way: one that the
// loop serves, one that the reader fills. The last word of a session that was
// shut may be one more.
const maxBatches = 2

// newSession makes a session whose queue takes so many bytes.
func newSession(conn net.Conn, p peer, s slots, queue int) (*session, error) {
	st, err := newStream(conn, s)
	if err != nil {
		return nil, err
	}
	x := &session{
		peer: p, conn: conn, stream: st,
		free: make(chan *batch, maxBatches+1), gone: make(chan struct{}),
	}
	x.out.wake, x.out.box = make(chan struct{}, 1), outbox.New[[]byte](queue)
	for range maxBatches {
		x.free <- &batch{session: x}
	}
	return x, nil
}

// shut closes the connection and ends the session's goroutines. Any goroutine.
func (s *session) shut() {
	s.once.Do(func() {
		close(s.gone)
		_ = s.conn.Close()
	})
}

// probe makes the kernel find out whether the other end is still there, since
// somebody wants this session's name (F18). Local sockets need none: their end
// of file comes at once. Any goroutine.
func (s *session) probe() {
	if tcp, ok := s.conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 2})
	}
}
