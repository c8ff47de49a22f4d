package sim

import (
	"fmt"
	"strings"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// Story tells a run in sentences, for people: daemons by their places in the
// plan, with the number of their life from the second on, rings by epoch and
// representative. It belongs to one goroutine and to one run.
type Story struct {
	plan  *Plan
	lives map[ring.Process]int
	count []int // lives so far, by daemon
}

// NewStory returns a Story of a run of p that has not begun.
func NewStory(p *Plan) *Story {
	return &Story{plan: p, lives: make(map[ring.Process]int), count: make([]int, p.Daemons)}
}

// Tell returns an event as a line, and whether it belongs into the story: not
// what happens with every packet, nor what follows from other lines.
func (s *Story) Tell(e *trace.Event) (line string, tell bool) {
	if e.Kind == trace.Start {
		s.begins(e.Process)
	}
	what := s.sentence(e)
	if what == "" {
		return "", false
	}
	who := "*"
	if e.Process != (ring.Process{}) {
		who = s.name(e.Process)
	}
	return fmt.Sprintf("%7d %12.6f %-5s %s", e.Index, e.Time.Seconds(), who, what), true
}

func (s *Story) begins(p ring.Process) {
	if at := s.position(p.Daemon); at >= 0 {
		s.count[at]++
		s.lives[p] = s.count[at]
	}
}

func (s *Story) position(id ring.DaemonID) int {
	for i, d := range s.plan.Order {
		if d == id {
			return i
		}
	}
	return -1
}

// name is d2 for the first life of the daemon at place 2, d2/2 for its second.
func (s *Story) name(p ring.Process) string {
	at := s.position(p.Daemon)
	if at < 0 {
		return trace.ProcessString(p)
	}
	if n := s.lives[p]; n > 1 {
		return fmt.Sprintf("d%d/%d", at, n)
	}
	return fmt.Sprintf("d%d", at)
}

func (s *Story) names(list []ring.Process) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = s.name(p)
	}
	return strings.Join(words, " ")
}

// ring is r5@d0 for the ring of epoch 5, counted from where all epochs of the
// simulator begin, whose representative is d0.
func (s *Story) ring(id ring.RingID) string {
	return fmt.Sprintf("r%d@%s", int64(id.Epoch)-firstEpoch, s.name(id.Representative))
}

// message is d1's message 7 (safe, 24 bytes).
func (s *Story) message(m *trace.Message) string {
	return fmt.Sprintf("%s's message %d (%s, %d bytes)", s.name(m.Sender), m.Counter, trace.ServiceString(m.Service), m.Length)
}

// asked is client 3's message 7 to g0 (agreed, 24 bytes).
func asked(m *trace.Message) string {
	to := ""
	if len(m.Groups) > 0 {
		to = " to " + strings.Join(m.Groups, " ")
	}
	if m.ClientCounter == 0 {
		return fmt.Sprintf("a message too small to name its client%s (%s, %d bytes)", to, trace.ServiceString(m.Service), m.Length)
	}
	return fmt.Sprintf("client %d's message %d%s (%s, %d bytes)", m.Client, m.ClientCounter, to, trace.ServiceString(m.Service), m.Length)
}

func (s *Story) sentence(e *trace.Event) string {
	switch e.Kind {
	case trace.Start:
		return "starts"
	case trace.Stop:
		return "has left and stops"
	case trace.Crash:
		return "crashes"
	case trace.Pause:
		return "stands still"
	case trace.Resume:
		return "goes on"
	case trace.Fault:
		return "fault " + e.Text
	case trace.Quiet:
		return fmt.Sprintf("from here on nothing goes wrong for %s; they have %v to agree", s.names(e.Members), e.Bound)
	case trace.Finished:
		return "the run is over"
	case trace.State:
		return "enters " + e.State.String()
	case trace.Conf:
		return s.installs(e.Conf)
	case trace.Commit:
		return fmt.Sprintf("reports that it has recovered all it can of %s, with %s", s.ring(e.Conf.Old), s.names(e.Conf.Members))
	case trace.Submit:
		return "takes " + asked(&e.Message)
	case trace.Originate:
		return fmt.Sprintf("originates %s at %d of %s", s.message(&e.Message), e.Seq, s.ring(e.Ring))
	case trace.Deliver:
		return fmt.Sprintf("delivers %s at %d of %s", s.message(&e.Message), e.Seq, s.ring(e.Ring))
	}
	if e.Kind == trace.Agree {
		return fmt.Sprintf("agrees in %s on the groups as they were before %s", s.ring(e.In.New), s.ring(e.Ring))
	}
	return s.clients(e)
}

func (s *Story) installs(c *ring.Configuration) string {
	if c.Kind == ring.Regular {
		return fmt.Sprintf("installs %s: %s", s.ring(c.New), s.names(c.Members))
	}
	return fmt.Sprintf("goes from %s to %s together with %s", s.ring(c.Old), s.ring(c.New), s.names(c.Members))
}

// clients tells what clients do and see.
func (s *Story) clients(e *trace.Event) string {
	switch e.Kind {
	case trace.ClientSend:
		if e.Message.ClientCounter > 0 {
			return "takes " + asked(&e.Message)
		}
	case trace.ClientDeliver:
		return fmt.Sprintf("client %d receives %s", e.Client, asked(&e.Message))
	case trace.ClientView:
		return fmt.Sprintf("client %d sees %s: %s", e.Client, e.View.Group, strings.Join(e.View.Members, " "))
	case trace.ClientSignal:
		return fmt.Sprintf("client %d sees that %s may have lost members", e.Client, e.View.Group)
	case trace.ClientLeave:
		return fmt.Sprintf("client %d has left %s", e.Client, e.View.Group)
	case trace.ClientClose:
		return fmt.Sprintf("client %d is closed: %s", e.Client, e.Text)
	}
	return s.rest(e)
}

// rest is what no sentence was made for, as it is written in traces; nothing
// for what happens with every packet or follows from the faults.
func (s *Story) rest(e *trace.Event) string {
	switch e.Kind {
	case trace.Recv, trace.TokenIn, trace.TokenOut, trace.Stable, trace.Discard, trace.Packet, trace.Link, trace.Visit,
		trace.Request, trace.Answer, trace.Batch, trace.Send, trace.Drain, trace.Route, trace.Primary:
		return ""
	}
	parts := strings.SplitN(string(trace.AppendText(nil, e)), " ", 5)
	return parts[4]
}
