//go:build linux

package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mpspread/internal/labnet"
)

// chatter sends a small datagram from every host to every other on all
// networks, again and again: something for faults to break, without a daemon.
// Hosts hold sockets that receive nothing, so that nobody answers "port
// unreachable".
func chatter(t *testing.T, l *Lab) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var senders sync.WaitGroup
	t.Cleanup(func() { cancel(); senders.Wait() })
	for _, d := range l.Daemons {
		var socket net.PacketConn
		if err := l.bed.InNamespace(d.Name, func() (err error) {
			socket, err = net.ListenPacket("udp", fmt.Sprintf(":%d", labnet.Port))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		senders.Add(1)
		go func() {
			defer senders.Done()
			defer socket.Close()
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				for _, p := range l.bed.Paths(func(p Path) bool { return p.From == d.Name }) {
					to := netip.AddrPortFrom(l.bed.Address(p.To, networkNumber(p.Network)), labnet.Port)
					// What a broken path refuses is not our business here.
					socket.WriteTo([]byte("\x00\x00\x00\x20 chatter"), net.UDPAddrFromAddrPort(to))
				}
			}
		}()
	}
}

// Every fault tool breaks the paths it names and no other, and mends them.
func TestFaults(t *testing.T) {
	for _, o := range []Options{{}, {IPv6: true, Transport: Unicast}} {
		t.Run(o.family(), func(t *testing.T) {
			l := newNetworks(t, o)
			chatter(t, l)
			for _, f := range []Fault{
				l.Silent("A"), l.OneWay("B", "h2"), l.LinkDown("A", "h3"), l.AddressRemoved("B", "h1"),
				l.SwitchDown("B"), l.InterfaceGone("A", "h1"), l.Drop("h1 cut off", labnet.Around("h1")),
			} {
				t.Run(f.Name, func(t *testing.T) {
					l.During(t, f, func() {
						// Time for the dead to show that they are dead: the
						// living each carry something meanwhile.
						for range 3 {
							l.AwaitCarrying(t, l.bed.Paths(func(p Path) bool { return !slices.Contains(f.Dead, p) }))
						}
					})
					l.AwaitCarrying(t, f.Dead)
				})
			}
		})
	}
}

// During notices a fault that does not do what it says: a path that carries on.
func TestDuringNotices(t *testing.T) {
	l := newNetworks(t, Options{})
	chatter(t, l)
	f := l.OneWay("A", "h1")
	f.Dead = append(f.Dead, pathOf("A", "h2", "h1"))
	fake := &failures{TB: t}
	l.During(fake, f, func() { l.AwaitCarrying(t, []Path{pathOf("A", "h2", "h1")}) })
	if len(fake.said) == 0 || !strings.Contains(fake.said[0], "h2→h1 on A") {
		t.Errorf("said %q", fake.said)
	}
}

// failures keeps what a test would have failed with.
type failures struct {
	testing.TB
	said []string
}

func (f *failures) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

// Loss loses about as much as it is told to.
func TestLossRate(t *testing.T) {
	l := newNetworks(t, Options{Daemons: 2, Networks: 1})
	chatter(t, l)
	p := pathOf("A", "h1", "h2")
	try(t, l.bed.Impair([]Path{p}, labnet.Impairment{Loss: 0.5}))
	before := l.allCounters(t)
	arrived := interfaceCount(t, l, "h2", 0, "rx_packets")
	var share float64
	Eventually(t, flowWithin, "200 packets on the wire", func() error {
		n := interfaceCount(t, l, "h2", 0, "rx_packets") - arrived
		share = float64(l.allCounters(t).Since(before, labnet.Passed, p)) / float64(n)
		if n < 200 {
			return fmt.Errorf("only %d", n)
		}
		return nil
	})
	if share < 0.3 || share > 0.7 {
		t.Errorf("%.0f %% came through a loss of 50 %%", 100*share)
	}
	try(t, l.bed.Impair([]Path{p}, labnet.Impairment{}))
	l.AwaitCarrying(t, []Path{p})
}

// interfaceCount is a counter of a host's interface.
func interfaceCount(t testing.TB, l *Lab, host string, network int, counter string) (n int) {
	t.Helper()
	out := must(t, "", inside(l.Daemon(host).namespace, "cat", "/sys/class/net/"+labnet.Interface(network)+"/statistics/"+counter)...)
	if _, err := fmt.Sscan(out, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A delayed network carries everything, later: after the delay was put in,
// nothing comes for as long as it is, then everything.
func TestDelay(t *testing.T) {
	const late = 500 * time.Millisecond
	l := newNetworks(t, Options{NoOffload: true})
	chatter(t, l)
	f := l.Late("A", late)
	f.apply(t)
	before, began := l.allCounters(t), time.Now()
	l.AwaitCarrying(t, l.bed.Paths(labnet.On("A")))
	if took := time.Since(began); took < late-100*time.Millisecond {
		t.Errorf("the first came after %v, want about %v", took, late)
	}
	l.AwaitCarrying(t, l.bed.Paths(labnet.On("A")))
	if n := l.allCounters(t).Since(before, labnet.Passed, pathOf("B", "h1", "h2")); n == 0 {
		t.Error("B carried nothing")
	}
	f.mend(t)
	l.AwaitCarrying(t, l.bed.Paths(labnet.On("A")))
}

// A recording has the datagrams of the one recorded, and sends them again.
func TestRecord(t *testing.T) {
	l := newNetworks(t, Options{})
	chatter(t, l)
	r := l.Record(t, "A", "h2")
	awaitCaught(t, r, 20)
	old := r.Stop()
	// With h2 mute at its own link, what comes from it comes from the recording.
	f := l.LinkDown("A", "h2")
	f.apply(t)
	before := l.allCounters(t)
	try(t, old.Replay())
	Eventually(t, flowWithin, "recorded packets arrive", func() error {
		now := l.allCounters(t)
		n := now.Since(before, labnet.Passed, pathOf("A", "h2", "h1")) + now.Since(before, labnet.Passed, pathOf("A", "h2", "h3"))
		if n != uint64(old.Packets()) {
			return fmt.Errorf("%d of %d", n, old.Packets())
		}
		return nil
	})
	f.mend(t)
}

// What a dead test process left behind is removed, what a living one has is
// not.
func TestRemoveLeftovers(t *testing.T) {
	Need(t, Root, "ip")
	// A process that has ended: its id is free, for now.
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	stale := fmt.Sprintf("%s%d-1-h1", labnet.Prefix, gone.Process.Pid)
	ours := fmt.Sprintf("%s%d-other-h1", labnet.Prefix, os.Getpid())
	for _, ns := range []string{stale, ours} {
		must(t, "", "ip", "netns", "add", ns)
	}
	defer must(t, "", "ip", "netns", "del", ours)
	left := exec.Command("ip", inside(stale, "sleep", "600")[1:]...)
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	// The process shows in the namespace once "ip" has entered it.
	Eventually(t, flowWithin, "process in the namespace", func() error {
		if must(t, "", "ip", "netns", "pids", stale) == "" {
			return fmt.Errorf("none yet")
		}
		return nil
	})
	try(t, labnet.RemoveLeftovers())
	if err := left.Wait(); err == nil {
		t.Error("the process in the stale namespace was left alone")
	}
	have := must(t, "", "ip", "netns", "list")
	if strings.Contains(have, stale) || !strings.Contains(have, ours) {
		t.Errorf("namespaces left: %q", have)
	}
}

// A thread that has been in a namespace does not come back to others.
func TestWithin(t *testing.T) {
	l := newNetworks(t, Options{Daemons: 1, Networks: 1})
	id := func() uint64 {
		var st unix.Stat_t
		if err := unix.Stat("/proc/thread-self/ns/net", &st); err != nil {
			t.Fatal(err)
		}
		return st.Ino
	}
	home := id()
	var there uint64
	if err := l.bed.InNamespace("h1", func() error { there = id(); return nil }); err != nil {
		t.Fatal(err)
	}
	if there == home {
		t.Error("not in the namespace")
	}
	for range 100 {
		done := make(chan uint64)
		go func() { done <- id() }()
		if <-done != home {
			t.Fatal("a thread stayed in the namespace")
		}
	}
	if err := l.bed.InNamespace("none", func() error { return nil }); err == nil {
		t.Error("entered a namespace that is not there")
	}
}
