//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
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
	begin := time.Now()
	cmd := exec.CommandContext(ctx, "perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", strings.Join(list, ","),
		"--", "sleep", fmt.Sprint(span.Seconds()))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0
	}
	n, err := parseCount(string(out))
	if err != nil {
		return 0
	}
	return n / time.Since(begin).Seconds()
}

// parseCount reads the count in a line of "perf stat -x ,".
func parseCount(text string) (float64, error) {
	for line := range strings.Lines(text) {
		if fields := strings.Split(line, ","); len(fields) > 2 && strings.Contains(line, "sys_enter") {
			return strconv.ParseFloat(fields[0], 64)
		}
	}
	return 0, errors.New("no count")
}
