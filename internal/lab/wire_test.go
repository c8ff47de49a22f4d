//go:build linux

package lab

import (
	"strconv"
	"testing"

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
	values := snmp(out, "Ip:")
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
