//go:build linux

package lab

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"mpspread/internal/labnet"
)

// A relay does to each path what it is told, and to no other.
func TestRelay(t *testing.T) {
	l := newNetworks(t, Options{})
	chatter(t, l)
	r, err := l.bed.StartRelay("A", 7)
	try(t, err)
	l.AwaitCarrying(t, l.bed.Paths(labnet.Every))
	victim := pathOf("A", "h1", "h2")
	only := func(p Path) bool { return p == victim }
	others := func(p Path) bool { return p.Network == "A" && p != victim }
	grown := func(what string, policy labnet.Policy, count func(labnet.RelayCounts) uint64) {
		t.Helper()
		r.Set(only, policy)
		before := r.Counts(only)
		Eventually(t, flowWithin, what, func() error {
			if n := count(r.Counts(only)) - count(before); n < 5 {
				return fmt.Errorf("%d so far", n)
			}
			return nil
		})
		if c := r.Counts(others); count(c) != 0 {
			t.Errorf("%s: other paths, too: %+v", what, c)
		}
		r.Set(only, labnet.Policy{})
	}
	grown("lost", labnet.Policy{Loss: 0.5}, func(c labnet.RelayCounts) uint64 { return c.Lost })
	grown("copied", labnet.Policy{Duplicate: 0.5, Copies: 3}, func(c labnet.RelayCounts) uint64 { return c.Copies })
	grown("corrupted", labnet.Policy{Corrupt: 0.5}, func(c labnet.RelayCounts) uint64 { return c.Corrupted })
	grown("displaced", labnet.Policy{Jitter: time.Millisecond, Reorder: 0.5}, func(c labnet.RelayCounts) uint64 { return c.Displaced })
	grown("overflown", labnet.Policy{Rate: 1000, Queue: 100}, func(c labnet.RelayCounts) uint64 { return c.Overflown })

	// Deaf in one direction only.
	r.Set(only, labnet.Policy{Loss: 1})
	before := l.allCounters(t)
	l.AwaitCarrying(t, l.bed.Paths(func(p Path) bool { return p != victim }))
	if n := l.allCounters(t).Since(before, labnet.Passed, victim); n > 5 { // those that were under way
		t.Errorf("%d packets through a loss of 1", n)
	}
	try(t, r.Close())
	try(t, r.Close()) // a second time does nothing
	l.AwaitCarrying(t, l.bed.Paths(labnet.Every))
}

// A relay carries a burst as fast as a lab's daemons send it, and loses
// nothing: 20 000 full packets from one host to two.
func TestRelayCarries(t *testing.T) {
	const packets = 20_000
	l := newNetworks(t, Options{Networks: 1})
	r, err := l.bed.StartRelay("A", 1)
	try(t, err)
	defer r.Close()
	r.Set(labnet.Every, labnet.Policy{Delay: 20 * time.Millisecond})
	var socket *net.UDPConn
	try(t, l.bed.InNamespace("h1", func() (err error) {
		socket, err = net.ListenUDP("udp4", &net.UDPAddr{Port: labnet.Port})
		return err
	}))
	defer socket.Close()
	// Nobody may answer "port unreachable".
	for _, h := range []string{"h2", "h3"} {
		var sink *net.UDPConn
		try(t, l.bed.InNamespace(h, func() (err error) {
			sink, err = net.ListenUDP("udp4", &net.UDPAddr{Port: labnet.Port})
			return err
		}))
		defer sink.Close()
	}
	to := netip.AddrPortFrom(netip.MustParseAddr("10.77.1.255"), labnet.Port)
	body := make([]byte, 1400)
	began, before := time.Now(), l.allCounters(t)
	for range packets {
		if _, err := socket.WriteToUDPAddrPort(body, to); err != nil {
			t.Fatal(err)
		}
	}
	sent := time.Since(began)
	Eventually(t, flowWithin, "all have come", func() error {
		now := l.allCounters(t)
		for _, h := range []string{"h2", "h3"} {
			if n := now.Since(before, labnet.Passed, pathOf("A", "h1", h)); n != packets {
				return fmt.Errorf("%d of %d at %s (%+v)", n, packets, h, r.Counts(labnet.Every))
			}
		}
		return nil
	})
	t.Logf("sent in %v, all there after %v: %.0f frames a second", sent, time.Since(began), packets/time.Since(began).Seconds())
}
