package daemon

import (
	"bytes"
	"math"
	"net"
	"time"

	"mpspread/client/frame"
)

// Sizes of a session's read buffers, in bytes: they grow while reads fill them
// and shrink again, so that a busy client needs few system calls and an idle
// one little memory. A longer frame gets the buffer it needs.
const (
	leastBuffer = 4 << 10
	mostBuffer  = 256 << 10
)

// limits are the bounds of a session (SEC-14).
type limits struct {
	body   int // bytes of data and groups of one message
	groups int // of one message
	rate   int // messages a second; 0: any number
}

// reader is the reading half of a session, after the handshake. It belongs to
// the reading goroutine.
type reader struct {
	session *session
	box     *mailbox
	slots   slots
	limits  limits
	pace    pace

	size int // of the buffer to read into
	most int // requests of one batch

	lastRaw    frame.Names // the last destinations seen,
	lastGroups []string    // and the list made of them
}

func newReader(s *session, box *mailbox, sl slots, l limits) *reader {
	r := &reader{session: s, box: box, slots: sl, limits: l, size: leastBuffer, most: math.MaxInt}
	if l.rate > 0 {
		// In steps of a tenth of a second, so that a burst does not wait for
		// the last of it.
		r.pace = pace{rate: float64(l.rate), level: float64(l.rate), last: time.Now()}
		r.most = max(l.rate/10, 1)
	}
	return r
}

// run reads until the session ends; the last batch it posts says why, whatever
// the reason. early is what came behind the handshake.
func (r *reader) run(early []byte) {
	for b := r.next(early); ; {
		if b.end == nil {
			b.end = r.parse(b)
		}
		if len(b.requests) == 0 && b.end == nil {
			b.end = r.read(b)
			if b.end == nil {
				continue
			}
		}
		if !r.pace.wait(len(b.requests), r.session.gone) && b.end == nil {
			b.end = &ending{endClosed, net.ErrClosed}
		}
		last, rest := b.end != nil, b.buf[b.used:]
		r.box.post(mail{batch: b}) // the loop's from here on, but rest may be read
		if last {
			return
		}
		b = r.next(rest)
	}
}

// next is a batch to fill, which begins with the bytes of rest. It waits while
// the loop has them all: this is where a client is held up by the ring. If the
// session is shut meanwhile, by its writer perhaps, it is one more batch that
// ends it.
func (r *reader) next(rest []byte) *batch {
	select {
	case b := <-r.session.free:
		if size := max(r.size, len(rest)); cap(b.buf) < size || cap(b.buf) > 4*size {
			b.buf = append(make([]byte, 0, size), rest...)
		} else {
			b.buf = append(b.buf[:0], rest...) // rest may be of this very buffer
		}
		clear(b.requests)
		b.requests, b.used, b.need, b.end = b.requests[:0], 0, 0, nil
		return b
	case <-r.session.gone:
		return &batch{session: r.session, end: &ending{endClosed, net.ErrClosed}}
	}
}

// parse takes the complete requests out of the batch's bytes. After a
// disconnect nothing more is read.
func (r *reader) parse(b *batch) *ending {
	r.slots.acquire()
	defer r.slots.release()
	for len(b.requests) < r.most && len(b.buf)-b.used >= max(b.need, 1) {
		q, n, err := frame.ParseRequest(b.buf[b.used:], r.session.private, r.limits.body)
		switch {
		case err == frame.ErrShort:
			b.need = n
			return nil
		case err != nil:
			return &ending{endViolation, err}
		case q.Type&frame.Kill != 0:
			return &ending{cause: endDisconnect}
		case q.Type&frame.Requests == 0 && q.Groups.Len() > r.limits.groups:
			return &ending{endViolation, frame.BadGroups}
		}
		b.need = 0
		b.used += n
		b.requests = append(b.requests, request{q, r.groups(q.Groups)})
	}
	return nil
}

// read adds what one read brings.
func (r *reader) read(b *batch) *ending {
	if len(b.buf) == cap(b.buf) {
		// By doubling, and never on the word of a header alone.
		b.buf = append(make([]byte, 0, max(r.size, 2*cap(b.buf))), b.buf...)
	}
	room := b.buf[len(b.buf):cap(b.buf)]
	n, err := r.session.stream.read(room)
	if err != nil {
		return &ending{endClosed, err}
	}
	b.buf = b.buf[:len(b.buf)+n]
	switch {
	case n == len(room):
		r.size = min(2*r.size, mostBuffer)
	case n < r.size/8:
		r.size = max(r.size/2, leastBuffer)
	}
	return nil
}

// groups is a list of the names, the same one while they are the same: most
// programs send to one place.
func (r *reader) groups(names frame.Names) []string {
	if r.lastGroups == nil || !bytes.Equal(names, r.lastRaw) {
		r.lastRaw = append(r.lastRaw[:0], names...)
		r.lastGroups = names.Strings()
	}
	return r.lastGroups
}

// pace holds a client to a number of messages a second, with bursts of a
// second's worth (SEC-14). Without a rate it lets everything pass.
type pace struct {
	rate, level float64
	last        time.Time
}

// wait takes n messages into account and waits until they are due; false if
// gone was closed first.
func (p *pace) wait(n int, gone <-chan struct{}) bool {
	if p.rate == 0 {
		return true
	}
	now := time.Now()
	p.level = min(p.level+now.Sub(p.last).Seconds()*p.rate, p.rate) - float64(n)
	p.last = now
	if p.level >= 0 {
		return true
	}
	due := time.NewTimer(time.Duration(-p.level / p.rate * float64(time.Second)))
	defer due.Stop()
	select {
	case <-due.C:
		return true
	case <-gone:
		return false
	}
}
