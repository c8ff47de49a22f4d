package daemon

import (
	"errors"
	"slices"
	"strings"

	"go.uber.org/zap"

	"mpspread/client/frame"
	"mpspread/groups"
	"mpspread/internal/outbox"
	"mpspread/ring"
)

const (
	// serveTurn bounds the requests served in one turn of the loop, so that
	// the networks do not wait for clients.
	serveTurn = 512
	// serveQuantum is how many requests of one session are served before the
	// next session has its turn.
	serveQuantum = 64
)

// open opens a session and replies to its handshake.
func (l *loop) open(o *opening) {
	l.lastID++
	private, err := l.engine.Open(l.now(), l.lastID, o.name, o.membership)
	l.obey()
	if err != nil {
		l.counters.OpenRefused++
		o.reply <- openReply{refusal: refusalOf(err)}
		return
	}
	l.counters.Opened++
	s := o.session
	s.id, s.private, s.groups = l.lastID, private, make(map[string]bool)
	l.sessions[s.id] = s
	if o.name == "" {
		l.registry.adopt(s, privateName(private))
	}
	o.reply <- openReply{private: private, refusal: frame.Accept}
}

// privateName is the name in #name#daemon.
func privateName(group string) string {
	name, _, _ := strings.Cut(group[1:], "#")
	return name
}

func refusalOf(err error) frame.Result {
	switch {
	case errors.Is(err, groups.ErrNotUnique):
		return frame.RejectNotUnique
	case errors.Is(err, groups.ErrIllegalName):
		return frame.RejectIllegalName
	}
	return frame.RejectQuota // engine.ErrTooManySessions, and ring.ErrLeft of a daemon that stops
}

// takeBatch queues a session's requests.
func (l *loop) takeBatch(b *batch) {
	s := b.session
	if s.closing {
		return
	}
	s.pending = append(s.pending, b)
	if !s.ready && !s.blocked {
		s.ready = true
		l.ready = append(l.ready, s)
	}
}

// serveReady serves sessions in turn.
func (l *loop) serveReady() {
	for budget := serveTurn; budget > 0 && len(l.ready) > 0; {
		s := l.ready[0]
		l.ready[0] = nil
		l.ready = l.ready[1:]
		s.ready = false
		budget -= l.serve(s) + 1
		if len(s.pending) > 0 && !s.blocked && !s.closing {
			s.ready = true
			l.ready = append(l.ready, s)
		}
	}
}

// serve serves up to a quantum of a session's requests and tells how many. A
// session that the ring has no room for is served no further, and its client
// read no further, until there is.
func (l *loop) serve(s *session) (served int) {
	for served < serveQuantum && len(s.pending) > 0 && !s.closing {
		b := s.pending[0]
		if s.at < len(b.requests) {
			if !l.request(s, &b.requests[s.at]) {
				l.counters.RequestsHeld++
				s.blocked = true
				l.blocked = append(l.blocked, s)
				return served
			}
			s.at++
			served++
			continue
		}
		s.pending, s.at = slices.Delete(s.pending, 0, 1), 0
		end := b.end
		s.free <- b // there is always room for all of a session's batches
		if end != nil {
			l.end(s, end)
		}
	}
	return served
}

// unblock serves the sessions that waited for room again.
func (l *loop) unblock() {
	for _, s := range l.blocked {
		s.blocked = false
		if !s.closing {
			s.ready = true
			l.ready = append(l.ready, s)
		}
	}
	clear(l.blocked)
	l.blocked = l.blocked[:0]
}

// request does one request, and tells whether it was taken.
func (l *loop) request(s *session, r *request) bool {
	now, err := l.now(), error(nil)
	switch {
	case r.Type&frame.Join != 0:
		if len(s.groups) >= l.cfg.Client.MaxGroups && !s.groups[r.groups[0]] {
			l.counters.JoinsRefused++
			l.stage(s, frame.AppendReject(nil, frame.CausedByJoin, s.private, r.Hint, r.groups[:1], nil))
			return true
		}
		if err = l.engine.Join(now, s.id, r.groups[0]); err == nil {
			s.groups[r.groups[0]] = true
		}
	case r.Type&frame.Leave != 0:
		if err = l.engine.Leave(now, s.id, r.groups[0]); err == nil {
			delete(s.groups, r.groups[0])
		}
	default:
		r.multicast(&l.multicast)
		err = l.engine.Multicast(now, s.id, &l.multicast)
	}
	l.obey()
	switch {
	case err == nil:
		l.counters.Requests++
	case errors.Is(err, ring.ErrWindowFull):
		return false
	default:
		l.end(s, &ending{endRefused, err})
	}
	return true
}

// end begins a session's ordered disconnect: for other members it is gone when
// that is delivered, for this client now. After a disconnect of its own the
// connection stays open until then, as the 5.0 daemon does it.
func (l *loop) end(s *session, e *ending) {
	if s.closing {
		return
	}
	s.closing = true
	clear(s.staged)
	clear(s.pending)
	s.staged, s.stagedBytes, s.pending = nil, 0, nil
	l.countEnd(s, e)
	if e.cause != endDisconnect {
		s.shut()
	}
	if err := l.engine.Close(l.now(), s.id); err != nil {
		panic("daemon: closing session " + s.private + ": " + err.Error())
	}
	l.obey()
}

// closed forgets a session whose disconnect has been ordered.
func (l *loop) closed(s *session) {
	s.closing = true
	delete(l.sessions, s.id)
	l.registry.remove(s)
	s.shut()
}

// deliver stages the frame of an event, made once, for its receivers.
func (l *loop) deliver(ev *groups.Event) {
	var encoded []byte
	for _, id := range ev.Sessions {
		s := l.sessions[id]
		switch {
		case s == nil:
		case ev.Kind == groups.EventClosed:
			l.closed(s)
		case s.closing: // what it would still get is thrown away
		default:
			if ev.Kind == groups.EventReject && ev.Request == groups.CauseJoin {
				delete(s.groups, ev.Group)
			}
			if encoded == nil {
				l.counters.Frames++
				if encoded = encode(ev); encoded == nil {
					return
				}
			}
			l.stage(s, encoded)
		}
	}
}

// stage puts a frame where flush finds it.
func (l *loop) stage(s *session, encoded []byte) {
	s.staged = append(s.staged, encoded)
	s.stagedBytes += len(encoded) + outbox.ItemCost
	if !s.dirty {
		s.dirty = true
		l.dirty = append(l.dirty, s)
	}
}

var errQueueFull = errors.New("it reads too slowly and its queue is full")

// flush hands the writers what is staged: one wake-up a turn. A session whose
// queue gets long is warned of in the log and, when it is over its bound,
// closed; nobody else waits for it (CLI-3, CLI-4).
func (l *loop) flush() {
	for i := 0; i < len(l.dirty); i++ { // ending a session may stage for others
		s := l.dirty[i]
		s.dirty = false
		if s.closing {
			continue
		}
		var v outbox.Verdict
		var waiting int
		s.staged, v, waiting = s.out.put(s.staged, s.stagedBytes)
		s.stagedBytes = 0
		switch v {
		case outbox.Full:
			l.end(s, &ending{endSlow, errQueueFull})
		case outbox.Slow:
			l.log.Warn("client is slow", zap.String("session", s.private), zap.String("client", s.peer.String()),
				zap.Int("waiting_bytes", waiting), zap.Int("closed_at_bytes", l.cfg.Client.MaxQueue))
		}
	}
	clear(l.dirty)
	l.dirty = l.dirty[:0]
}
