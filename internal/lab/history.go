//go:build linux

package lab

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"mpspread/client"
	"mpspread/groups"
	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// history is the trace that all clients of a Load write, merged in the order
// in which things were seen, and judged as it is written by the checker that
// judges the simulator (correctness reference, section 8). It holds what
// clients see and what the lab does; of the ring inside a daemon it knows
// nothing. May be used from any goroutine.
type history struct {
	mu      sync.Mutex
	began   time.Time
	checker *check.Checker
	places  map[ring.Process]uint64
	events  uint64
	recent  [recentEvents]trace.Event // by index modulo its length
}

const (
	// recentEvents is how far back a report can look, reportLines how many
	// lines it has at most.
	recentEvents = 1 << 12
	reportLines  = 50
)

func newHistory() *history {
	return &history{began: time.Now(), checker: check.New(check.Options{OnlyClients: true}), places: map[ring.Process]uint64{}}
}

// add writes an event. A nil history takes no notice.
func (h *history) add(e trace.Event) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events++
	h.places[e.Process]++
	e.Index, e.Time, e.Place = h.events, time.Since(h.began), h.places[e.Process]
	h.recent[e.Index%recentEvents] = e
	h.checker.Event(&e)
}

// fault writes down what the lab does to the networks.
func (h *history) fault(format string, args ...any) {
	h.add(trace.Event{Kind: trace.Fault, Text: fmt.Sprintf(format, args...)})
}

// violation tells what is wrong with the history so far, with the lines that
// matter; empty if nothing is.
func (h *history) violation() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := h.checker.Verdict()
	if v == nil {
		return ""
	}
	var lines []string
	for i := v.Index; i > 0 && i+recentEvents > h.events && len(lines) < reportLines; i-- {
		if e := &h.recent[i%recentEvents]; h.matters(v, e) {
			lines = append(lines, string(trace.AppendText(nil, e)))
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%v", v)
	for i := len(lines) - 1; i >= 0; i-- {
		fmt.Fprintf(&out, "\n\t%s", lines[i])
	}
	return out.String()
}

// matters tells whether an event belongs into the report of a violation: what
// the same clients did, and what happened to the world.
func (h *history) matters(v *check.Violation, e *trace.Event) bool {
	about := &h.recent[v.Index%recentEvents]
	return e.Process == (ring.Process{}) || e.Client == about.Client ||
		e.Message.Client != 0 && e.Message.Client == about.Message.Client && e.Message.ClientCounter == about.Message.ClientCounter
}

// finish writes that the load is over: all is mended, and everything should
// have arrived.
func (h *history) finish() {
	h.add(trace.Event{Kind: trace.Quiet})
	h.add(trace.Event{Kind: trace.Finished})
}

// exercised lists the properties that this history has put to the test.
func (h *history) exercised() check.Exercised {
	h.mu.Lock()
	defer h.mu.Unlock()
	return *h.checker.Exercised()
}

// process is the name of a daemon's present life in traces.
func (l *Lab) process(d *Daemon) ring.Process {
	return ring.Process{Daemon: ring.DaemonID(l.index(d.Name) + 1), Incarnation: ring.Incarnation(d.life.Load())}
}

// record begins a history of what happens in the lab from now on.
func (l *Lab) record() *history {
	h := newHistory()
	for _, d := range l.Daemons {
		if d.Running() {
			h.add(trace.Event{Kind: trace.Start, Process: l.process(d)})
		}
	}
	l.history = h
	return h
}

// sent is a request that a worker is about to hand in.
func (w *worker) sent(act groups.Act, m trace.Message) {
	m.Act, m.Name, m.Client = act, w.private, uint64(w.id)
	w.history.add(trace.Event{Kind: trace.ClientSend, Process: w.process, Client: uint64(w.id), First: act == groups.ActMessage, Message: m})
}

// wrote is what a worker has received, as a trace says it. Messages come from
// took, which knows their counters.
func (w *worker) wrote(ev client.Event) {
	e := trace.Event{Process: w.process, Client: uint64(w.id), Text: w.private}
	switch ev := ev.(type) {
	case *client.Membership:
		e.Kind = trace.ClientView
		e.View = &trace.View{Group: ev.Group, ID: viewID(ev.ID), Cause: uint8(ev.Cause), Members: ev.Members, Sets: ev.Sets, Own: ev.Own}
	case *client.Transition:
		e.Kind, e.View, e.Text = trace.ClientSignal, &trace.View{Group: ev.Group, ID: viewID(ev.ID)}, ""
	case *client.SelfLeave:
		e.Kind, e.View, e.Text = trace.ClientLeave, &trace.View{Group: ev.Group}, ""
	default:
		return
	}
	w.history.add(e)
}

func viewID(id client.GroupID) [3]int32 { return [3]int32{id.Ring, id.Epoch, id.Index} }

// took is a message a worker has received.
func (w *worker) took(m *client.Message, sender uint16, counter uint32) {
	w.history.add(trace.Event{Kind: trace.ClientDeliver, Process: w.process, Client: uint64(w.id), Text: m.Sender, Message: trace.Message{
		Service: ring.Service(m.Service), Length: len(m.Data), Digest: trace.DigestOf(m.Data),
		Client: uint64(sender), ClientCounter: uint64(counter), Groups: m.Groups, Discard: m.SelfDiscard,
	}})
}
