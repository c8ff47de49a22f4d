//go:build !portable

package datalink

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// offloadOn is unicastOn with runs permitted.
func offloadOn(port uint16, own ...string) Config {
	c := unicastOn(port, own...)
	for i := range c.Networks {
		c.Networks[i].Offload = true
	}
	return c
}

// numbered are datagrams of these lengths, each with its number and distinct
// bytes.
func numbered(to netip.AddrPort, network int, lengths ...int) (out []Datagram) {
	for i, n := range lengths {
		data := bytes.Repeat([]byte(fmt.Sprintf("%d on %d;", i, network)), n/2+1)[:n]
		out = append(out, Datagram{Network: network, To: to, Data: data})
	}
	return out
}

// What goes out in runs comes whole and in order, whoever permits runs, and
// whatever the size of the caller's batch.
func TestRuns(t *testing.T) {
	lengths := slices.Concat(slices.Repeat([]int{1400}, 64), []int{900, 1400, 1, 0, 1400}, slices.Repeat([]int{200}, 100))
	for _, c := range []struct {
		send, receive bool
		batch         int
	}{{true, true, MaxBatch}, {true, true, 7}, {true, true, 1}, {true, false, MaxBatch}, {false, true, MaxBatch}, {true, true, 3 * MaxBatch}} {
		t.Run(fmt.Sprintf("send=%t receive=%t batch=%d", c.send, c.receive, c.batch), func(t *testing.T) {
			port := freePort(t)
			from, to := offloadOn(port, "127.0.1.1", "127.0.2.1"), offloadOn(port, "127.0.1.2", "127.0.2.2")
			for i := range from.Networks {
				from.Networks[i].Offload, to.Networks[i].Offload = c.send, c.receive
			}
			h1, h2 := mustOpen(t, from), mustOpen(t, to)
			awaitState(t, h1, 1, "up", isUp)
			awaitState(t, h2, 1, "up", isUp)
			out := slices.Concat(
				numbered(netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port), 0, lengths...),
				numbered(netip.AddrPortFrom(netip.MustParseAddr("127.0.2.2"), port), 1, lengths...))
			h1.Send(out)
			want := [2][]Datagram{out[:len(lengths)], out[len(lengths):]}
			batch := make([]Packet, c.batch)
			for got := 0; got < len(out); {
				mustDo(t, "wait", h2.Wait(patience))
				n := h2.Receive(batch)
				if n == 0 {
					t.Fatalf("%d datagrams of %d came: %+v", got, len(out), h2.States(nil))
				}
				for _, p := range batch[:n] {
					if !bytes.Equal(p.Data, want[p.Network][0].Data) {
						t.Fatalf("%d bytes on network %d, want %d: %.20q", len(p.Data), p.Network, len(want[p.Network][0].Data), p.Data)
					}
					clear(p.Data) // it is the receiver's, and no other packet's
					want[p.Network] = want[p.Network][1:]
				}
				got += n
			}
			if n := h2.Receive(batch); n != 0 {
				t.Errorf("%d more", n)
			}
			sent, came := h1.States(nil), h2.States(nil)
			for i := range sent {
				if sent[i].Sent != uint64(len(lengths)) || came[i].Received != uint64(len(lengths)) || sent[i].SendErrors != 0 || came[i].Drops != 0 {
					t.Errorf("network %d: %+v, %+v", i, sent[i], came[i])
				}
				if (sent[i].SentRuns > 0) != c.send || sent[i].Offload != c.send || (came[i].ReceivedRuns > 0) != (c.send && c.receive) {
					t.Errorf("network %d: %+v, %+v", i, sent[i], came[i])
				}
			}
		})
	}
}

// IPv6 has the longer control messages, and its own way of sending.
func TestRunsIPv6(t *testing.T) {
	h1, h2 := mustOpen(t, offloadOn(0, "::1")), mustOpen(t, offloadOn(0, "::1"))
	if st := h2.States(nil)[0]; !st.Up {
		t.Skipf("no IPv6 loopback: %s", st.Reason)
	}
	awaitState(t, h1, 0, "up", isUp)
	awaitState(t, h2, 0, "up", isUp)
	out := numbered(h2.(*set).networks[0].link.own, 0, slices.Repeat([]int{1400}, 60)...)
	h1.Send(out)
	for i, p := range receive(t, h2, len(out)) {
		if !bytes.Equal(p.Data, out[i].Data) || p.From != h1.(*set).networks[0].link.own {
			t.Fatalf("datagram %d: %d bytes from %s", i, len(p.Data), p.From)
		}
	}
	if sent, came := h1.States(nil)[0], h2.States(nil)[0]; sent.SentRuns != 2 || came.ReceivedRuns != 2 {
		t.Errorf("%+v, %+v", sent, came)
	}
}

// A network whose runs are long gives the others their turn after few of them,
// and reads many single datagrams at once again when no more runs come.
func TestMessagesAtOnce(t *testing.T) {
	var e endpoint
	for _, c := range []struct{ longest, want int }{{0, 16}, {1, 16}, {8, 16}, {9, 14}, {44, 2}, {64, 2}, {65, 1}, {128, 1}, {1000, 1}} {
		e.longest = c.longest
		if got := e.messages(); got != c.want {
			t.Errorf("runs of %d: %d messages at once, want %d", c.longest, got, c.want)
		}
	}
}

// What is left of a run when the batch is full is there at once for the next
// one, though the kernel has no more.
func TestWaitSeesRestOfRun(t *testing.T) {
	port := freePort(t)
	h1, h2 := mustOpen(t, offloadOn(port, "127.0.1.1")), mustOpen(t, offloadOn(port, "127.0.1.2"))
	awaitState(t, h1, 0, "up", isUp)
	awaitState(t, h2, 0, "up", isUp)
	h1.Send(numbered(netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port), 0, 100, 100, 100))
	batch := make([]Packet, 1)
	for i := range 3 {
		mustDo(t, "wait", h2.Wait(-1))
		if n := h2.Receive(batch); n != 1 || !strings.HasPrefix(string(batch[0].Data), fmt.Sprint(i)) {
			t.Fatalf("datagram %d: %d came, %.20q", i, n, batch[0].Data)
		}
	}
	assertSleeps(t, h2)
}

// A run that is refused goes singly, nothing is lost, and what was learned is
// kept until sockets or interface change.
func TestRefusedRuns(t *testing.T) {
	tooMany := func(run []string) unix.Errno {
		if len(run) > olderSegments {
			return unix.EINVAL
		}
		return 0
	}
	all := func(errno unix.Errno) func([]string) unix.Errno {
		return func([]string) unix.Errno { return errno }
	}
	for _, c := range []struct {
		name     string
		refuses  func([]string) unix.Errno
		fails    unix.Errno // of every single one
		segments int        // afterwards
		sent     int
	}{
		{"nothing refused", func([]string) unix.Errno { return 0 }, 0, mostSegments, 200},
		{"more than 64 segments", tooMany, 0, olderSegments, 200},
		{"no checksum in the card", all(unix.EIO), 0, 1, 200},
		{"no such control message", all(unix.ENOPROTOOPT), 0, 1, 200},
		{"not for this socket", all(unix.EOPNOTSUPP), 0, 1, 200},
		{"invalid", all(unix.EINVAL), 0, 1, 200},
		{"too long as runs only", all(unix.EMSGSIZE), 0, 1, 200},
		{"too long anyway", all(unix.EMSGSIZE), unix.EMSGSIZE, mostSegments, 0},
		{"no room", func([]string) unix.Errno { return unix.EAGAIN }, 0, mostSegments, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, k := withFakeKernel(t, true)
			k.refuses = c.refuses
			fd := s.networks[0].link.unicast.fd
			var batch []Datagram
			var want []byte
			for i := range byte(200) {
				batch = append(batch, Datagram{To: somewhere, Data: []byte{i, 0}})
				if c.fails != 0 {
					k.fails[i] = c.fails
				}
				if int(i) < c.sent {
					want = append(want, i)
				}
			}
			s.Send(batch)
			if !slices.Equal(k.sent[fd], want) {
				t.Errorf("sent %v, want %v", k.sent[fd], want)
			}
			st := s.States(nil)
			if st[0].Sent != uint64(c.sent) || st[0].SendErrors != uint64(200-c.sent) || st[0].Offload != (c.segments > 1) || !st[1].Offload {
				t.Errorf("%+v", st)
			}
			if got := s.networks[0].segments; got != c.segments {
				t.Errorf("runs of up to %d afterwards, want %d", got, c.segments)
			}
			calls := len(k.calls)
			s.Send(batch[:64])
			if c.sent > 0 && len(k.calls)-calls > 2 {
				t.Errorf("%d calls for 64 datagrams once it is known", len(k.calls)-calls)
			}
			at := s.networks[0].at
			at.mtu -= 100
			s.exchange.offer(0, s.networks[0].link, at)
			mustDo(t, "wait", s.Wait(0))
			if got := s.networks[0].segments; got != mostSegments {
				t.Errorf("runs of up to %d with another MTU", got)
			}
		})
	}
}

// The kernel's own refusals: of runs on a socket without checksums, and, before
// it took more, of runs of more than 64.
func TestKernelRefusesRuns(t *testing.T) {
	for _, c := range []struct {
		name     string
		prepare  func(*testing.T, *link)
		length   int
		segments []int // afterwards, one of these
	}{
		{"no checksums", func(t *testing.T, l *link) {
			mustDo(t, "SO_NO_CHECK", unix.SetsockoptInt(l.unicast.fd, unix.SOL_SOCKET, unix.SO_NO_CHECK, 1))
		}, 1400, []int{1}},
		{"many", func(*testing.T, *link) {}, 100, []int{mostSegments, olderSegments}},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := freePort(t)
			h1, h2 := mustOpen(t, offloadOn(port, "127.0.1.1")).(*set), mustOpen(t, offloadOn(port, "127.0.1.2"))
			awaitState(t, h1, 0, "up", isUp)
			awaitState(t, h2, 0, "up", isUp)
			c.prepare(t, h1.networks[0].link)
			out := numbered(netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port), 0, slices.Repeat([]int{c.length}, mostSegments)...)
			for range 2 {
				h1.Send(out)
				for i, p := range receive(t, h2, len(out)) {
					if !bytes.Equal(p.Data, out[i].Data) {
						t.Fatalf("datagram %d: %.20q", i, p.Data)
					}
				}
			}
			if got := h1.networks[0].segments; !slices.Contains(c.segments, got) {
				t.Errorf("runs of up to %d afterwards, want %v", got, c.segments)
			}
			if st := h1.States(nil)[0]; st.SendErrors != 0 || st.Sent != uint64(2*len(out)) {
				t.Errorf("%+v", st)
			}
		})
	}
}

// What is longer than a packet of the network never goes in a run: segments
// that the interface does not take would become IP fragments (A1).
func TestRunsLongerThanPackets(t *testing.T) {
	port := freePort(t)
	c := offloadOn(port, "127.0.1.1")
	c.Networks[0].MTU = 1500
	h1, h2 := mustOpen(t, c), mustOpen(t, offloadOn(port, "127.0.1.2"))
	if st := awaitState(t, h1, 0, "up", isUp); st.PacketSize != 1472 {
		t.Fatalf("%+v", st)
	}
	awaitState(t, h2, 0, "up", isUp)
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port)
	h1.Send(numbered(to, 0, 1473, 1473, 1473))
	h1.Send(numbered(to, 0, 1472, 1472, 1472))
	for i, p := range receive(t, h2, 6) {
		if want := 1473 - i/3; len(p.Data) != want {
			t.Errorf("datagram %d of %d bytes, want %d", i, len(p.Data), want)
		}
	}
	if st := h1.States(nil)[0]; st.SentRuns != 1 {
		t.Errorf("%+v", st)
	}
	if st := h2.States(nil)[0]; st.ReceivedRuns != 1 {
		t.Errorf("%+v", st)
	}
}

// Own runs that come back are refused by the filter, whole or, by a kernel that
// does not hand over runs, one by one; they are no drops.
func TestOwnRunsAreNoDrops(t *testing.T) {
	for _, c := range []struct{ offload, joins bool }{{true, true}, {true, false}, {}} {
		offload := c.offload
		port := freePort(t)
		host := func(own string) Set {
			s := mustOpen(t, Config{Networks: []Network{{
				Name: "A", Transport: Broadcast, Addresses: addrs(own), Port: port,
				Subnet: netip.MustParsePrefix("127.0.0.0/8"), Offload: offload,
			}}})
			awaitState(t, s, 0, "up", isUp)
			return s
		}
		h1, h2 := host("127.0.1.1"), host("127.0.1.2")
		l := h1.(*set).networks[0].link
		if offload && !c.joins {
			mustDo(t, "UDP_GRO", unix.SetsockoptInt(l.data.fd, unix.SOL_UDP, unix.UDP_GRO, 0))
			l.data.joins = false
		}
		const rounds, count = 20, 40
		for range rounds {
			h1.Send(numbered(netip.AddrPort{}, 0, slices.Repeat([]int{1000}, count)...))
			receive(t, h2, count)
			if n := h1.Receive(make([]Packet, 1)); n != 0 {
				t.Fatal("an own datagram came back")
			}
		}
		st := h1.States(nil)[0]
		if st.Drops != 0 || st.Sent != rounds*count || (st.SentRuns == rounds) != offload {
			t.Errorf("%+v: %+v", c, st)
		}
		// None of the refusals is still awaited: it would hide a drop.
		if l.looped != 0 {
			t.Errorf("%+v: %d refusals not seen", c, l.looped)
		}
	}
}

func TestDatagramsIn(t *testing.T) {
	for _, c := range []struct{ n, segment, want int }{
		{0, 0, 1}, {0, 9, 1}, {100, 0, 1}, {100, -1, 1}, {100, 100, 1}, {100, 200, 1},
		{101, 100, 2}, {200, 100, 2}, {201, 100, 3}, {65507, 1, 65507},
	} {
		if got := datagramsIn(c.n, c.segment); got != c.want {
			t.Errorf("%d bytes in segments of %d: %d datagrams, want %d", c.n, c.segment, got, c.want)
		}
		a := arrival{data: make([]byte, c.n), segment: max(c.segment, 1)}
		if c.segment <= 0 {
			a.segment = max(c.n, 1)
		}
		got, bytes := 0, 0
		for more := true; more; got++ {
			var d []byte
			d, more = a.next()
			bytes += len(d)
		}
		if got != c.want || bytes != c.n {
			t.Errorf("%d bytes in segments of %d: %d datagrams of %d bytes handed out", c.n, c.segment, got, bytes)
		}
	}
}

// BenchmarkRuns sends 64 datagrams to a host and receives them.
func BenchmarkRuns(b *testing.B) {
	for _, offload := range []bool{false, true} {
		b.Run(fmt.Sprintf("offload=%t", offload), func(b *testing.B) {
			port := freePort(b)
			from, to := offloadOn(port, "127.0.1.1"), offloadOn(port, "127.0.1.2")
			from.Networks[0].Offload, to.Networks[0].Offload = offload, offload
			h1, h2 := mustOpen(b, from), mustOpen(b, to)
			out := numbered(netip.AddrPortFrom(netip.MustParseAddr("127.0.1.2"), port), 0, slices.Repeat([]int{1400}, 64)...)
			batch := make([]Packet, MaxBatch)
			b.ReportAllocs()
			for b.Loop() {
				h1.Send(out)
				for got := 0; got < len(out); {
					if err := h2.Wait(-1); err != nil {
						b.Fatal(err)
					}
					got += h2.Receive(batch)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(out)), "ns/datagram")
		})
	}
}
