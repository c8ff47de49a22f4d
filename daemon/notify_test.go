package daemon

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestServiceManager: it is told when clients can connect, that the loop is
// alive, and that the daemon stops.
func TestServiceManager(t *testing.T) {
	path := filepath.Join(shortDir(t), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "30000")
	_ = os.Unsetenv("WATCHDOG_PID")
	d := newCluster(t, "", "alpha").start("alpha")
	read := func() string {
		b := make([]byte, 100)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	if got := read(); got != "READY=1" {
		t.Errorf("first word %q", got)
	}
	if got := read(); got != "WATCHDOG=1" {
		t.Errorf("second word %q", got)
	}
	d.stop()
	for got := read(); got != "STOPPING=1"; got = read() {
		if got != "WATCHDOG=1" {
			t.Errorf("last word %q", got)
		}
	}
}
