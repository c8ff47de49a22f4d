package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// sizeUnits are the units a size may have, longest names first where one
// ends another.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},
	{"B", 1},
}

var (
	errSize     = errors.New(`must be a size with a unit, such as "64MiB" (B, kB, MB, GB, KiB, MiB, GiB)`)
	errDuration = errors.New(`must be a time with a unit, such as "500ms" (ms, s, m)`)
)

// parseSize reads a whole number of bytes with a unit.
func parseSize(s string) (int64, error) {
	for _, u := range sizeUnits {
		digits, found := strings.CutSuffix(s, u.name)
		if !found {
			continue
		}
		digits = strings.TrimRight(digits, " ")
		n, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || int64(n) > math.MaxInt64/u.bytes {
			return 0, errSize
		}
		return int64(n) * u.bytes, nil
	}
	return 0, errSize
}

// formatSize writes n as parseSize reads it, in the largest binary unit that
// needs no fraction.
func formatSize(n int64) string {
	switch {
	case n != 0 && n%(1<<30) == 0:
		return fmt.Sprintf("%dGiB", n>>30)
	case n != 0 && n%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", n>>20)
	case n != 0 && n%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprintf("%dB", n)
}

// parseDuration reads a time with a unit; "0" alone has none.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || s == "0" {
		return 0, errDuration
	}
	return d, nil
}

// formatDuration writes d without the zero units of time.Duration's form and
// rounded to what a reader cares for.
func formatDuration(d time.Duration) string {
	switch {
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(10 * time.Microsecond)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	return s
}
