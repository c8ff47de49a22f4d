package daemon

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"mpspread/client/frame"
	"mpspread/internal/admin"
)

// sickCore is a log that does not write: it blocks, or it fails as on a full
// disk.
type sickCore struct {
	zapcore.Core
	blocks chan struct{} // lines wait until it is closed; nil: they fail
	tried  *atomic.Int64
}

func (c sickCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(e, c)
}

func (c sickCore) With([]zapcore.Field) zapcore.Core { return c }

func (c sickCore) Write(zapcore.Entry, []zapcore.Field) error {
	c.tried.Add(1)
	if c.blocks == nil {
		return syscall.ENOSPC
	}
	<-c.blocks
	return nil
}

// talk lets clients of two daemons exchange messages for a while, cutting a
// network and mending it, which is logged, now and then.
func talk(t *testing.T, c *cluster, d1, d2 *running, lasts time.Duration) {
	t.Helper()
	u1, u2 := d1.login("u"), d2.login("u")
	u1.join("#u#h1", "g")
	u2.join("#u#h2", "g")
	u1.members(2)
	address := netip.MustParseAddr("10.77.1.1")
	began := time.Now()
	for k := 0; time.Since(began) < lasts; k++ {
		if k%20 == 0 {
			c.board.Down("A", address)
		} else if k%20 == 10 {
			c.board.Up("A", address)
		}
		text := fmt.Sprintf("message %d", k)
		u2.write(frame.AppendMessage(nil, frame.Safe, "#u#h2", frame.NewHint(0), []string{"g"}, []byte(text)))
		if e, _ := u1.event(); string(e.Data) != text {
			t.Fatalf("instead of %q came %+v", text, e)
		}
	}
	c.board.Up("A", address)
}

// changesOf is how often the membership of a daemon's ring has changed.
func changesOf(d *running) uint64 {
	var s admin.Status
	d.get("/v1/status", &s)
	return s.MembershipChanges
}

// TestSickLog is SCN-29: the log blocks, or its disk is full, for longer than it
// takes to be missed by the others. A loop that waited for the log once would
// never come back: messages go on, the ring does not change, and the daemon stops
// all the same.
func TestSickLog(t *testing.T) {
	for _, test := range []struct {
		name   string
		blocks chan struct{}
	}{{"blocks", make(chan struct{})}, {"disk full", nil}} {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t, "", "h1", "h2")
			var tried atomic.Int64
			c.sink = func(core zapcore.Core) zapcore.Core { return sickCore{core, test.blocks, &tried} }
			d1 := c.start("h1")
			c.sink = nil
			d2 := c.start("h2")
			d2.eventually(func() bool {
				var s admin.Status
				d2.get("/v1/status", &s)
				return len(s.Ring.Members) == 2
			})
			before := changesOf(d2)
			talk(t, c, d1, d2, 3*c.cfg.FailureDetection)
			if now := changesOf(d2); now != before {
				t.Errorf("%d membership changes", now-before)
			}
			if tried.Load() == 0 {
				t.Error("nothing was to be logged: the test shows nothing")
			}
			d1.stop()
			if test.blocks != nil {
				if tried.Load() != 1 {
					t.Errorf("%d lines were begun, though the first one blocks", tried.Load())
				}
				close(test.blocks)
			}
		})
	}
}

// TestSendErrors is the part of SCN-30 that concerns sending: every send of one
// daemon on network A fails. Messages go on over B, the ring does not change,
// and the errors are counted.
func TestSendErrors(t *testing.T) {
	c := newCluster(t, "", "h1", "h2")
	d1, d2 := c.start("h1"), c.start("h2")
	d2.eventually(func() bool {
		var s admin.Status
		d2.get("/v1/status", &s)
		return len(s.Ring.Members) == 2
	})
	before := changesOf(d2)
	address := netip.MustParseAddr("10.77.1.1")
	if !c.board.FailSends("A", address, errors.New("no buffer space")) {
		t.Fatal("no such link")
	}
	u1, u2 := d1.login("u"), d2.login("u")
	u1.join("#u#h1", "g")
	u2.join("#u#h2", "g")
	u2.members(2)
	for began, k := time.Now(), 0; time.Since(began) < 2*c.cfg.FailureDetection; k++ {
		text := fmt.Sprintf("message %d", k)
		u1.write(frame.AppendMessage(nil, frame.Agreed, "#u#h1", frame.NewHint(0), []string{"g"}, []byte(text)))
		if e, _ := u2.event(); string(e.Data) != text {
			t.Fatalf("instead of %q came %+v", text, e)
		}
	}
	if now := changesOf(d2); now != before {
		t.Errorf("%d membership changes", now-before)
	}
	var s admin.Status
	d1.get("/v1/status", &s)
	if s.Networks[0].SendErrors == 0 || s.Networks[1].SendErrors != 0 {
		t.Errorf("errors counted: %d on A, %d on B", s.Networks[0].SendErrors, s.Networks[1].SendErrors)
	}
	c.board.FailSends("A", address, nil)
}
