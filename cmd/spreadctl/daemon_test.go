package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mpspread/config"
	"mpspread/daemon"
	"mpspread/internal/admin"
)

// realDaemon runs a daemon on two loopback networks until the test ends, and
// returns its configuration file and its client address.
func realDaemon(t *testing.T) (file, address string) {
	t.Helper()
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 1, 1)})
	if err != nil {
		t.Skipf("this machine lacks loopback addresses: %v", err)
	}
	port := free.LocalAddr().(*net.UDPAddr).Port
	_ = free.Close()
	dir := t.TempDir()
	socket, key := filepath.Join(dir, "clients"), filepath.Join(dir, "key")
	if err := os.WriteFile(key, config.GenerateKeyFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	file = clusterFile(t, `cluster = "test"`, fmt.Sprintf("port = %d", port), fmt.Sprintf("key_file = %q", key),
		`[[network]]`, `name = "A"`, `transport = "unicast"`,
		`[[network]]`, `name = "B"`, `transport = "unicast"`,
		`[[daemon]]`, `name = "h1"`, `address = { A = "127.0.1.1", B = "127.0.2.1" }`,
		`[client]`, fmt.Sprintf("sockets = [%q]", socket),
		`[monitor]`, fmt.Sprintf("socket = %q", filepath.Join(dir, "{name}.admin")))
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- daemon.Run(ctx, daemon.Options{Config: cfg, Ready: func() { close(ready) }}) }()
	select {
	case <-ready:
	case err := <-done:
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return file, "unix:" + socket
}

// receiver is a running "spreadctl recv".
type receiver struct {
	joined chan struct{}
	out    bytes.Buffer
	code   chan int
}

// receive starts "spreadctl recv" and waits until it has joined.
func receive(t *testing.T, args ...string) *receiver {
	t.Helper()
	r := &receiver{joined: make(chan struct{}, 100), code: make(chan int, 1)}
	said, says := io.Pipe()
	go func() {
		for line := make([]byte, 1000); ; {
			n, err := said.Read(line)
			if err != nil {
				return
			}
			if strings.Contains(string(line[:n]), "joined") {
				r.joined <- struct{}{}
			}
		}
	}()
	go func() {
		code := run(t.Context(), append([]string{"recv"}, args...),
			streams{in: strings.NewReader(""), out: &r.out, err: says, getenv: os.Getenv})
		_ = says.Close()
		r.code <- code
	}()
	select {
	case <-r.joined:
	case code := <-r.code:
		t.Fatalf("recv ended with %d", code)
	}
	return r
}

func TestSendAndReceive(t *testing.T) {
	_, address := realDaemon(t)
	text := receive(t, "--connect", address, "chat", "--count", "5")
	lines := receive(t, "--connect", address, "-g", "chat", "--count", "5", "--json", "--membership")
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, bytes.Repeat([]byte("x"), 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in   string
		args []string
	}{
		{"", []string{"chat", "hello"}},
		{"two\nthree", []string{"--from-stdin", "--service", "SAFE", "--group", "chat"}},
		{"", []string{"--group", "chat", "--group", "other", "--type", "-7", "\x1b[2J"}},
		{"", []string{"chat", "--file", big}},
	} {
		if got := spreadctl(t, c.in, append([]string{"send", "--connect", address}, c.args...)...); got.code != 0 || got.out != "" {
			t.Fatalf("%q: %+v", c.args, got)
		}
	}
	if code := <-text.code; code != 0 {
		t.Errorf("recv ended with %d", code)
	}
	got := strings.Split(strings.TrimSuffix(text.out.String(), "\n"), "\n")
	for i, want := range []string{": hello", ": two", ": three", `: "\x1b[2J"`, ": " + strings.Repeat("x", 100_000)} {
		if i >= len(got) || !strings.HasPrefix(got[i], "chat") || !strings.HasSuffix(got[i], want) {
			t.Fatalf("line %d of %.300q: want …%.20s", i, got, want)
		}
	}
	if code := <-lines.code; code != 0 {
		t.Errorf("recv --json ended with %d", code)
	}
	checkLines(t, lines.out.String())
}

// checkLines checks the JSON that the receiver of TestSendAndReceive printed.
func checkLines(t *testing.T, out string) {
	t.Helper()
	var messages []messageLine
	var memberships int
	for line := range strings.Lines(out) {
		var m messageLine
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Version != 1 {
			t.Fatalf("%q: %v", line, err)
		}
		switch m.Event {
		case "message":
			messages = append(messages, m)
		case "membership":
			memberships++
		default:
			t.Errorf("event %q", m.Event)
		}
	}
	// The other receiver may end, and leave the group, before the last message.
	if len(messages) != 5 || memberships < 1 {
		t.Fatalf("%d messages, %d memberships: %s", len(messages), memberships, out)
	}
	if m := messages[1]; string(m.Data) != "two" || *m.Text != "two" || m.Service != "safe" {
		t.Errorf("second: %+v", m)
	}
	if m := messages[3]; m.Type != -7 || len(m.Groups) != 2 || m.Groups[1] != "other" || m.Service != "agreed" {
		t.Errorf("fourth: %+v", m)
	}
}

func TestReceiveTooFew(t *testing.T) {
	_, address := realDaemon(t)
	got := spreadctl(t, "", "recv", "--connect", address, "chat", "--count", "1", "--timeout", "100ms")
	if got.code != 1 || !strings.Contains(got.err, "0 of 1 messages came in time") {
		t.Errorf("%+v", got)
	}
	if got := spreadctl(t, "", "recv", "--connect", address, "chat", "--timeout", "100ms"); got.code != 0 {
		t.Errorf("without a count: %+v", got)
	}
	if got := spreadctl(t, "", "recv", "--connect", address, "no blanks"); got.code != 1 || !strings.Contains(got.err, "illegal group name") {
		t.Errorf("illegal name: %+v", got)
	}
}

func TestSendByConfiguration(t *testing.T) {
	file, _ := realDaemon(t)
	got := spreadctl(t, "a\nb\n", "send", "--config", file, "chat", "--from-stdin", "--json")
	if got.code != 0 || !strings.Contains(got.out, `"sent": 2`) {
		t.Errorf("%+v", got)
	}
}

// The commands of design 8 against a real daemon: over its socket, found by
// the configuration, and sealed over each network.
func TestMonitorOfARealDaemon(t *testing.T) {
	file, _ := realDaemon(t)
	for _, c := range []struct {
		args []string
		via  admin.Via // but for the socket
	}{
		{nil, admin.Via{}},
		{[]string{"--network", "A"}, admin.Via{Command: "A", Reply: "A"}},
		{[]string{"--network", "B", "--daemon", "h1"}, admin.Via{Command: "B", Reply: "B"}},
	} {
		got := spreadctl(t, "", append(c.args, "status", "--json", "--config", file)...)
		var s admin.Status
		if err := json.Unmarshal([]byte(got.out), &s); err != nil || got.code != 0 {
			t.Fatalf("%q: %+v: %v", c.args, got, err)
		}
		if s.Daemon != "h1" || s.State != admin.StateOperational || len(s.Networks) != 2 || s.Security != admin.Sealed ||
			len(s.Counters) == 0 || len(s.Incarnation) != 32 {
			t.Errorf("%q: %+v", c.args, s)
		}
		via := *s.Via
		if local := via.Socket != ""; local != (c.args == nil) {
			t.Errorf("%q: by %+v", c.args, via)
		}
		via.Socket = ""
		if via != c.via {
			t.Errorf("%q: by %+v", c.args, via)
		}
	}
	for _, command := range []string{"status", "networks", "ping"} {
		if got := spreadctl(t, "", command, "--all", "--config", file); got.code != 0 || !strings.Contains(got.out, "h1") {
			t.Errorf("%s: %+v", command, got)
		}
	}
}
