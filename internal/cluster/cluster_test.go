package cluster

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mpspread/config"
)

func TestCluster(t *testing.T) {
	c, err := New(Options{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(c.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := config.LoadKeys(cfg.KeyFile); err != nil || len(keys) != 1 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if cfg.Security != config.Sealed || len(cfg.Networks) != 2 || len(cfg.Daemons) != 3 || int(cfg.Port) != c.port {
		t.Errorf("got %+v", cfg)
	}
	for d := range cfg.Daemons {
		for n := range cfg.Networks {
			if got, want := cfg.Daemons[d].Addresses[n][0].String(), (loopback{}).address(n, d); got != want {
				t.Errorf("daemon %d on network %d has %s", d, n, got)
			}
		}
		name := cfg.Daemons[d].Name
		if got := cfg.Expand(cfg.Client.Sockets[0], name); got != c.clients(name) {
			t.Errorf("client socket %s, want %s", got, c.clients(name))
		}
		if got := cfg.Expand(cfg.Monitor.Socket, name); got != c.admin(name) {
			t.Errorf("admin socket %s, want %s", got, c.admin(name))
		}
	}
	if err := c.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestPlaintextCluster(t *testing.T) {
	c, err := New(Options{Name: "test", Plaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(c.ConfigFile())
	if err != nil || cfg.Security != config.Plaintext {
		t.Errorf("got %+v, %v", cfg, err)
	}
	if err := c.Remove(); err != nil {
		t.Error(err)
	}
}

func TestFreePortIsFree(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses() {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(a), Port: port})
		if err != nil {
			t.Error(err)
			continue
		}
		_ = conn.Close()
	}
}

// An address for documentation (RFC 5737) is no host's, as 127.0.1.1 is not
// on macOS: the error says what to do.
func TestNoLoopback(t *testing.T) {
	_, err := tryPort([]string{"127.0.0.1", "192.0.2.1"})
	if !errors.Is(err, ErrNoLoopback) || !strings.Contains(err.Error(), "192.0.2.1 is not there") ||
		!strings.Contains(err.Error(), "for a in 127.0.0.1 192.0.2.1; do sudo ifconfig lo0 alias $a up; done") {
		t.Errorf("%v", err)
	}
}

func TestKeepLogs(t *testing.T) {
	c, err := New(Options{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.log("h2"), []byte("why\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept, err := c.KeepLogs()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(kept) }()
	if err := c.Remove(); err != nil {
		t.Error(err)
	}
	if log, err := os.ReadFile(filepath.Join(kept, "h2.log")); err != nil || string(log) != "why\n" {
		t.Errorf("%q, %v", log, err)
	}
}
