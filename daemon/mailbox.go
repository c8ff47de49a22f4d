package daemon

import (
	"sync"

	"mpspread/client/frame"
	"mpspread/groups"
)

// mail is what another goroutine has for the loop: one of the fields is set.
type mail struct {
	batch  *batch   // requests of a session
	open   *opening // a client that wants a session
	answer *answer  // to a monitor command
}

// opening asks the loop to open a session. The loop sends exactly one reply,
// unless it ends first.
type opening struct {
	session    *session
	name       string
	membership bool
	reply      chan openReply // capacity 1
}

// openReply is the private group name, or why there is none.
type openReply struct {
	private string
	refusal frame.Result // frame.Accept if there is none
}

// answer is the reply to a monitor command.
type answer struct {
	id    [16]byte
	reply []byte
}

// mailbox is where the loop finds what others have for it. It is bounded by
// what each sender may have under way: a session two batches, a handshake one
// opening, the answerer one answer.
type mailbox struct {
	wake func() // makes the loop look

	mu       sync.Mutex
	mail     []mail
	stopping bool
}

// post adds one. The loop is woken once for all that come while it is busy.
func (b *mailbox) post(m mail) {
	b.mu.Lock()
	first := len(b.mail) == 0
	b.mail = append(b.mail, m)
	b.mu.Unlock()
	if first {
		b.wake()
	}
}

// take swaps what is there for an empty slice, and tells whether the daemon is
// to stop.
func (b *mailbox) take(empty []mail) (mail []mail, stopping bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	mail, b.mail = b.mail, empty
	return mail, b.stopping
}

// stop makes the loop leave the ring and end.
func (b *mailbox) stop() {
	b.mu.Lock()
	b.stopping = true
	b.mu.Unlock()
	b.wake()
}

// batch is what one read of a session brought. The reader fills it, the loop
// uses it up and gives it back through session.free.
type batch struct {
	session  *session
	buf      []byte // requests point into it
	used     int    // bytes of buf that requests were made of
	need     int    // length of the frame at used, as far as known
	requests []request
	// end, if not nil, is why the session ends after these requests.
	end *ending
}

// request is a frame.Request with its groups as strings, which may be kept.
type request struct {
	frame.Request
	groups []string
}

// ending is why a session ends.
type ending struct {
	cause endCause
	err   error
}

// endCause is how a session ended, for counting.
type endCause uint8

const (
	endDisconnect endCause = iota // the client said so
	endClosed                     // end of file or a read error
	endViolation                  // of the protocol
	endSlow                       // queue overflow
	endRefused                    // the engine takes nothing of it any more
	endLife                       // the daemon's life that it was a session of is over
)

func (c endCause) String() string {
	return [...]string{"disconnect", "connection closed", "protocol violation", "too slow", "refused", "life over"}[c]
}

// multicast fills m for the engine, which does not keep it.
func (r *request) multicast(m *groups.Multicast) {
	*m = groups.Multicast{
		Service:     serviceOf(r.Type),
		SelfDiscard: r.Type&frame.SelfDiscard != 0,
		Flags:       uint32(r.Type & frame.PassThrough),
		Hint:        r.Hint,
		Groups:      r.groups,
		Data:        r.Data,
	}
}
