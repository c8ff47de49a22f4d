//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sample is one load driven once.
type sample struct {
	Mode      string   `json:"mode"`
	Contender string   `json:"contender"`
	Load      string   `json:"load"`
	Round     int      `json:"round"`
	Result    *outcome `json:"result,omitempty"`
	Failure   string   `json:"failure,omitempty"` // why there is no result
	// Noise is how much of the machine was in use just before or after, 0 to 1.
	Noise float64 `json:"noise"`
}

// record is all samples of a run, and where it was made.
type record struct {
	When    string   `json:"when"`
	Kernel  string   `json:"kernel"`
	Go      string   `json:"go"`
	Cores   int      `json:"cores"`
	Hosts   int      `json:"hosts"`
	Samples []sample `json:"samples"`
}

func newRecord(o options) *record {
	r := &record{When: time.Now().UTC().Format("2006-01-02 15:04 MST"), Go: runtime.Version(), Cores: runtime.NumCPU(), Hosts: o.hosts}
	var u unix.Utsname
	if err := unix.Uname(&u); err == nil {
		r.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	// Only the version: the rest names the machine's maker.
	r.Kernel, _, _ = strings.Cut(r.Kernel, "-")
	return r
}

func readRecord(file string) (*record, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &record{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// add takes a sample and tells of it.
func (r *record) add(s sample) {
	r.Samples = append(r.Samples, s)
	fmt.Printf("%-5s round %d  %-24s %-22s ", s.Mode, s.Round, s.Contender, s.Load)
	if s.Result == nil {
		fmt.Printf("no result: %s\n", s.Failure)
		return
	}
	fmt.Printf("%9.0f messages/s %8.2f MB/s  p50 %6.0f p99 %7.0f µs  gap %7.2f ms  noise %.2f\n", s.Result.MessagesPerSecond,
		s.Result.BytesPerSecond/1e6, s.Result.Latency.P50, s.Result.Latency.P99, s.Result.LongestGap, s.Noise)
}

func (r *record) save(file string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

// figure picks a number out of a result.
type figure func(*outcome) float64

// values are a contender's figures under a load, by round.
func (r *record) values(mode, contender, load string, f figure) map[int]float64 {
	all := map[int]float64{}
	for _, s := range r.Samples {
		if s.Mode == mode && s.Contender == contender && s.Load == load && s.Result != nil {
			all[s.Round] = f(s.Result)
		}
	}
	return all
}

// spreadOf is the middle of some values and their ends.
type spreadOf struct{ median, least, most float64 }

// middle sorts values; ok is false if there are none.
func middle(values []float64) (s spreadOf, ok bool) {
	if len(values) == 0 {
		return s, false
	}
	slices.Sort(values)
	n := len(values)
	s.least, s.most = values[0], values[n-1]
	s.median = (values[(n-1)/2] + values[n/2]) / 2
	return s, true
}

// median is that of a contender under a load over all rounds.
func (r *record) median(mode, contender, load string, f figure) (spreadOf, bool) {
	var list []float64
	for _, v := range r.values(mode, contender, load, f) {
		list = append(list, v)
	}
	return middle(list)
}

// ratio is that of two contenders, each round by itself, so that what slowed
// the machine down in one round slowed both.
func (r *record) ratio(mode, a, b, load string, f figure) (spreadOf, bool) {
	var list []float64
	other := r.values(mode, b, load, f)
	for round, v := range r.values(mode, a, load, f) {
		if o, ok := other[round]; ok && o > 0 {
			list = append(list, v/o)
		}
	}
	return middle(list)
}
