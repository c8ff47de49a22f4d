//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mpspread/internal/bench"
)

// sampleOf is a result with this throughput, and a latency and gap that follow
// from it.
func sampleOf(mode, contender, load string, round int, rate float64) sample {
	return sample{Mode: mode, Contender: contender, Load: load, Round: round, Result: &outcome{
		SystemCalls: 0.5, Result: bench.Result{
			MessagesPerSecond: rate, BytesPerSecond: 100 * rate, CPUPerMessage: 1e6 / rate, LongestGap: 1e3 / rate,
			Latency: bench.Quantiles{P50: 1e5 / rate, P99: 1e6 / rate},
		}}}
}

func sampleRecord() *record {
	r := &record{When: "today", Kernel: "6.1", Go: "go1", Cores: 2, Hosts: 3}
	for round, slowdown := range []float64{1, 10, 2} {
		r.Samples = append(r.Samples,
			sampleOf(ideal, "floor", floors[0].called, round, 1e6/slowdown),
			sampleOf(ideal, ours, sizeName(100), round, 4e5/slowdown),
			sampleOf(ideal, ours, idleLatency, round, 1000),
			sampleOf(ideal, ours, cutLoad, round, 1000),
			sampleOf(ideal, "corosync-active", sizeName(100), round, 1e5/slowdown),
			sampleOf(ideal, "corosync-active", idleLatency, round, 500),
		)
	}
	r.Samples = append(r.Samples, sample{Mode: wire, Contender: ours, Load: sizeName(64), Failure: "lost 3\nof 5"})
	return r
}

// What slows one round down slows both down, and does not change their ratio.
func TestRatio(t *testing.T) {
	r := sampleRecord()
	got, ok := r.ratio(ideal, ours, "corosync-active", sizeName(100), perSecond)
	if !ok || got != (spreadOf{4, 4, 4}) {
		t.Errorf("ratio %+v, %v", got, ok)
	}
	got, ok = r.median(ideal, ours, sizeName(100), perSecond)
	if !ok || got != (spreadOf{2e5, 4e4, 4e5}) {
		t.Errorf("median %+v, %v", got, ok)
	}
	if _, ok := r.ratio(ideal, ours, "corosync-passive", sizeName(100), perSecond); ok {
		t.Error("a ratio to one that took no part")
	}
	if _, ok := r.median(wire, ours, sizeName(64), perSecond); ok {
		t.Error("a figure of a run without a result")
	}
	if got, _ := middle([]float64{4, 1, 3, 2}); got.median != 2.5 {
		t.Errorf("the middle of 1 to 4 is %v", got.median)
	}
}

func TestTable(t *testing.T) {
	table := sampleRecord().table()
	for _, want := range []string{
		"3 hosts, 2 cores, kernel 6.1, go1",
		"| one datagram a call | 500000 (100000 to 1000000) | 50 (10 to 100) |",
		"## ideal: messages/s\n\n| | ours | corosync-active | ours / corosync-active |\n|---|---|---|---|\n" +
			"| 100 B | 200000 (40000 to 400000) | 50000 (10000 to 100000) | 4.00 |\n",
		"## ideal: latency p50, µs\n",
		"| 1000/s of 200 B | 100 | 200 | 0.50 |\n| 3000/s of 200 B, cut | 100 | none |  |\n",
		"- wire, ours, 64 B, round 0: lost 3 of 5\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in:\n%s", want, table)
		}
	}
}

func TestPlots(t *testing.T) {
	plots := sampleRecord().plots()
	if len(plots) != 3 {
		t.Errorf("%d plots", len(plots))
	}
	for name, want := range map[string][]string{
		"throughput-ideal.svg": {"<polyline", ">corosync-active<", "MB/s to every receiver"},
		"latency-ideal.svg":    {"<circle", ">ours<", ">1k<"},
		"cut-ideal.svg":        {"<rect", ">ours<", ">1.0<"},
	} {
		p, ok := plots[name]
		if !ok {
			t.Errorf("no %s", name)
		}
		svg := p.svg()
		for _, w := range want {
			if !strings.Contains(svg, w) {
				t.Errorf("%s: no %q in\n%s", name, w, svg)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%s has a place that is no number", name)
		}
	}
}

func TestAxis(t *testing.T) {
	a := newAxis([]float64{20, 0, 3000}, 100, 400)
	if got := a.ticks(); !slices.Equal(got, []float64{10, 100, 1000, 10_000}) {
		t.Errorf("ticks %v", got)
	}
	for v, want := range map[float64]float64{10: 100, 100: 200, 10_000: 400, 0: 100} {
		if got := a.at(v); got < want-0.001 || got > want+0.001 {
			t.Errorf("%v is at %v, want %v", v, got, want)
		}
	}
	if a := newAxis(nil, 0, 1); a.from >= a.to {
		t.Errorf("an axis of nothing: %+v", a)
	}
}

// What is saved is what is read, and rendered again.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "deep", "samples.json")
	if err := sampleRecord().save(file); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-from", file, "-out", dir}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "table.md"))
	if err != nil || string(got) != sampleRecord().table() {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := os.Stat(filepath.Join(dir, "throughput-ideal.svg")); err != nil {
		t.Error(err)
	}
}

func TestParse(t *testing.T) {
	for _, bad := range [][]string{{"-pairs", "-1"}, {"-mode", "perfect"}, {"-hosts", "1"}, {"-senders", "4"}, {"x"}, {"-duration", "1ms"}, {"-quiet", "0"}, {"-no"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	o, err := parse([]string{"-quick", "-mode", wire, "-contenders", ours})
	if err != nil || o.pairs != 1 || !slices.Equal(o.modes, []string{wire}) || !slices.Equal(o.contenders, []string{ours}) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestLoads(t *testing.T) {
	p := plan{duration: time.Second}
	all := p.loads([]string{"throughput", "latency", "cut"}, ideal)
	if len(all) != len(sizes)+len(rates)+1 {
		t.Errorf("%d loads", len(all))
	}
	for _, l := range all {
		if w := l.window(3); w < 4 || w > 2048 || l.size < bench.MinSize || l.size > bench.MaxSize {
			t.Errorf("%+v with a window of %d", l, w)
		}
	}
	if wired := p.loads([]string{"throughput", "latency", "cut"}, wire); len(wired) != len(sizes) {
		t.Errorf("%d loads in wire mode", len(wired))
	}
}

func TestParseOutcome(t *testing.T) {
	o, err := parseOutcome([]byte(`{"version":1,"messages_per_second":5,"latency_us":{"p50":2},"cpu_us_per_message":3}`), nil)
	if err != nil || o.MessagesPerSecond != 5 || o.Latency.P50 != 2 || o.CPUPerMessage != 3 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []string{"", "{}", "what"} {
		if _, err := parseOutcome([]byte(bad), nil); err == nil {
			t.Errorf("%q is an outcome", bad)
		}
	}
}

func TestParseTicks(t *testing.T) {
	idle, all, err := parseTicks("cpu  10 1 20 60 4 2 2 1 7 0\ncpu0 1\n")
	if err != nil || idle != 64 || all != 100 {
		t.Errorf("%v of %v, %v", idle, all, err)
	}
	for _, bad := range []string{"", "cpu 1 2", "cpu a b c d e f g h", "intr 1 2 3 4 5 6 7 8"} {
		if _, _, err := parseTicks(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestParseCount(t *testing.T) {
	n, err := parseCount("Some warning\n1234,,raw_syscalls:sys_enter,2001,100.00,,\n500000000,ns,duration_time,500000000,100.00,,\n")
	if err != nil || n != 2468 {
		t.Errorf("%v, %v", n, err)
	}
	for _, bad := range []string{"", "<not counted>,,raw_syscalls:sys_enter,0,0.00,,\n5,ns,duration_time,5,100.00,,", "1234,,raw_syscalls:sys_enter,2001,100.00,,"} {
		if _, err := parseCount(bad); err == nil {
			t.Errorf("%q is a count", bad)
		}
	}
}
