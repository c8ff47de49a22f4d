//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"mpspread/internal/bench"
)

// plan is how much is measured.
type plan struct {
	duration, warmup time.Duration
	quick            bool
	senders          int // 0: as suits the contender
}

// load is one thing to measure.
type load struct {
	name     string
	size     int
	rate     float64 // messages a second of all senders; 0: closed loop
	cut      bool    // a network is cut halfway
	duration time.Duration
	warmup   time.Duration
	senders  int      // clients that send; 0: as suits the contender
	only     []string // contenders; none: all
}

// window is how many messages each sender has under way in a closed loop: the
// same for all contenders, a few milliseconds of what any of them carries.
func (l *load) window(senders int) int {
	const bytes, most, least = 4 << 20, 2048, 4
	return min(max(bytes/senders/l.size, least), most)
}

// Names of the loads that tables and plots look for.
const (
	idleLatency = "1000/s of 200 B"
	cutLoad     = "3000/s of 200 B, cut"
	uncutLoad   = "3000/s of 200 B"
)

// sizes of messages, in bytes; the largest is the largest that Spread's
// protocol carries to one group.
var sizes = []int{64, 100, 1350, 8000, 65_536, bench.MaxSize}

func sizeName(size int) string { return fmt.Sprintf("%d B", size) }

// rates of the latency plot, messages of 200 bytes a second.
var rates = []float64{1000, 3000, 10_000, 30_000, 60_000}

func rateName(rate float64) string { return fmt.Sprintf("%.0f/s of 200 B", rate) }

// loads are all that one contender is put to in its turn.
func (p plan) loads(what []string, mode string) []load {
	var all []load
	add := func(l load) {
		l.duration, l.warmup, l.senders = p.duration, p.warmup, p.senders
		all = append(all, l)
	}
	if slices.Contains(what, "throughput") {
		for _, size := range sizes {
			if !p.quick || size == 100 || size == 1350 || size == 65_536 {
				add(load{name: sizeName(size), size: size})
			}
		}
	}
	if slices.Contains(what, "latency") && mode == ideal {
		for _, rate := range rates {
			if !p.quick || rate == 1000 || rate == 10_000 {
				add(load{name: rateName(rate), size: 200, rate: rate})
			}
		}
	}
	if slices.Contains(what, "cut") && mode == ideal {
		if p.quick || !slices.Contains(what, "latency") {
			add(load{name: uncutLoad, size: 200, rate: 3000})
		}
		add(load{name: cutLoad, size: 200, rate: 3000, cut: true})
		all[len(all)-1].duration = max(p.duration, 6*time.Second)
	}
	return all
}
