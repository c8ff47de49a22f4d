package daemon

import (
	"errors"

	"go.uber.org/zap"

	"mpspread/client/frame"
)

// counters are totals since start of what sessions did, for status. They are
// the loop's.
type counters struct {
	// Sessions that began, and that the engine refused.
	Opened, OpenRefused uint64
	// Sessions that ended, by cause.
	Disconnected, Closed, Violations, Slow, Refused, LifeOver uint64
	// Violations, by the rule that was broken.
	BadMarker, BadService, BadPrivate, BadGroups, BadHint, BadLength, NoGroup uint64
	// Requests taken; times one had to wait for room in the ring; joins over
	// max_groups.
	Requests, RequestsHeld, JoinsRefused uint64
	// Frames made for clients; monitor commands, and those that found too many
	// waiting.
	Frames, Commands, CommandsRefused uint64
}

// turnCounters are totals since start of the loop's turns, for status. They are
// the loop's. A daemon at rest turns for packets and for timers only.
type turnCounters struct {
	Turns    uint64
	Timers   uint64 // in which a timer of the engine fired
	Needless uint64 // that found nothing to do
}

func (c *turnCounters) count(busy, fired bool) {
	c.Turns++
	if fired {
		c.Timers++
	}
	if !busy {
		c.Needless++
	}
}

// countEnd counts and logs why a session ends.
func (l *loop) countEnd(s *session, e *ending) {
	fields := []zap.Field{
		zap.String("session", s.private), zap.String("client", s.peer.String()),
		zap.Stringer("reason", e.cause), zap.Error(e.err),
	}
	switch e.cause {
	case endDisconnect:
		l.counters.Disconnected++
		l.log.Debug("session ended", fields...)
	case endClosed:
		l.counters.Closed++
		l.log.Debug("session ended", fields...)
	case endViolation:
		l.counters.Violations++
		l.counters.violation(e.err)
		l.log.Info("session closed", fields...)
	case endSlow:
		l.counters.Slow++
		l.log.Warn("session closed", fields...)
	case endRefused:
		l.counters.Refused++
		l.log.Info("session closed", fields...)
	case endLife: // one line tells of all of them
		l.counters.LifeOver++
		l.log.Debug("session closed", fields...)
	}
}

// violation counts by reason.
func (c *counters) violation(err error) {
	reasons := [frame.Violations]*uint64{
		frame.BadMarker: &c.BadMarker, frame.BadService: &c.BadService, frame.BadPrivate: &c.BadPrivate,
		frame.BadGroups: &c.BadGroups, frame.BadHint: &c.BadHint, frame.BadLength: &c.BadLength, frame.NoGroup: &c.NoGroup,
	}
	var v frame.Violation
	if errors.As(err, &v) && reasons[v] != nil {
		*reasons[v]++
	}
}
