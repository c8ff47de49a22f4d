package sim

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// reportLines is how many lines of a trace a report shows at most.
const reportLines = 50

// Report writes a violation as a reader needs it: property, seed, event, the
// lines of the trace that matter, and the sentence. It runs the plan again to
// find the lines; a run of the same plan is the same run.
func Report(w io.Writer, r *Result) {
	v := r.Violation
	fmt.Fprintf(w, "VIOLATION %s %s event %d at %v\n%s\n", v.Property, r.Plan.Name(), v.Index, v.Time, v.Text)
	var lines []string
	again := Run(r.Plan, Options{Other: r.other, Each: func(e *trace.Event) {
		if matters(v, e) {
			lines = append(lines, Line(e))
		}
		// The oldest go first, a hundred at a time.
		if len(lines) > 4*reportLines {
			lines = slices.Delete(lines, 0, 2*reportLines)
		}
	}})
	if n := len(lines); n > reportLines {
		lines = lines[n-reportLines:]
	}
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	if again.Digest != r.Digest {
		fmt.Fprintf(w, "THE RUN IS NOT DETERMINISTIC: digest %016x, then %016x\n", r.Digest, again.Digest)
	}
}

// matters tells whether an event belongs into the report of v.
func matters(v *check.Violation, e *trace.Event) bool {
	about := len(v.Processes) == 0 || slices.Contains(v.Processes, e.Process)
	switch e.Kind {
	case trace.Fault, trace.Start, trace.Stop, trace.Crash, trace.Quiet, trace.Finished:
		return true
	case trace.Conf, trace.State, trace.Commit, trace.Pause, trace.Resume:
		return about
	case trace.Originate, trace.Deliver, trace.Recv:
		return e.Ring == v.Ring && e.Seq == v.Seq && v.Seq != 0
	case trace.Stable, trace.Discard:
		return about && e.Ring == v.Ring && e.Seq >= v.Seq && v.Seq != 0
	case trace.TokenIn, trace.TokenOut, trace.Visit:
		return about && e.Ring == v.Ring && v.Time-e.Time < 200*time.Millisecond
	}
	return e.Index == v.Index || matterToo(v, e, about)
}

// matterToo tells it of what goes on beside the ring: requests, paths and their
// packets, clients. Those of all daemons would bury the rest.
func matterToo(v *check.Violation, e *trace.Event, about bool) bool {
	if len(v.Processes) == 0 || !about {
		return false
	}
	between := slices.Contains(v.Processes, e.From)
	switch e.Kind {
	case trace.Request:
		return e.Ring == v.Ring && e.Seq == v.Seq
	case trace.Answer:
		return between && e.Ring == v.Ring && e.Seq == v.Seq
	case trace.Packet:
		return between && e.Counter == uint64(v.Seq) && v.Ring.IsZero()
	case trace.Link, trace.Path, trace.Route:
		return between
	case trace.ClientOpen, trace.ClientView, trace.ClientSignal, trace.ClientLeave, trace.ClientClose, trace.ClientStall:
		return v.Time-e.Time < 2*time.Second
	case trace.Drain, trace.Primary:
		return true
	}
	return false
}

// Line is an event for people: time in seconds, who, what.
func Line(e *trace.Event) string {
	text := string(trace.AppendText(nil, e))
	parts := strings.SplitN(text, " ", 5)
	who := parts[2]
	if e.Process == (ring.Process{}) {
		who = "*"
	}
	return fmt.Sprintf("%7d %12.6f %-10s %s", e.Index, e.Time.Seconds(), who, parts[4])
}

// Timeline runs a plan and writes what happens for people: its Story, or, with
// all, every event.
func Timeline(w io.Writer, p *Plan, all bool) *Result { return TimelineWith(w, p, all, nil) }

// TimelineWith is Timeline with some daemons of another build.
func TimelineWith(w io.Writer, p *Plan, all bool, other *Peer) *Result {
	r := Run(p, Options{Other: other, Each: Teller(w, p, all)})
	fmt.Fprintf(w, "digest %016x, %d events, %d deliveries, %d configuration changes, %v simulated\n", r.Digest, r.Events, r.Deliveries, r.Changes, r.Virtual)
	return r
}

// Teller returns what writes the events of a run of p as Timeline does, for
// Options.Each.
func Teller(w io.Writer, p *Plan, all bool) func(e *trace.Event) {
	if all {
		return func(e *trace.Event) { fmt.Fprintln(w, Line(e)) }
	}
	story := NewStory(p)
	return func(e *trace.Event) {
		if line, tell := story.Tell(e); tell {
			fmt.Fprintln(w, line)
		}
	}
}
