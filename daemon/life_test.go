package daemon

import (
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"mpspread/client/frame"
	"mpspread/config"
	"mpspread/internal/admin"
	"mpspread/internal/engine"
	"mpspread/multipath"
)

// shortLived makes the first life of a daemon one that can send only so many
// packets, and then reports what a machine put back reports.
func (c *cluster) shortLived(name string, packets uint64) (lives *atomic.Int32) {
	lives = new(atomic.Int32)
	c.engine = func(cfg engine.Config) (*engine.Engine, error) {
		if cfg.Multipath.Self == multipath.DaemonID(config.ID(name)) && lives.Add(1) == 1 {
			cfg.Multipath.StartCounter = math.MaxUint64 - packets
		}
		return engine.New(cfg)
	}
	return lives
}

// TestNewLife is SCN-28: a daemon whose life cannot go on begins another. The
// others see it go and come, its sessions are closed, and clients connect to
// the same sockets again; who was just connecting notices nothing.
func TestNewLife(t *testing.T) {
	c := newCluster(t, "", "h1", "h2")
	lives := c.shortLived("h1", 1000)
	d, other := c.start("h1"), c.start("h2")
	watcher, u := other.login("watcher"), d.login("u")
	watcher.join("#watcher#h2", "g")
	watcher.members(1)
	u.join("#u#h1", "g")
	watcher.members(2)
	var before, after admin.Status
	d.get("/v1/status", &before)
	half := d.dial()
	half.send("05 00 01 01 04", "\"half\"")
	half.want("05", "\"NULL \"")

	go func() { // uses the life up
		message := frame.AppendMessage(nil, frame.Safe, "#u#h1", frame.NewHint(0), []string{"#u#h1"}, make([]byte, 60_000))
		for {
			if _, err := u.conn.Write(message); err != nil {
				return
			}
		}
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, u.conn)
	}()
	if m := watcher.members(1); m.Cause != frame.CausedByNetwork {
		t.Errorf("cause %#x", m.Cause)
	}
	line := d.logged("this machine was put back to an older state, or has no packet counters left: beginning a new life and closing all sessions")
	if f := line.ContextMap(); f["was"] != before.Incarnation || f["sessions"] != int64(1) {
		t.Errorf("logged %v", f)
	}
	<-ended

	half.write(frame.AppendChoice(nil, "NULL"))
	half.want("01 05 00 01 08", "\"#half#h1\"")
	again := d.login("u")
	again.join("#u#h1", "g")
	watcher.members(2)
	again.write(frame.AppendMessage(nil, frame.Safe, "#u#h1", frame.NewHint(7), []string{"g"}, nil))
	for {
		if e, _ := watcher.event(); e.Type.Kind() == frame.KindMessage && e.Hint.MessageType() == 7 {
			break
		}
	}
	d.get("/v1/status", &after)
	if after.Incarnation == before.Incarnation || after.Incarnation != line.ContextMap()["incarnation"] ||
		after.Sessions != 2 || after.Counters["sessions_life_over"] != 1 || lives.Load() != 2 {
		t.Errorf("%d lives, %+v", lives.Load(), after)
	}
}

// TestNoNewLife: a daemon that cannot begin another life ends, and says why.
func TestNoNewLife(t *testing.T) {
	c := newCluster(t, "", "h1", "h2")
	c.shortLived("h1", 5)
	d := c.start("h1")
	d.login("u")
	if err := os.Remove(c.cfg.KeyFile); err != nil {
		t.Fatal(err)
	}
	err := <-d.done
	close(d.done)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "new life") {
		t.Errorf("ended with %v", err)
	}
}
