package daemon

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"mpspread/client/frame"
	"mpspread/internal/admin"
	"mpspread/internal/pulse"
)

// join asks for a group.
func (c *raw) join(private, group string) {
	c.t.Helper()
	c.write(frame.AppendMessage(nil, frame.Join, private, frame.NewHint(0), []string{group}, nil))
}

func (c *raw) write(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// members reads memberships until one has so many members, and returns it.
func (c *raw) members(n int) frame.Membership {
	c.t.Helper()
	for {
		e, _ := c.event()
		if e.Type.Kind() != frame.KindMembership {
			continue
		}
		m, err := frame.ParseMembership(e)
		if err != nil {
			c.t.Fatal(err)
		}
		if m.Members.Len() == n {
			return m
		}
	}
}

// TestThreeDaemons: one order for all, with network B cut on the way, which
// nobody notices; then a daemon leaves, which is noticed at once.
func TestThreeDaemons(t *testing.T) {
	names := []string{"h1", "h2", "h3"}
	c := newCluster(t, "", names...)
	var daemons []*running
	var clients []*raw
	for _, n := range names {
		d := c.start(n)
		daemons = append(daemons, d)
		clients = append(clients, d.login("u"))
		clients[len(clients)-1].join("#u#"+n, "g")
	}
	for _, x := range clients {
		x.members(3)
	}

	const each = 300
	heard := make([][]string, 3)
	var all sync.WaitGroup
	for i, x := range clients {
		all.Go(func() {
			for k := range each {
				service := frame.Unreliable << (k % 6)
				data := binary.BigEndian.AppendUint32(nil, uint32(k))
				data = append(data, make([]byte, k*37%5000)...)
				x.write(frame.AppendMessage(nil, service, "#u#"+names[i], frame.NewHint(int16(k)), []string{"g"}, data))
				if i == 0 && k == each/2 {
					c.board.Cut("B")
				}
			}
		})
		all.Go(func() {
			for len(heard[i]) < 3*each {
				e, _ := x.event()
				if e.Type.Kind() != frame.KindMessage {
					t.Errorf("client of %s got a frame of type %#x", names[i], e.Type)
					return
				}
				heard[i] = append(heard[i], fmt.Sprintf("%s %d %d", e.Name, binary.BigEndian.Uint32(e.Data), len(e.Data)))
			}
		})
	}
	all.Wait()
	for i := range heard {
		if !slices.Equal(heard[i], heard[0]) {
			t.Fatalf("%s and %s saw different orders", names[0], names[i])
		}
	}
	c.board.Heal("B")

	meter := pulse.Start()
	defer meter.Stop()
	left := time.Now()
	daemons[2].stop()
	if m := clients[0].members(2); m.Cause != frame.CausedByNetwork {
		t.Errorf("cause %#x", m.Cause)
	}
	clients[1].members(2)
	took := time.Since(left)
	if lost, _ := meter.Lost(left); took > 400*time.Millisecond+lost {
		t.Errorf("the leaving was noticed after %v (%v of it the machine kept us from running), as a crash would be", took, lost)
	}
	clients[2].wantEnd()
}

// TestLinkDown: an interface that goes is told to engine and operator, and the
// ring goes on.
func TestLinkDown(t *testing.T) {
	c := newCluster(t, "", "h1", "h2")
	d1, d2 := c.start("h1"), c.start("h2")
	u1, u2 := d1.login("u"), d2.login("u")
	u1.join("#u#h1", "g")
	u2.join("#u#h2", "g")
	u1.members(2)
	c.board.Down("A", netip.MustParseAddr("10.77.1.1"))
	d1.logged("network down")
	u2.write(frame.AppendMessage(nil, frame.Safe, "#u#h2", frame.NewHint(0), []string{"g"}, []byte("still here")))
	if e, _ := u1.event(); string(e.Data) != "still here" {
		t.Errorf("got %+v", e)
	}
	c.board.Up("A", netip.MustParseAddr("10.77.1.1"))
	d1.logged("network up")
}

// TestBackpressure: while the ring cannot take messages the client is not
// read, and nothing of what it sent is lost, doubled or out of order, through
// a partition and a merge (CLI-1, CLI-2).
func TestBackpressure(t *testing.T) {
	c := newCluster(t, "", "h1", "h2")
	d := c.start("h1")
	c.start("h2")
	sender := d.login("u")
	sender.join("#u#h1", "g")
	sender.members(1)
	d.eventually(func() bool {
		var s admin.Status
		d.get("/v1/status", &s)
		return len(s.Ring.Members) == 2
	})

	const messages = 3000
	go func() {
		data := make([]byte, 5000)
		for k := range messages {
			if _, err := sender.conn.Write(frame.AppendMessage(nil, frame.Agreed, "#u#h1", frame.NewHint(int16(k)), []string{"g"}, data)); err != nil {
				t.Error(err)
				return
			}
			if k == messages/3 {
				c.board.Cut("A")
				c.board.Cut("B")
			}
		}
	}()
	for got := 0; got < messages; {
		e, _ := sender.event()
		if e.Type.Kind() != frame.KindMessage {
			continue
		}
		if e.Hint.MessageType() != int16(got) {
			t.Fatalf("message %d instead of %d", e.Hint.MessageType(), got)
		}
		if got++; got == messages/2 {
			c.board.Heal("A")
			c.board.Heal("B")
		}
	}
	d.eventually(func() bool {
		var s admin.Status
		d.get("/v1/status", &s)
		if s.Counters["sessions_requests_held"] == 0 {
			t.Fatal("the ring has never been full: the test shows nothing")
		}
		return len(s.Ring.Members) == 2
	})
}
