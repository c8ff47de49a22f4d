package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mpspread/internal/admin"
	"mpspread/internal/cluster"
)

// How often the table is drawn on a terminal, and a line written elsewhere.
const (
	drawEvery = 250 * time.Millisecond
	lineEvery = time.Second
)

// frame is what the table shows at one time.
type frame struct {
	at        time.Duration // since the first message
	cut       []string
	noticed   bool            // the daemons report what is cut as it is
	before    []*admin.Status // when the first message was sent
	statuses  []*admin.Status
	sent      uint64   // messages, all senders
	delivered []uint64 // by receiver
}

// screen shows frames: in place on a terminal, as a line now and then
// elsewhere. It belongs to one goroutine. Output that fails is not reported:
// what counts is the verdict and the exit code.
type screen struct {
	out      io.Writer
	terminal bool
	style    admin.Style

	drawn    int // lines of the table on the terminal
	previous frame
	last     time.Duration // when the last frame was shown
	begun    bool
}

// show shows a frame if it is time to, or something was cut, healed or
// noticed since the last one.
func (s *screen) show(f frame) {
	every := lineEvery
	if s.terminal {
		every = drawEvery
	}
	// Half a tick of tolerance, since frames come by a ticker of their own.
	if s.begun && f.at-s.last < every-tick/2 && f.heading() == s.previous.heading() {
		return
	}
	text := s.line(f)
	if s.terminal {
		text = s.table(f)
	}
	if s.drawn > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
	}
	if s.terminal {
		s.drawn = strings.Count(text, "\n")
	}
	_, _ = io.WriteString(s.out, text)
	s.previous, s.last, s.begun = f, f.at, true
}

// rate is messages a second delivered to receiver i since the frame before.
func (s *screen) rate(f frame, i int) uint64 {
	span := f.at - s.previous.at
	if !s.begun || span <= 0 {
		return 0
	}
	return uint64(float64(f.delivered[i]-s.previous.delivered[i]) / span.Seconds())
}

// heading says which networks are cut.
func (f frame) heading() string {
	if len(f.cut) == 0 {
		return "both networks whole"
	}
	text := "network " + strings.Join(f.cut, " and ") + " CUT"
	if f.noticed {
		text += ", reported by all daemons"
	}
	return text
}

// table is the frame in full.
func (s *screen) table(f frame) string {
	var b strings.Builder
	colour := admin.Good
	if len(f.cut) > 0 {
		colour = admin.Bad
	}
	fmt.Fprintf(&b, "%5.1f s  %s  sent %d\n", f.at.Seconds(), s.style.Paint(colour, f.heading()), f.sent)
	head := []string{"daemon", "state", "ring", "delivered", "rate/s"}
	for _, n := range cluster.Networks {
		head = append(head, "network "+n)
	}
	t := admin.NewTable(append(head, "changes")...)
	for i, name := range cluster.Daemons {
		row := []admin.Cell{{Text: name}}
		if st := f.statuses[i]; st != nil {
			row = append(row, admin.StateCell(st.State), admin.Cell{Text: strings.Join(st.Ring.Members, " ")})
		} else {
			row = append(row, admin.StateCell("no answer"), admin.Cell{Text: "-"})
		}
		row = append(row, admin.Number(f.delivered[i]), admin.Number(s.rate(f, i)))
		for _, n := range cluster.Networks {
			row = append(row, admin.StateCell(networkState(f.statuses[i], n)))
		}
		t.Row(append(row, admin.Cell{Text: f.membershipChanges(i), Right: true})...)
	}
	b.WriteString(t.Text(s.style, "  "))
	return b.String()
}

// line is the frame in one line.
func (s *screen) line(f frame) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%5.1f s  %-45s sent %6d", f.at.Seconds(), f.heading(), f.sent)
	for i, name := range cluster.Daemons {
		state, ring := "no answer", 0
		if st := f.statuses[i]; st != nil {
			state, ring = st.State, len(st.Ring.Members)
		}
		fmt.Fprintf(&b, "  %s %s ring %d delivered %d (%d/s)", name, state, ring, f.delivered[i], s.rate(f, i))
		for _, n := range cluster.Networks {
			fmt.Fprintf(&b, " %s %s", n, networkState(f.statuses[i], n))
		}
	}
	b.WriteByte('\n')
	return b.String()
}

// membershipChanges is how often daemon i changed its ring since the first
// message.
func (f frame) membershipChanges(i int) string {
	if f.statuses[i] == nil {
		return "-"
	}
	return fmt.Sprint(cluster.Changes(f.before[i:i+1], f.statuses[i:i+1]))
}

// networkState is what a daemon says of a network of that name.
func networkState(s *admin.Status, network string) string {
	if s != nil {
		for _, n := range s.Networks {
			if n.Name == network {
				return n.State
			}
		}
	}
	return "-"
}
