//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// withSystemCalls measures a load, and counts the daemons' system calls in a
// part of it by a tracepoint, where perf can. Counting costs each call a few
// dozen nanoseconds, of all contenders.
func withSystemCalls(ctx context.Context, daemons running, l load) (outcome, error) {
	count := make(chan float64, 1)
	go func() { count <- systemCalls(ctx, daemons.pids(), l) }()
	result, err := daemons.measure(ctx, l)
	perSecond := <-count
	if err == nil {
		result.SystemCalls = perSecond / result.MessagesPerSecond
	}
	return result, err
}

// systemCalls is how many the processes make a second, in the middle of a
// load; 0 where it cannot be counted.
func systemCalls(ctx context.Context, pids []int, l load) float64 {
	if _, err := exec.LookPath("perf"); err != nil || wait(ctx, l.warmup+l.duration/4) != nil {
		return 0
	}
	var list []string
	for _, pid := range pids {
		list = append(list, strconv.Itoa(pid))
	}
	span := l.duration / 2
	cmd := exec.CommandContext(ctx, "perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter,duration_time", "-p", strings.Join(list, ","),
		"--", "sleep", fmt.Sprint(span.Seconds()))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0
	}
	perSecond, err := parseCount(string(out))
	if err != nil {
		return 0
	}
	return perSecond
}

// parseCount reads the calls a second out of what "perf stat -x ," prints: a
// line for the calls, and one for the nanoseconds in which they were counted.
func parseCount(text string) (perSecond float64, err error) {
	var calls, span float64
	for line := range strings.Lines(text) {
		fields := strings.Split(line, ",")
		if len(fields) < 3 {
			continue
		}
		var to *float64
		switch fields[2] {
		case "raw_syscalls:sys_enter":
			to = &calls
		case "duration_time":
			to = &span
		default:
			continue
		}
		if *to, err = strconv.ParseFloat(fields[0], 64); err != nil {
			return 0, err
		}
	}
	if span <= 0 {
		return 0, errors.New("no count")
	}
	return calls / span * 1e9, nil
}
