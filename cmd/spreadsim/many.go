package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mpspread/internal/check"
	"mpspread/internal/sim"
)

func runMany(o *options, out, errs io.Writer) int {
	bar := newProgress(errs, o.seeds*len(o.planners))
	again := newRechecks(o)
	builds, err := openOthers(o.other, o.workers)
	if err != nil {
		fmt.Fprintf(errs, "spreadsim: %v\n", err)
		return exitFound
	}
	var first *sim.Result
	var same twins
	t := sim.BatchWith(o.start, o.seeds, o.planners, builds.options, func(r *sim.Result, t *sim.Totals) {
		again.note(r)
		if o.other != "" {
			same.note(r)
		}
		if r.Violation != nil {
			bar.clear()
			if t.Violations <= o.reports {
				sim.Report(out, r)
			} else {
				fmt.Fprintf(out, "VIOLATION %s %s\n", r.Violation.Property, r.Plan.Name())
			}
			if first == nil {
				first = r
			}
		}
		bar.show(t, time.Now())
	})
	bar.clear()
	if err := builds.close(); err != nil {
		fmt.Fprintf(errs, "spreadsim: %v\n", err)
		return exitFound
	}
	same.say(out)
	different := again.run(out, errs)
	if first != nil && o.other == "" && (o.shrink || !o.given["shrink"]) {
		if err := shrink(o, first, out); err != nil {
			fmt.Fprintf(errs, "spreadsim: %v\n", err)
		}
	}
	summary(out, &t)
	if t.Violations > 0 || different > 0 {
		return exitFound
	}
	return 0
}

// summary tells what a batch has and has not tried, then its closing line.
func summary(out io.Writer, t *sim.Totals) {
	c := &t.Counters
	fmt.Fprintf(out, "tokens: %d accepted, %d duplicate, %d stale, %d foreign, %d resent, %d rings lost; requests: %d, %d ignored\n",
		c.TokensAccepted, c.TokensDuplicate, c.TokensStale, c.TokensForeign, c.TokensResent, c.TokensLost, c.Requested, c.RequestsIgnored)
	fmt.Fprintf(out, "data: %d sent, %d again, %d received, %d duplicate, %d foreign, %d beyond the window; %d messages originated, %d given up in pieces\n",
		c.DataSent, c.DataResent, c.DataReceived, c.DataDuplicate, c.DataForeign, c.DataBeyondWindow, c.MessagesOriginated, c.ReassemblyAbandoned)
	fmt.Fprintf(out, "membership: %d gathers, %d commits, %d recoveries; joins: %d ignored, %d refused; %d packets malformed\n",
		c.Gathers, c.Commits, c.Recoveries, c.JoinsIgnored, c.JoinsRefused, c.Malformed)
	t.Marks.Print(out)
	fmt.Fprintf(out, "%d runs, digest %016x\n", t.Runs, t.Digest)
	lastLines(out, t)
}

// lastLines says what no run has exercised and, as the last line, how much was
// done.
func lastLines(out io.Writer, t *sim.Totals) {
	var never, outside, missing []string
	for _, p := range check.Properties() {
		switch {
		case p.NotOffered() != "":
			missing = append(missing, p.String())
		case t.Exercised[p] > 0:
		case p == check.MPX7:
			outside = append(outside, p.String())
		default:
			never = append(never, p.String())
		}
	}
	for _, l := range []struct {
		why  string
		list []string
	}{
		{"not offered by the daemon, so not tested", missing},
		{"of sockets, so not tested here but in datalink", outside},
		{"never exercised, so not tested", never},
	} {
		if len(l.list) > 0 {
			fmt.Fprintf(out, "%s: %s\n", l.why, strings.Join(l.list, " "))
		}
	}
	fmt.Fprintf(out, "%d seeds, %d violations, %d deliveries, %d configuration changes, %.2f hours simulated\n",
		t.Seeds, t.Violations, t.Deliveries, t.Changes, t.Simulated.Hours())
}
