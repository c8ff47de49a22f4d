//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The figures that are shown.
func perSecond(o *outcome) float64 { return o.MessagesPerSecond }
func megabytes(o *outcome) float64 { return o.BytesPerSecond / 1e6 }
func p50(o *outcome) float64       { return o.Latency.P50 }
func p99(o *outcome) float64       { return o.Latency.P99 }
func gap(o *outcome) float64       { return o.LongestGap }
func cpu(o *outcome) float64       { return o.CPUPerMessage }
func calls(o *outcome) float64     { return o.SystemCalls }

// render writes the table and the plots.
func (r *record) render(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	errs := []error{os.WriteFile(filepath.Join(dir, "table.md"), []byte(r.table()), 0o644)}
	for name, p := range r.plots() {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(p.svg()), 0o644))
	}
	return errors.Join(errs...)
}

// distinct are the values of a field in the order of their first sample.
func (r *record) distinct(mode string, of func(sample) string) []string {
	var all []string
	for _, s := range r.Samples {
		if v := of(s); (mode == "" || s.Mode == mode) && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

// table is all figures as Markdown.
func (r *record) table() string {
	var t strings.Builder
	fmt.Fprintf(&t, "# Measured %s\n\n%d hosts, %d cores, kernel %s, %s. Median of the rounds (least to most).\n", r.When, r.Hosts, r.Cores, r.Kernel, r.Go)
	t.WriteString("A ratio is the median over the rounds of ours to the peer's in the same round.\n")
	var noise []float64
	for _, s := range r.Samples {
		noise = append(noise, s.Noise)
	}
	if n, ok := middle(noise); ok {
		fmt.Fprintf(&t, "Share of the machine in use between the loads: %s; above 0.2 the figures say little.\n", n.text("%.2f"))
	}
	for _, mode := range r.distinct("", func(s sample) string { return s.Mode }) {
		r.floorTable(&t, mode)
		r.loadTable(&t, mode, "messages/s", "%.0f", isThroughput, perSecond)
		r.loadTable(&t, mode, "MB/s", "%.1f", isThroughput, megabytes)
		r.loadTable(&t, mode, "daemons' CPU, µs a message", "%.2f", isThroughput, cpu)
		r.loadTable(&t, mode, "daemons' system calls a message", "%.3f", isThroughput, calls)
		r.loadTable(&t, mode, "latency p50, µs", "%.0f", isLatency, p50)
		r.loadTable(&t, mode, "latency p99, µs", "%.0f", isLatency, p99)
		r.loadTable(&t, mode, "longest gap, ms", "%.1f", isLatency, gap)
	}
	r.failures(&t)
	return t.String()
}

func isThroughput(load string) bool { return !isLatency(load) }
func isLatency(load string) bool    { return strings.Contains(load, "/s of ") }

// floorTable is what the kernel carries with no protocol at all.
func (r *record) floorTable(t *strings.Builder, mode string) {
	head := false
	for _, f := range floors {
		v, ok := r.median(mode, "floor", f.called, perSecond)
		if !ok {
			continue
		}
		if !head {
			fmt.Fprintf(t, "\n## %s: the floor, datagrams of %d B, no protocol, sent on all networks\n\n", mode, segment)
			t.WriteString("| how | datagrams/s of one network at the slowest receiver | MB/s |\n|---|---|---|\n")
			head = true
		}
		mb, _ := r.median(mode, "floor", f.called, megabytes)
		fmt.Fprintf(t, "| %s | %s | %s |\n", f.called, v.text("%.0f"), mb.text("%.0f"))
	}
}

func (s spreadOf) text(format string) string {
	if s.least == s.most {
		return fmt.Sprintf(format, s.median)
	}
	return fmt.Sprintf(format+" ("+format+" to "+format+")", s.median, s.least, s.most)
}

// loadTable is one figure of all contenders, with ours' ratio to the first
// peer that took part.
func (r *record) loadTable(t *strings.Builder, mode, what, format string, shown func(load string) bool, f figure) {
	contenders := slices.DeleteFunc(r.distinct(mode, func(s sample) string { return s.Contender }), func(c string) bool { return c == "floor" })
	loads := slices.DeleteFunc(r.distinct(mode, func(s sample) string {
		if s.Contender == "floor" {
			return ""
		}
		return s.Load
	}), func(l string) bool { return l == "" || !shown(l) })
	if !slices.ContainsFunc(loads, func(l string) bool {
		return slices.ContainsFunc(contenders, func(c string) bool { v, ok := r.median(mode, c, l, f); return ok && v.most > 0 })
	}) {
		return // not measured
	}
	peer := slices.IndexFunc(peers, func(p string) bool { return slices.Contains(contenders, p) })
	fmt.Fprintf(t, "\n## %s: %s\n\n| |", mode, what)
	rule := "\n|---|"
	for _, c := range contenders {
		fmt.Fprintf(t, " %s |", c)
		rule += "---|"
	}
	if peer >= 0 {
		fmt.Fprintf(t, " ours / %s |", peers[peer])
		rule += "---|"
	}
	t.WriteString(rule + "\n")
	for _, l := range loads {
		fmt.Fprintf(t, "| %s |", l)
		for _, c := range contenders {
			cell := "none"
			if v, ok := r.median(mode, c, l, f); ok {
				cell = v.text(format)
			}
			fmt.Fprintf(t, " %s |", cell)
		}
		if peer >= 0 {
			cell := ""
			if v, ok := r.ratio(mode, ours, peers[peer], l, f); ok {
				cell = v.text("%.2f")
			}
			fmt.Fprintf(t, " %s |", cell)
		}
		t.WriteString("\n")
	}
}

// failures are the runs without a result.
func (r *record) failures(t *strings.Builder) {
	head := false
	for _, s := range r.Samples {
		if s.Result != nil {
			continue
		}
		if !head {
			t.WriteString("\n## Runs without a result\n\n")
			head = true
		}
		line := strings.Join(strings.Fields(s.Failure), " ")
		fmt.Fprintf(t, "- %s, %s, %s, round %d: %s\n", s.Mode, s.Contender, s.Load, s.Round, line[:min(len(line), 300)])
	}
}
