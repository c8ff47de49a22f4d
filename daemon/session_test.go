package daemon

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap/zaptest/observer"

	"mpspread/client/frame"
	"mpspread/internal/pulse"
)

// TestSlowClient: a client that does not read is warned of, closed with a
// reason at its limit and leaves in order; the others lose nothing (CLI-3,
// CLI-4).
func TestSlowClient(t *testing.T) {
	d := newCluster(t, "max_message = \"144000B\"\nmax_queue = \"256KiB\"", "alpha").start("alpha")
	fast, slow := d.login("fast"), d.login("slow")
	slow.join("#slow#alpha", "g")
	slow.members(1)
	fast.join("#fast#alpha", "g")
	fast.members(2)

	data := make([]byte, 10_000)
	sent, got, gone := 0, 0, false
	for !gone || got < sent {
		if !gone {
			fast.write(frame.AppendMessage(nil, frame.Agreed, "#fast#alpha", frame.NewHint(int16(sent)), []string{"g"}, data))
			sent++
		}
		e, _ := fast.event()
		switch e.Type.Kind() {
		case frame.KindMessage:
			if e.Hint.MessageType() != int16(got) {
				t.Fatalf("message %d instead of %d", e.Hint.MessageType(), got)
			}
			got++
		case frame.KindMembership:
			m, err := frame.ParseMembership(e)
			if err != nil || m.Cause != frame.CausedByDisconnect || string(m.Sets[0].At(0)) != "#slow#alpha" {
				t.Fatalf("membership %+v, %v", m, err)
			}
			gone = true
		}
		if sent > 1000 {
			t.Fatal("the slow client is never closed")
		}
	}
	d.logged("client is slow")
	if e := d.logged("session closed"); e.ContextMap()["reason"] != "too slow" || e.ContextMap()["session"] != "#slow#alpha" {
		t.Errorf("closed with %v", e.ContextMap())
	}
	// It finds what the kernel had taken, and then the end.
	_, _ = io.Copy(io.Discard, slow.conn)
}

// TestStop: neither silent nor slow clients hold up the end; the others get
// what is queued for them first.
func TestStop(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	var silent []*raw
	for range 20 {
		silent = append(silent, d.dial())
	}
	slow, reader := d.login("slow"), d.login("reader")
	slow.join("#slow#alpha", "s")
	slow.members(1)
	reader.join("#reader#alpha", "r")
	reader.members(1)
	for range 20 {
		reader.write(frame.AppendMessage(nil, frame.Agreed, "#reader#alpha", frame.NewHint(0), []string{"s", "r"}, make([]byte, 100_000)))
	}
	for range 20 {
		reader.event()
	}
	meter := pulse.Start()
	defer meter.Stop()
	begin := time.Now()
	d.stop()
	took := time.Since(begin)
	if lost, _ := meter.Lost(begin); took > 2*time.Second+lost {
		t.Errorf("stopping took %v, of which the machine kept us from running for %v", took, lost)
	}
	for _, c := range append(silent, reader) {
		c.wantEnd()
	}
}

// TestParallelHandshakes: clients that say nothing hold nobody up.
func TestParallelHandshakes(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	for range 50 {
		d.dial()
	}
	slowly := d.dial()
	slowly.send("04 04")
	var all sync.WaitGroup
	for i := range 100 {
		c := d.dial()
		all.Go(func() {
			private := fmt.Sprintf("#c%d#alpha", i)
			name := private[1:strings.LastIndex(private, "#")]
			if _, err := c.conn.Write(append(frame.AppendHello(nil, frame.Hello{Version: frame.DaemonVersion, Membership: true, Name: name}), frame.AppendChoice(nil, "NULL")...)); err != nil {
				t.Error(err)
			}
			want := append(frame.AppendOffer(nil, "NULL"), frame.AppendAccept(nil, frame.DaemonVersion, frame.DaemonVersion, private)...)
			got := make([]byte, len(want))
			if _, err := io.ReadFull(c.conn, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		})
	}
	all.Wait()
	slowly.send("00 01 01 61")
	slowly.want("05 4E 55 4C 4C 20")
}

// TestHandshakeTimeout: silence ends a handshake, in step A without a word, in
// step C with one.
func TestHandshakeTimeout(t *testing.T) {
	d := newCluster(t, `handshake_timeout = "1s"`, "alpha").start("alpha")
	silent, half := d.dial(), d.dial()
	half.send("04 04 00 01 01 61")
	half.want("05 4E 55 4C 4C 20")
	half.send("\"NULL\"")
	silent.wantEnd()
	half.want("F7")
	half.wantEnd()
	d.login("a") // the name is free again
}

// TestViolations: what breaks a rule of section 4.4 ends the session, is told
// with its reason, and the others see a disconnect.
func TestViolations(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	watcher := d.login("watcher")
	watcher.join("#watcher#alpha", "g")
	watcher.members(1)
	good := func(b []byte) []byte { return b }
	for _, tt := range []struct {
		name   string
		frame  []byte
		change func(b []byte) []byte
		reason string
	}{
		{"garbage", nil, func([]byte) []byte { return bytes.Repeat([]byte("\xa5 garbage"), 400) }, "inconsistent endian marker"},
		{"zeros", nil, func([]byte) []byte { return make([]byte, 4096) }, "illegal service type"},
		{"two services", frame.AppendMessage(nil, frame.Agreed|frame.Safe, "#bad#alpha", frame.NewHint(0), []string{"g"}, nil), good, "illegal service type"},
		{"another's private group", frame.AppendMessage(nil, frame.Agreed, "#watcher#alpha", frame.NewHint(0), []string{"g"}, nil), good, "foreign private group"},
		{"101 groups", frame.AppendMessage(nil, frame.Agreed, "#bad#alpha", frame.NewHint(0), make([]string, 101), nil), good, "illegal group count"},
		{"hint", frame.AppendMessage(nil, frame.Agreed, "#bad#alpha", frame.Hint{0x81, 0, 0, 0x80}, []string{"g"}, nil), good, "illegal hint"},
		{"too long", frame.AppendMessage(nil, frame.Agreed, "#bad#alpha", frame.NewHint(0), []string{"g"}, make([]byte, frame.MaxBody-31)), good, "illegal data length"},
		{"join of nothing", frame.AppendMessage(nil, frame.Join, "#bad#alpha", frame.NewHint(0), nil, nil), good, "no group named"},
		{"half a frame", frame.AppendMessage(nil, frame.Agreed, "#bad#alpha", frame.NewHint(0), []string{"g"}, []byte("data")), func(b []byte) []byte { return b[:len(b)-1] }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bad := d.login("bad")
			bad.join("#bad#alpha", "g")
			bad.members(2)
			watcher.members(2)
			_, _ = bad.conn.Write(tt.change(tt.frame))
			if tt.reason == "" {
				_ = bad.conn.Close()
			} else {
				bad.wantEnd()
			}
			if m := watcher.members(1); m.Cause != frame.CausedByDisconnect {
				t.Errorf("cause %#x", m.Cause)
			}
			if tt.reason == "" {
				return
			}
			d.eventually(func() bool {
				lines := d.logs.TakeAll()
				return slices.ContainsFunc(lines, func(e observer.LoggedEntry) bool {
					return e.Message == "session closed" && e.ContextMap()["error"] == "frame: "+tt.reason
				})
			})
		})
	}
}

// TestLargest: a message at the limit goes through, in pieces too.
func TestLargest(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	c := d.login("c")
	c.join("#c#alpha", "g")
	c.members(1)
	data := bytes.Repeat([]byte("0123456789abcdef"), frame.MaxBody/16)[:frame.MaxBody-32]
	all := frame.AppendMessage(nil, frame.Safe, "#c#alpha", frame.NewHint(1), []string{"g"}, data)
	go func() {
		for len(all) > 0 {
			n := min(len(all), 7777)
			if _, err := c.conn.Write(all[:n]); err != nil {
				return
			}
			all = all[n:]
		}
	}()
	if e, _ := c.event(); !bytes.Equal(e.Data, data) || e.Type != frame.Safe {
		t.Errorf("%d bytes of type %#x", len(e.Data), e.Type)
	}
}

// TestManyGroups: a message to 100 groups reaches a member of several once,
// with all of them in their order.
func TestManyGroups(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	c := d.login("c")
	var groups []string
	for i := range 100 {
		groups = append(groups, fmt.Sprintf("group-%d", i%60))
	}
	for _, g := range groups[:3] {
		c.join("#c#alpha", g)
		c.members(1)
	}
	sent := frame.AppendMessage(nil, frame.FIFO|1<<30, "#c#alpha", frame.NewHint(-3), groups, []byte("x"))
	c.write(sent)
	c.write(frame.AppendMessage(nil, frame.FIFO, "#c#alpha", frame.NewHint(1), []string{"#c#alpha"}, nil))
	if _, b := c.event(); !bytes.Equal(b, sent) {
		t.Errorf("got %q", b)
	}
	if e, _ := c.event(); e.Hint.MessageType() != 1 {
		t.Errorf("message to many groups came twice: %+v", e)
	}
}

// TestSessionLimits tries each bound at the limit and one above (SEC-14).
func TestSessionLimits(t *testing.T) {
	t.Run("max_sessions", func(t *testing.T) {
		d := newCluster(t, "max_sessions = 2", "alpha").start("alpha")
		a := d.login("a")
		d.login("b")
		c := d.dial()
		c.want("FD")
		c.wantEnd()
		_ = a.conn.Close()
		d.eventually(func() bool { return d.tryLogin("c") != nil }) // once a's disconnect is ordered
	})
	t.Run("max_sessions_per_uid", func(t *testing.T) {
		d := newCluster(t, "max_sessions_per_uid = 1", "alpha").start("alpha")
		d.login("a")
		c := d.dial()
		c.want("FD")
		c.wantEnd()
	})
	t.Run("max_groups", func(t *testing.T) {
		d := newCluster(t, "max_groups = 1", "alpha").start("alpha")
		c := d.login("c")
		c.join("#c#alpha", "one")
		c.members(1)
		c.join("#c#alpha", "one") // again is no second group
		c.join("#c#alpha", "two")
		c.want("80 00 40 80", "'#c#alpha'", "02 00 00 00", "80 00 00 80", "00 00 00 00", "80 01 00 80", "'two'", "'#c#alpha'")
		c.write(frame.AppendMessage(nil, frame.Leave, "#c#alpha", frame.NewHint(0), []string{"one"}, nil))
		if e, _ := c.event(); e.Type.Kind() != frame.KindSelfLeave {
			t.Errorf("got %+v", e)
		}
		c.join("#c#alpha", "two")
		c.members(1)
	})
	t.Run("max_groups_per_message", func(t *testing.T) {
		d := newCluster(t, "max_groups_per_message = 2", "alpha").start("alpha")
		c := d.login("c")
		c.write(frame.AppendMessage(nil, frame.Agreed, "#c#alpha", frame.NewHint(0), []string{"#c#alpha", "x"}, nil))
		if e, _ := c.event(); e.Groups.Len() != 2 {
			t.Errorf("got %+v", e)
		}
		c.write(frame.AppendMessage(nil, frame.Agreed, "#c#alpha", frame.NewHint(0), []string{"#c#alpha", "x", "y"}, nil))
		c.wantEnd()
	})
	t.Run("max_rate", func(t *testing.T) {
		d := newCluster(t, "max_rate = 20", "alpha").start("alpha")
		c := d.login("c")
		begin := time.Now()
		for range 30 { // 20 at once, the other 10 in half a second
			c.write(frame.AppendMessage(nil, frame.Agreed, "#c#alpha", frame.NewHint(0), []string{"#c#alpha"}, nil))
		}
		for range 30 {
			c.event()
		}
		if took := time.Since(begin); took < 400*time.Millisecond {
			t.Errorf("30 messages at 20 a second took %v", took)
		}
	})
	t.Run("allow_uid", func(t *testing.T) {
		d := newCluster(t, "allow_uid = [4294967]", "alpha").start("alpha")
		c := d.dial()
		c.want("F7")
		c.wantEnd()
		d.logged("client refused")
	})
}

// eventually waits until f is true.
func (r *running) eventually(f func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatal("it does not come about")
		}
	}
}

// tryLogin is a session that joins nothing, or nil.
func (r *running) tryLogin(name string) *raw {
	c := r.dial()
	b := frame.AppendHello(nil, frame.Hello{Version: frame.DaemonVersion, Membership: true, Name: name})
	if _, err := c.conn.Write(frame.AppendChoice(b, "NULL")); err != nil {
		return nil
	}
	answer := make([]byte, 6+5+len("##")+len(name)+len(r.name))
	if _, err := io.ReadFull(c.conn, answer); err != nil || answer[6] != 1 {
		return nil
	}
	return c
}

// TestNameIsFreed: a client that dies is gone at once, and its name free
// (F18, F19).
func TestNameIsFreed(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	for range 20 {
		var c *raw
		d.eventually(func() bool { c = d.tryLogin("u"); return c != nil })
		c.join("#u#alpha", "g")
		c.members(1)
		_ = c.conn.Close()
	}
}

// TestTCP: the same sessions over TCP where configured.
func TestTCP(t *testing.T) {
	c := newCluster(t, "", "alpha")
	c.cfg.Daemons[0].Clients = append(c.cfg.Daemons[0].Clients, loopbackPort)
	d := c.start("alpha")
	conn, err := net.Dial("tcp", d.tcpAddress())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	x := &raw{t, conn}
	x.send("04 04 00 01 03", "\"tcp\"")
	x.want("05 4E 55 4C 4C 20")
	x.write(frame.AppendChoice(nil, "NULL"))
	x.want("01 05 00 01 0A", "\"#tcp#alpha\"")
	x.join("#tcp#alpha", "g")
	x.members(1)
	again := d.dial() // the name is taken, and its holder probed
	again.send("04 04 00 01 03", "\"tcp\"")
	again.want("FA")
	again.wantEnd()
}
