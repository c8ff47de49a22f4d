//go:build linux

package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mpspread/internal/labnet"
)

// Every packet of the ring, tokens and data, goes out on every network (S1):
// for each pair of daemons as many arrive on A as on B, save those on the way.
func TestSameOnEveryNetwork(t *testing.T) {
	const onTheWay = 20
	for _, transport := range []string{Broadcast, Multicast, Unicast} {
		t.Run(transport, func(t *testing.T) {
			l := NewRing(t, Options{Transport: transport, NoOffload: true})
			l.AwaitWell(t, formWithin)
			before := l.allCounters(t)
			ld := l.StartLoad(t, LoadOptions{})
			ld.Flow(t, 1000)
			wantWell(t, ld)
			after := l.allCounters(t)
			for _, p := range l.bed.Paths(labnet.On("A")) {
				a := after.Since(before, labnet.Ring, p)
				b := after.Since(before, labnet.Ring, pathOf("B", p.From, p.To))
				t.Logf("%s→%s: %d on A, %d on B", p.From, p.To, a, b)
				if max(a, b)-min(a, b) > onTheWay || a < 1000 {
					t.Errorf("%s→%s: %d on A, %d on B", p.From, p.To, a, b)
				}
			}
		})
	}
}

// Messages of up to 140 000 bytes make no IP fragment (A1). Every lab is judged
// so at its end; here the numbers are shown to be there.
func TestNoFragments(t *testing.T) {
	l := NewRing(t, Options{})
	ld := l.StartLoad(t, LoadOptions{})
	ld.Flow(t, 300)
	wantWell(t, ld)
	out := must(t, "", inside(l.Daemons[0].namespace, "cat", "/proc/net/snmp", "/proc/net/snmp6")...)
	values := snmp(out)
	for _, name := range []string{"FragCreates", "ReasmReqds", "Ip6FragCreates", "Ip6ReasmReqds"} {
		if _, ok := values[name]; !ok {
			t.Errorf("the kernel has no counter %s", name)
		}
	}
	if sent, err := strconv.Atoi(values["OutRequests"]); err != nil || sent < 300 {
		t.Errorf("OutRequests = %q: nothing was counted", values["OutRequests"])
	}
	if f := l.fragments(t); f != "" {
		t.Error(f)
	}
}

// An idle daemon uses less than 1 % of a processor.
func TestIdleCPU(t *testing.T) {
	const (
		settled  = 5 // seconds since start
		measured = 10 * time.Second
		most     = 0.01
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
	used := func() (all []time.Duration) {
		for _, d := range l.Daemons {
			all = append(all, cpuTime(t, d.PID()))
		}
		return all
	}
	before, began := used(), time.Now()
	<-time.After(measured)
	after, took := used(), time.Since(began)
	for i, d := range l.Daemons {
		share := float64(after[i]-before[i]) / float64(took)
		t.Logf("%s: %.2f %%", d.Name, 100*share)
		if share >= most {
			t.Errorf("%s: %.2f %% of a processor while idle", d.Name, 100*share)
		}
	}
}

// cpuTime is the processor time a process has used: the sum over its threads,
// in nanoseconds of the first field of schedstat.
func cpuTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	var sum time.Duration
	for _, task := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, task.Name()))
		if err != nil {
			continue // the thread has ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(b))[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(ns)
	}
	return sum
}
