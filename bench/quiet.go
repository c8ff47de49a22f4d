//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// quietSpan is how long the machine is looked at.
	quietSpan = 400 * time.Millisecond
	// quietTries is how often a load is driven until it was quiet before and
	// after.
	quietTries = 4
)

// busy is the share of the machine that is in use, 0 to 1, by whomever. Of
// daemons without a load that is little.
func busy(ctx context.Context) (float64, error) {
	idle, all, err := ticks()
	if err != nil {
		return 0, err
	}
	if err := wait(ctx, quietSpan); err != nil {
		return 0, err
	}
	idleNow, allNow, err := ticks()
	if err != nil || allNow == all {
		return 0, err
	}
	return 1 - (idleNow-idle)/(allNow-all), nil
}

// ticks are the clock ticks of all cores so far, and those without work.
func ticks() (idle, all float64, err error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	return parseTicks(string(b))
}

// parseTicks reads the first line of /proc/stat: cpu user nice system idle
// iowait irq softirq steal, then time of guests, which user and nice hold too.
func parseTicks(text string) (idle, all float64, err error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("reading /proc/stat: %q", line)
	}
	for i, f := range fields[1:9] {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("reading /proc/stat: %w", err)
		}
		all += v
		if i == 3 || i == 4 {
			idle += v
		}
	}
	return idle, all, nil
}

// quietly drives a load while nobody else is busy: it waits for that, and
// drives again what was not quiet afterwards. It returns how busy the machine
// was at the worse end.
func (b *bed) quietly(ctx context.Context, daemons running, l load) (result outcome, noise float64, err error) {
	for range quietTries {
		before, waitErr := b.await(ctx)
		if waitErr != nil {
			return result, 0, waitErr
		}
		result, err = b.drive(ctx, daemons, l)
		after, waitErr := busy(ctx)
		if waitErr != nil {
			return result, 0, waitErr
		}
		if noise = max(before, after); noise <= b.quiet {
			break
		}
	}
	return result, noise, err
}

// await waits until the machine is quiet enough, and tells how busy it is.
func (b *bed) await(ctx context.Context) (float64, error) {
	for {
		share, err := busy(ctx)
		if err != nil || share <= b.quiet {
			return share, err
		}
	}
}
