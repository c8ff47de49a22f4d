package bench

import (
	"fmt"
	"io"
	"time"
)

// How often the line is drawn on a terminal, and written elsewhere.
const (
	drawEvery = 250 * time.Millisecond
	lineEvery = 2 * time.Second
)

// progress shows how a run goes: one line in place on a terminal, a line now
// and then elsewhere. It belongs to one goroutine. Output that fails is not
// reported: what counts is the result.
type progress struct {
	run      *run
	out      io.Writer
	terminal bool

	shown bool
	at    int64  // of the last line
	came  uint64 // then, to the receiver that had fewest
}

func newProgress(r *run) *progress {
	return &progress{run: r, out: r.o.Out, terminal: r.o.Terminal, at: r.measured.from - int64(r.o.Warmup)}
}

func (p *progress) show() {
	every := lineEvery
	if p.terminal {
		every = drawEvery
	}
	now := p.run.clock.now()
	if now-p.at < int64(every) {
		return
	}
	came := p.run.receivers[0].came.Load()
	for _, v := range p.run.receivers {
		came = min(came, v.came.Load())
	}
	line := p.line(now, came)
	if p.terminal {
		_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s", line)
	} else {
		_, _ = fmt.Fprintln(p.out, line)
	}
	p.shown, p.at, p.came = true, now, came
}

// end leaves the last line where it is.
func (p *progress) end() {
	if p.terminal && p.shown {
		_, _ = fmt.Fprintln(p.out)
	}
}

// line tells of the time since the last one; came is to the receiver that has
// fewest.
func (p *progress) line(now int64, came uint64) string {
	r := p.run
	phase, left := "measuring", r.measured.to-now
	switch {
	case now < r.measured.from:
		phase, left = "warming up", r.measured.from-now
	case now >= r.measured.to:
		phase, left = "sending what was due", 0
	}
	rate := float64(came-p.came) / (float64(now-p.at) / 1e9)
	return fmt.Sprintf("%-10s %5.1f s left  %9.0f messages/s  %8.2f MB/s",
		phase, float64(left)/1e9, rate, rate*float64(r.o.Size)/1e6)
}
