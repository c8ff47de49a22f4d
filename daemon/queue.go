package daemon

import (
	"sync"

	"mpspread/internal/outbox"
)

// queue is what waits to be written to a client: a box of frames that sessions
// share. The loop puts frames in and the writer takes all there are out; wake
// is signalled only when the writer sleeps.
type queue struct {
	wake chan struct{} // capacity 1

	mu       sync.Mutex
	box      outbox.Box[[]byte]
	sleeping bool
	last     bool // nothing will follow: the writer ends when all is written
}

// put adds frames that cost so many bytes and takes them away from the caller,
// who gets an empty list back, what this means for the session, and how many
// bytes wait now.
func (q *queue) put(frames [][]byte, bytes int) (empty [][]byte, v outbox.Verdict, waiting int) {
	q.mu.Lock()
	empty, v = q.box.Put(frames, bytes)
	waiting = q.box.Waiting()
	wake := q.sleeping
	q.sleeping = false
	q.mu.Unlock()
	if wake {
		q.wake <- struct{}{}
	}
	return empty, v, waiting
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
	frames = q.box.Take(empty, written)
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
			written += len(f) + outbox.ItemCost
		}
		if err := s.stream.write(frames); err != nil {
			return
		}
		clear(frames)
	}
}
