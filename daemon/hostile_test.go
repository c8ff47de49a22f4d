package daemon

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"mpspread/client/frame"
	"mpspread/internal/admin"
)

// hello is steps A and C in one piece.
func hello(name string) []byte {
	b := frame.AppendHello(nil, frame.Hello{Version: frame.DaemonVersion, Membership: true, Name: name})
	return frame.AppendChoice(b, frame.MethodNull)
}

// said is what a session named x of alpha sends.
func said(t frame.Type, data int, groups ...string) []byte {
	return frame.AppendMessage(nil, t, "#x#alpha", frame.NewHint(0), groups, make([]byte, data))
}

// withWord puts a word into a frame.
func withWord(b []byte, at int, v uint32) []byte {
	b = slices.Clone(b)
	binary.LittleEndian.PutUint32(b[at:], v)
	return b
}

// unterminated is a frame whose names have no zero at their end.
func unterminated(t frame.Type) []byte {
	b := said(t, 5, "g", "h")
	for i := frame.HeaderSize; i < frame.HeaderSize+2*frame.NameSize; i++ {
		b[i] = 'x'
	}
	return b
}

func manyGroups(n int, name func(i int) string) (groups []string) {
	for i := range n {
		groups = append(groups, name(i))
	}
	return groups
}

// TestHostileClients is correctness.md 9, client rows: whatever a client
// sends, and however it goes, the others are served as before, and nothing of
// it is left. What a session says is sent behind the handshake in one write.
func TestHostileClients(t *testing.T) {
	// Who waits for a handshake to time out waits beyond all patience.
	d := newCluster(t, `handshake_timeout = "1m"`, "alpha").start("alpha")
	watcher := d.login("watcher")
	watcher.join("#watcher#alpha", "w")
	watcher.members(1)
	served := func() {
		t.Helper()
		watcher.write(frame.AppendMessage(nil, frame.Safe, "#watcher#alpha", frame.NewHint(1), []string{"w"}, nil))
		if e, _ := watcher.event(); e.Type.Kind() != frame.KindMessage || e.Name == nil || e.Hint.MessageType() != 1 {
			t.Errorf("the watcher got a frame of type %#x", e.Type)
		}
	}
	served()
	goroutines, heap := usage()

	random := rand.New(rand.NewPCG(1, 9))
	everything := slices.Concat(said(frame.Join, 0, "g"), said(frame.Agreed, 100, "g"), said(frame.Safe, 9000, "g", "#x#alpha", "none"),
		said(frame.Leave, 0, "g"), said(frame.Kill, 0))
	for _, tt := range []struct {
		name string
		send []byte
		// ends tells that the daemon is to close without the client's help.
		ends bool
	}{
		{"random bytes", garbage(random, 5000), true},
		{"nothing", nil, false},
		{"half a header", said(frame.Agreed, 0, "g")[:20], false},
		{"half the groups", said(frame.Agreed, 0, "g", "h")[:frame.HeaderSize+40], false},
		{"half of a large frame", said(frame.Agreed, 140_000, "g")[:70_000], false},
		{"all of it", everything, true},
		{"all of it, and more behind the end", slices.Concat(everything, everything, garbage(random, 100)), true},
		{"44 groups", said(frame.Agreed, 10, manyGroups(44, func(i int) string { return fmt.Sprint("g", i) })...), false},
		{"45 groups", said(frame.Agreed, 10, manyGroups(45, func(i int) string { return fmt.Sprint("g", i) })...), false},
		{"100 groups", said(frame.Safe, 10, manyGroups(100, func(i int) string { return fmt.Sprint("g", i) })...), false},
		{"100 times one group", said(frame.Agreed, 10, manyGroups(100, func(int) string { return "same" })...), false},
		{"100 empty names", said(frame.Agreed, 10, make([]string, 100)...), false},
		{"101 groups", said(frame.Agreed, 10, make([]string, 101)...), true},
		{"no groups", said(frame.Agreed, 10), false},
		{"join of 100 groups", said(frame.Join, 0, manyGroups(100, func(i int) string { return fmt.Sprint("g", i) })...), false},
		{"join of an empty name", said(frame.Join, 0, ""), false},
		{"join of a private group", said(frame.Join, 0, "#watcher#alpha"), false},
		{"join of nothing", said(frame.Join, 0), true},
		{"leave of an empty name", said(frame.Leave, 0, ""), false},
		{"leave of an unknown group", said(frame.Leave, 0, "unknown"), false},
		{"names without a zero", unterminated(frame.Agreed), false},
		{"join without a zero", unterminated(frame.Join), false},
		{"2³¹-1 groups", withWord(said(frame.Agreed, 0, "g"), 36, 1<<31-1), true},
		{"-1 groups", withWord(said(frame.Agreed, 0, "g"), 36, 1<<32-1), true},
		{"2²⁷ groups, 2³² bytes of names", withWord(said(frame.Agreed, 0, "g"), 36, 1<<27), true},
		{"2³¹-1 bytes", withWord(said(frame.Agreed, 0, "g"), 44, 1<<31-1), true},
		{"-1 bytes", withWord(said(frame.Agreed, 0, "g"), 44, 1<<32-1), true},
		{"a byte too long", withWord(said(frame.Agreed, 0, "g"), 44, frame.MaxBody-frame.NameSize+1), true},
		{"all zero", make([]byte, 1000), true},
		{"all ones", slices.Repeat([]byte{0xff}, 1000), true},
		{"every bit of the type", withWord(said(frame.Agreed, 0, "g"), 0, 0x7fffff7f), true},
		{"reserved bits", withWord(said(frame.Agreed, 0, "g"), 0, uint32(frame.Agreed)|0xff<<8|1<<20), false},
		{"a membership", withWord(said(frame.Agreed, 0, "g"), 0, 0x1100), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := d.enter(append(hello("x"), tt.send...))
			c.want("4E 55 4C 4C 20", "01 05 00 01 08", "\"#x#alpha\"")
			if tt.ends {
				if _, err := io.Copy(io.Discard, c.conn); err != nil && !isReset(err) {
					t.Errorf("it is not closed: %v", err)
				}
			}
			served()
			_ = c.conn.Close()
			served()
		})
	}

	t.Run("a byte at a time", func(t *testing.T) {
		d.eventually(func() bool { return d.idle(1) })
		c := d.dial()
		for _, b := range append(hello("x"), everything...)[:700] {
			if _, err := c.conn.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		served()
		_ = c.conn.Close()
	})
	t.Run("a thousand that come and go", func(t *testing.T) {
		for i := range 1000 {
			c, err := net.Dial("unix", d.socket)
			if err != nil {
				t.Fatal(err)
			}
			switch i % 4 {
			case 1:
				_, _ = c.Write(hello("")[:random.IntN(95)])
			case 2:
				_, _ = c.Write(append(hello(""), garbage(random, 300)...))
			case 3: // reads nothing
				_, _ = c.Write(hello(""))
				_, _ = c.Write(said(frame.Join, 0, "g"))
			}
			_ = c.Close()
			if i%100 == 0 {
				served()
			}
		}
		served()
	})
	t.Run("many that stay and read nothing", func(t *testing.T) {
		var idle []net.Conn
		for i := range 300 {
			c, err := net.Dial("unix", d.socket)
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprint("i", i)
			private := "#" + name + "#alpha"
			b := append(hello(name), frame.AppendMessage(nil, frame.Join, private, frame.NewHint(0), []string{"crowd"}, nil)...)
			b = append(b, frame.AppendMessage(nil, frame.Agreed, private, frame.NewHint(0), []string{"crowd"}, make([]byte, 5000))...)
			_, _ = c.Write(b)
			idle = append(idle, c)
		}
		d.eventually(func() bool { return d.idle(301) })
		served()
		for _, c := range idle {
			_ = c.Close()
		}
	})

	d.eventually(func() bool { return d.idle(1) })
	served()
	d.eventually(func() bool { n, _ := usage(); return n <= goroutines+2 })
	if _, now := usage(); now > heap+16<<20 {
		t.Errorf("heap: %d KiB before, %d KiB after", heap>>10, now>>10)
	}
}

// TestHandshakeInPieces: a byte now and then does not put off the end of a
// handshake, which comes long before the last piece.
func TestHandshakeInPieces(t *testing.T) {
	d := newCluster(t, `handshake_timeout = "300ms"`, "alpha").start("alpha")
	c := d.dial()
	ended := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, c.conn); ended <- err }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	hello := frame.AppendChoice(frame.AppendHello(nil, frame.Hello{Version: frame.DaemonVersion, Membership: true, Name: "slowly"}), "NULL")
	for _, b := range hello {
		_, _ = c.conn.Write([]byte{b})
		select {
		case <-tick.C:
		case <-ended:
			return
		}
	}
	t.Errorf("a handshake in %d pieces, 50 ms apart, was heard to its end", len(hello))
}

// enter sends a handshake and what follows it, anew while the name is still
// that of the session before, and reads the first byte of the answer.
func (r *running) enter(send []byte) (c *raw) {
	r.eventually(func() bool {
		c = r.dial()
		c.write(send)
		var first [1]byte
		if _, err := io.ReadFull(c.conn, first[:]); err != nil {
			c.t.Fatal(err)
		}
		return frame.Result(int8(first[0])) != frame.RejectNotUnique
	})
	return c
}

// idle tells whether the daemon has so many sessions.
func (r *running) idle(sessions int) bool {
	var s admin.Status
	r.get("/v1/status", &s)
	return s.Sessions == sessions
}

// usage is how many goroutines there are, and bytes of heap in use.
func usage() (goroutines int, heap uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one found in pools
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc
}

// isReset tells the end of a connection that was closed with unread bytes.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
