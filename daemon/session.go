package daemon

import (
	"net"
	"sync"
	"time"

	"mpspread/client/frame"
	"mpspread/groups"
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
	stream  stream
	version frame.Version
	private string

	// name is what the registry knows it by; guarded by the registry.
	name string
	// opened: the engine has it, and the loop will remove it; of the handshake.
	opened bool

	free chan *batch // batches the reader may fill; capacity maxBatches
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
	warned  bool     // of its queue
	groups  map[string]bool

	staged      [][]byte // frames not yet handed to the writer
	stagedBytes int
}

// maxBatches is how many batches of one session are under way: one that the
// loop serves, one that the reader fills.
const maxBatches = 2

func newSession(conn net.Conn, p peer, s slots) (*session, error) {
	st, err := newStream(conn, s)
	if err != nil {
		return nil, err
	}
	x := &session{
		peer: p, conn: conn, stream: st,
		free: make(chan *batch, maxBatches), gone: make(chan struct{}),
	}
	x.out.wake = make(chan struct{}, 1)
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

// queue is what waits to be written to a client: a bounded list of frames that
// sessions share. The loop puts frames in and the writer takes all there are
// out; wake is signalled only when the writer sleeps.
type queue struct {
	wake chan struct{} // capacity 1

	mu       sync.Mutex
	frames   [][]byte
	bytes    int // of frames, and of those being written
	sleeping bool
	last     bool // nothing will follow: the writer ends when all is written
}

// frameCost is what a frame in a queue costs beyond its bytes.
const frameCost = 64

// put adds frames that cost so many bytes and takes them away from the caller,
// who gets an empty list back, and how many bytes wait now.
func (q *queue) put(frames [][]byte, bytes int) (empty [][]byte, waiting int) {
	q.mu.Lock()
	q.bytes += bytes
	waiting = q.bytes
	if len(q.frames) == 0 {
		q.frames, frames = frames, q.frames
	} else {
		q.frames = append(q.frames, frames...)
		clear(frames)
	}
	wake := q.sleeping
	q.sleeping = false
	q.mu.Unlock()
	if wake {
		q.wake <- struct{}{}
	}
	return frames[:0], waiting
}

// finish lets the writer end once it has written what is there.
func (q *queue) finish() {
	q.mu.Lock()
	q.last = true
	wake := q.sleeping
	q.sleeping = false
	q.mu.Unlock()
	if wake {
		q.wake <- struct{}{}
	}
}

// take gives the writer all frames for an empty list; none if it may sleep
// until wake. written is how many bytes of the last ones have gone.
func (q *queue) take(empty [][]byte, written int) (frames [][]byte, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= written
	frames, q.frames = q.frames, empty
	q.sleeping = len(frames) == 0 && !q.last
	return frames, q.last && len(frames) == 0
}

// write is the writer goroutine: everything that waits goes in one system
// call. It ends the session when the client is gone.
func (s *session) write() {
	defer s.shut()
	var frames [][]byte
	written := 0
	for {
		var last bool
		frames, last = s.out.take(frames[:0], written)
		written = 0
		switch {
		case last:
			return
		case len(frames) == 0:
			select {
			case <-s.out.wake:
				continue
			case <-s.gone:
				return
			}
		}
		for _, f := range frames {
			written += len(f) + frameCost
		}
		if err := s.stream.write(frames); err != nil {
			return
		}
		clear(frames)
	}
}
