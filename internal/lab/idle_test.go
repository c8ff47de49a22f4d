//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What a daemon at rest may do in a second, by docs/protocol.md and
// docs/multipath.md, at the default failure detection fd of 500 ms: the token
// rests for fd/5; the tick comes every 105 ms, at the earliest after 70; a
// hello every fd/2; each peer asks for a reply every 500 ms on each network.
const (
	idleRotations = 10.0
	idleTicks     = 1000.0 / 70
	idleHellos    = 4.0
	idleReplies   = 2.0
	// On every second tick a padded probe goes with the small one.
	probesATick = 1.5
	// idleSlack is for what disturbs the rest: after a stall of the machine a
	// tick may come late and the next one early, and a path that seemed silent
	// is told of at once.
	idleSlack = 1.5
)

// A daemon at rest turns its loop for packets and for the protocol's timers
// only, has no other timers, and sends what the protocol wants and no more.
// That is counted by daemons and kernel, so that it does not depend on how fast
// or how busy the machine is; the share of a processor, which does, is logged.
// That tokens at rest are not tried again is ring's test: here the machine
// may delay one.
func TestIdle(t *testing.T) {
	const (
		settled  = 5 // seconds since start
		measured = 10 * time.Second
		networks = 2
		peers    = 2
		// A question for the status is one turn, and may leave another one.
		needless = 10
	)
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	// A new ring still searches for the size of packets: not yet idle.
	Eventually(t, formWithin, "the daemons have settled", func() error {
		for _, d := range l.Names() {
			if s, err := l.Status(d); err != nil || s.UptimeS < settled {
				return fmt.Errorf("%s: up for %d s (%v)", d, s.UptimeS, err)
			}
		}
		return nil
	})
	before := l.costs(t)
	hold(t, measured, "the daemons live", l.Died)
	for i, after := range l.costs(t) {
		d, c := l.Daemons[i].Name, after.since(before[i])
		seconds := c.took.Seconds()
		retries := float64(c.counters["ring_tokens_resent"])
		t.Logf("%s: %.2f %% of a processor; a second: %.1f turns, %.1f of them for timers, %.1f datagrams sent, %.1f tokens again, %.0f context switches",
			d, 100*c.processor.Seconds()/seconds, float64(c.counters["loop_turns"])/seconds, float64(c.counters["loop_timers"])/seconds,
			float64(c.sent)/seconds, retries/seconds, float64(c.switches)/seconds)
		timers := seconds*idleSlack*(idleRotations+idleTicks+idleHellos) + retries
		sent := networks * (seconds*idleSlack*(idleRotations+probesATick*idleTicks+idleHellos+peers*idleReplies) + retries)
		for _, judged := range []struct {
			what       string
			have, most float64
		}{
			{"turns of the loop that found nothing to do", float64(c.counters["loop_needless"]), needless},
			{"turns of the loop for timers", float64(c.counters["loop_timers"]), timers},
			{"datagrams sent", float64(c.sent), sent},
		} {
			if judged.have > judged.most {
				t.Errorf("%s: %.0f %s in %.1f s at rest, want at most %.0f", d, judged.have, judged.what, seconds, judged.most)
			}
		}
		if c.counters["ring_tokens_accepted"] == 0 || c.sent == 0 || c.counters["loop_turns"] < c.counters["ring_tokens_accepted"] {
			t.Errorf("%s: %+v: nothing was counted", d, c)
		}
	}
}

// costs is what a daemon has cost so far, or in a time.
type costs struct {
	at        time.Time
	took      time.Duration
	counters  map[string]uint64
	sent      int // datagrams, as the kernel counts them
	processor time.Duration
	switches  int // of context, of all threads, voluntary or not
}

// costs reads those of all daemons.
func (l *Lab) costs(t testing.TB) (all []costs) {
	t.Helper()
	for _, d := range l.Daemons {
		s, err := l.Status(d.Name)
		try(t, err)
		c := costs{at: time.Now(), counters: s.Counters, processor: cpuTime(t, d.PID()), switches: contextSwitches(t, d.PID())}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/snmp", d.PID()))
		try(t, err)
		c.sent, err = strconv.Atoi(snmp(string(text), "Udp:")["OutDatagrams"])
		try(t, err)
		all = append(all, c)
	}
	return all
}

func (c costs) since(before costs) costs {
	counters := map[string]uint64{}
	for name, n := range c.counters {
		counters[name] = n - before.counters[name]
	}
	return costs{
		took: c.at.Sub(before.at), counters: counters, sent: c.sent - before.sent,
		processor: c.processor - before.processor, switches: c.switches - before.switches,
	}
}

// cpuTime is the processor time a process has used: the sum over its threads,
// in nanoseconds of the first field of schedstat.
func cpuTime(t testing.TB, pid int) (sum time.Duration) {
	t.Helper()
	eachThread(t, pid, "schedstat", func(text string) {
		ns, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
		try(t, err)
		sum += time.Duration(ns)
	})
	return sum
}

// contextSwitches is how often threads of a process have gone to sleep or were
// put aside.
func contextSwitches(t testing.TB, pid int) (sum int) {
	t.Helper()
	eachThread(t, pid, "status", func(text string) {
		for line := range strings.Lines(text) {
			if name, value, _ := strings.Cut(line, ":"); strings.HasSuffix(name, "voluntary_ctxt_switches") {
				n, err := strconv.Atoi(strings.TrimSpace(value))
				try(t, err)
				sum += n
			}
		}
	})
	return sum
}

// eachThread reads a file of each thread of a process.
func eachThread(t testing.TB, pid int, file string, read func(string)) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/%s", pid, file))
	try(t, err)
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil { // else the thread has ended
			read(string(text))
		}
	}
}
