//go:build linux

package lab

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A client written from the description of the protocol alone, in another
// language, passes all its test vectors against spreadd, over a Unix socket
// and over TCP. Needs no root.
func TestForeignClient(t *testing.T) {
	Need(t, "python3")
	l := &Lab{programs: build(), dir: t.TempDir()}
	if l.programs.err != nil {
		t.Fatal(l.programs.err)
	}
	tcp := freeAddress(t)
	socket := l.path("s")
	file := fmt.Sprintf(`cluster = "foreign"
port = %d
security = "plaintext"

[[network]]
name = "A"
transport = "unicast"

[[daemon]]
name = "alpha"
address = { A = "127.0.0.1" }
clients = [%q]

[client]
sockets = [%q]

[monitor]
socket = %q
`, freePort(t), tcp, socket, l.path("alpha.admin"))
	if err := os.WriteFile(l.ConfigFile(), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &Daemon{lab: l, Name: "alpha"}
	l.Daemons = []*Daemon{d}
	l.Start(t, "alpha")
	t.Cleanup(func() {
		d.Stop(t)
		if t.Failed() {
			t.Logf("log of alpha:\n%s", tail(d.log, 40))
		}
	})
	Eventually(t, formWithin, "socket of alpha", func() error {
		if err := l.Died(); err != nil {
			t.Fatal(err)
		}
		return l.ringOf([]string{"alpha"})
	})
	for _, address := range []string{"unix:" + socket, "tcp:" + tcp} {
		kind, _, _ := strings.Cut(address, ":")
		t.Run(kind, func(t *testing.T) {
			r := run("", "python3", "-B", filepath.Join("testdata", "spread_client.py"), address)
			t.Logf("%s", r.Stdout)
			if r.Code != 0 || !strings.HasSuffix(strings.TrimSpace(r.Stdout), " 0 failed") {
				t.Errorf("%v", r)
			}
		})
	}
}

// freeAddress is a TCP address of this host that nobody uses now.
func freeAddress(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// freePort is a UDP port of this host that nobody uses now.
func freePort(t testing.TB) int {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}
