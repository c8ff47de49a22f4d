//go:build linux

package lab

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"mpspread/internal/check"
)

// summary is a line for each scenario that was played.
var summary summaries

type summaries struct {
	mu        sync.Mutex
	rows      []row
	exercised check.Exercised
}

// row is what correctness reference, section 8, wants to be told of a
// scenario.
type row struct {
	name    string
	report  Report
	changes uint64
	told    time.Duration // 0: no path died
	took    time.Duration
	passed  bool
}

func (s *summaries) add(name string, st *stage, took time.Duration, passed bool) {
	r := row{name: name, changes: st.membershipChanges(), told: st.told, took: took, passed: passed}
	for _, part := range st.reports {
		r.report.merge(part)
	}
	exercised := st.load.history.exercised()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, r)
	s.exercised.Add(&exercised)
}

// merge adds another load's report.
func (r *Report) merge(o Report) {
	r.Sent += o.Sent
	r.Delivered += o.Delivered
	r.Lost += o.Lost
	r.Duplicated += o.Duplicated
	r.OutOfOrder += o.OutOfOrder
	r.Corrupted += o.Corrupted
	r.Differ += o.Differ
	r.Gap = max(r.Gap, o.Gap)
}

// ReportScenarios writes the summary of all scenarios that were played;
// nothing if none was.
func ReportScenarios(w io.Writer) {
	summary.mu.Lock()
	defer summary.mu.Unlock()
	if len(summary.rows) == 0 {
		return
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "scenario\tsent\tdelivered\tlost\tdup\torder\tcorrupt\tchanges\tgap\ttold\ttook\tverdict\t")
	failed := 0
	for _, r := range summary.rows {
		verdict := "ok"
		if !r.passed {
			verdict = "FAILED"
			failed++
		}
		told := "-"
		if r.told > 0 {
			told = r.told.Round(time.Millisecond).String()
		}
		p := r.report
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%s\t%v\t%s\t\n", r.name, p.Sent, p.Delivered, p.Lost, p.Duplicated, p.OutOfOrder,
			p.Corrupted, r.changes, p.Gap.Round(time.Millisecond), told, r.took.Round(time.Second), verdict)
	}
	table.Flush()
	var judged []string
	for _, p := range check.Properties() {
		if summary.exercised[p] > 0 {
			judged = append(judged, p.String())
		}
	}
	fmt.Fprintf(w, "lab: %d scenarios, %d failed; properties judged on clients' traces: %s\n", len(summary.rows), failed, strings.Join(judged, " "))
}
