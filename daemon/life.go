package daemon

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"mpspread/datalink"
	"mpspread/internal/engine"
)

// leastLife is how old a life must be to be given up, so that whatever makes
// lives end does not keep the daemon busy with nothing but new ones.
const leastLife = time.Second

var errLifeOver = errors.New("the daemon has begun a new life")

// newLife makes the engine of one life, with an incarnation of its own, which
// is returned as status shows it. states are those of the links now. The key
// file is read again: nothing of the keys is kept outside the engine (SEC-18).
func (d *daemon) newLife(states []datalink.NetworkState) (*engine.Engine, string, error) {
	c, incarnation, err := engineConfig(d.cfg, d.self, states)
	if err != nil {
		return nil, "", err
	}
	e, err := d.newEngine(c)
	clear(c.Multipath.Keys)
	if err != nil {
		return nil, "", fmt.Errorf("daemon: %w", err)
	}
	return e, incarnation, nil
}

// dead tells that this life cannot go on, because the machine was put back to
// an older state (protocol rule 1, SCN-28). A daemon that leaves anyway needs
// no other.
func (l *loop) dead() bool {
	return l.engine.Reverted() && l.stopAt == 0 && l.now() >= leastLife
}

// renew begins a new life in the place of this one. Its sessions end with it:
// what they were promised by the old life the new one knows nothing of. Links,
// listeners and handshakes go on.
func (l *loop) renew() error {
	states := l.links.States(nil)
	e, incarnation, err := l.newLife(states)
	if err != nil {
		return fmt.Errorf("beginning a new life: %w", err)
	}
	l.log.Warn("this machine was put back to an older state, or has no packet counters left: beginning a new life and closing all sessions",
		zap.String("incarnation", incarnation), zap.String("was", l.incarnation), zap.Int("sessions", len(l.sessions)))
	l.endSessions()
	l.engine, l.incarnation, l.start = e, incarnation, time.Now()
	l.watch = watch{}
	l.watch.init(l.cfg, states, l.links.Generation())
	l.status.current.Store(nil)
	l.obey()
	return nil
}

// endSessions ends all sessions without the engine, which orders nothing more.
func (l *loop) endSessions() {
	for _, s := range l.sessions {
		if !s.closing {
			l.countEnd(s, &ending{endLife, errLifeOver})
		}
		l.closed(s)
		s.staged, s.stagedBytes, s.pending = nil, 0, nil
	}
	clear(l.ready)
	clear(l.blocked)
	clear(l.dirty)
	l.ready, l.blocked, l.dirty = l.ready[:0], l.blocked[:0], l.dirty[:0]
}
