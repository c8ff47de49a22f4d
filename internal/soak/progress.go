package soak

import (
	"fmt"
	"io"
	"time"
)

// How often the line is drawn on a terminal, and written elsewhere.
const (
	drawEvery = 500 * time.Millisecond
	lineEvery = 10 * time.Second
)

// progress shows how far a soak is: one line in place on a terminal, a line now
// and then elsewhere. It belongs to one goroutine. Output that fails is not
// reported: what counts is the verdict.
type progress struct {
	out      io.Writer
	terminal bool
	wanted   uint64

	shown   bool
	at      time.Duration // of the last line
	packets uint64        // then
}

// state is what the line tells.
type state struct {
	at      time.Duration
	packets uint64
	phase   string
	changes uint64
	missing int // daemons that do not answer
}

func (p *progress) show(s state) {
	every := lineEvery
	if p.terminal {
		every = drawEvery
	}
	if p.shown && s.at-p.at < every {
		return
	}
	text := p.line(s)
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", text)
	} else {
		fmt.Fprintln(p.out, text)
	}
	p.shown, p.at, p.packets = true, s.at, s.packets
}

// end leaves the last line where it is.
func (p *progress) end() {
	if p.terminal && p.shown {
		fmt.Fprintln(p.out)
	}
}

func (p *progress) line(s state) string {
	share, left := 0.0, "?"
	if p.wanted > 0 {
		share = 100 * float64(s.packets) / float64(p.wanted)
	}
	if s.packets > 0 && s.packets < p.wanted {
		left = time.Duration(float64(s.at) / float64(s.packets) * float64(p.wanted-s.packets)).Round(time.Second).String()
	} else if s.packets >= p.wanted {
		left = "0s"
	}
	rate := 0.0
	if span := (s.at - p.at).Seconds(); span > 0 {
		rate = float64(s.packets-p.packets) / span
	}
	text := fmt.Sprintf("%7.1f s  %5.1f %%  %d packets  %.0f/s  left %s  %s  membership changes %d",
		s.at.Seconds(), min(share, 100), s.packets, rate, left, s.phase, s.changes)
	if s.missing > 0 {
		text += fmt.Sprintf("  %d daemons do not answer", s.missing)
	}
	return text
}
