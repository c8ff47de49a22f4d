package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"mpspread/internal/sim"
)

// How often a batch says how far it is: on a terminal it redraws one line,
// elsewhere it writes one now and then.
const (
	redrawEvery = 100 * time.Millisecond
	lineEvery   = 5 * time.Second
)

// progress is the line that tells how far a batch is.
type progress struct {
	w        io.Writer
	runs     int // of the whole batch
	began    time.Time
	said     time.Time
	terminal bool
	drawn    bool // a line stands on the terminal
}

func newProgress(w io.Writer, runs int) *progress {
	now := time.Now()
	return &progress{w: w, runs: runs, began: now, said: now, terminal: isTerminal(w)}
}

// isTerminal tells a character device from a file or pipe.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show draws the line again if it is time to.
func (p *progress) show(t *sim.Totals, now time.Time) {
	every := lineEvery
	if p.terminal {
		every = redrawEvery
	}
	if now.Sub(p.said) < every {
		return
	}
	p.said = now
	if p.terminal {
		fmt.Fprintf(p.w, "\r%s\x1b[K", p.line(t, now))
		p.drawn = true
		return
	}
	fmt.Fprintln(p.w, p.line(t, now))
}

// clear takes the line off the terminal, for other output.
func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// barWidth is the length of the bar in characters.
const barWidth = 20

func (p *progress) line(t *sim.Totals, now time.Time) string {
	done := barWidth * t.Runs / p.runs
	took := now.Sub(p.began)
	rate := float64(t.Seeds) / max(took.Seconds(), 1e-3)
	left := time.Duration(float64(took) * float64(p.runs-t.Runs) / float64(max(t.Runs, 1)))
	return fmt.Sprintf("[%s%s] %d seeds, %.0f seeds/s, %d deliveries, %d configuration changes, %d violations, %v left",
		strings.Repeat("#", done), strings.Repeat(".", barWidth-done), t.Seeds, rate, t.Deliveries, t.Changes, t.Violations, left.Round(time.Second))
}
