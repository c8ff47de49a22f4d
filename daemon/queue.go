package daemon

import "sync"

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
