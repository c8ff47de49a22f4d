package daemon

import (
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logBacklog bounds the lines waiting to be written.
const logBacklog = 1024

// logDrain is how long the last lines may take at the end: a log that blocks
// must not keep the daemon from stopping (SCN-29).
const logDrain = time.Second

// asyncLog is log without waiting: lines go through a bounded queue to a
// goroutine that writes them, and are dropped and counted when it is full, so
// that a log that blocks does not hold the ring up. The function returned
// writes what is waiting and ends the goroutine, as far as the log lets it
// within logDrain; nothing may be logged after.
func asyncLog(log *zap.Logger) (*zap.Logger, func()) {
	if log == nil {
		return zap.NewNop(), func() {}
	}
	q := &logQueue{lines: make(chan logLine, logBacklog)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		q.write(log.Core())
	}()
	wrapped := log.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return asyncCore{c, q} }))
	return wrapped, func() {
		close(q.lines)
		select {
		case <-done:
		case <-time.After(logDrain):
			// The log still blocks. The process is about to end, and the
			// goroutine with it.
		}
	}
}

type logLine struct {
	core   zapcore.Core
	entry  zapcore.Entry
	fields []zapcore.Field
}

// logQueue is used by any goroutine.
type logQueue struct {
	lines   chan logLine
	mu      sync.Mutex
	dropped int
}

func (q *logQueue) write(core zapcore.Core) {
	for line := range q.lines {
		// A log that cannot be written has nowhere to say so.
		_ = line.core.Write(line.entry, line.fields)
		q.mu.Lock()
		dropped := q.dropped
		q.dropped = 0
		q.mu.Unlock()
		if dropped > 0 {
			e := zapcore.Entry{Level: zapcore.WarnLevel, Time: time.Now(), Message: "log lines dropped"}
			_ = core.Write(e, []zapcore.Field{zap.Int("lines", dropped)})
		}
	}
	_ = core.Sync()
}

// asyncCore hands lines to the queue. Fields must not change once logged.
type asyncCore struct {
	zapcore.Core
	queue *logQueue
}

func (c asyncCore) With(fields []zapcore.Field) zapcore.Core {
	return asyncCore{c.Core.With(fields), c.queue}
}

func (c asyncCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c asyncCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	select {
	case c.queue.lines <- logLine{c.Core, e, fields}:
	default:
		c.queue.mu.Lock()
		c.queue.dropped++
		c.queue.mu.Unlock()
	}
	return nil
}

func (c asyncCore) Sync() error { return nil }

// damper lets one line through for each key, and then none for a while: one
// line an episode. It is used by any goroutine.
type damper struct {
	quiet time.Duration
	mu    sync.Mutex
	last  map[string]time.Time
}

// maxDamped bounds the keys remembered.
const maxDamped = 1024

func newDamper(quiet time.Duration) *damper {
	return &damper{quiet: quiet, last: make(map[string]time.Time)}
}

// pass tells whether to log for key now.
func (d *damper) pass(key string) bool {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if at, ok := d.last[key]; ok && now.Sub(at) < d.quiet {
		return false
	}
	if len(d.last) >= maxDamped {
		clear(d.last)
	}
	d.last[key] = now
	return true
}
