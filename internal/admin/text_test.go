package admin

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTextGolden(t *testing.T) {
	local, remote := sample(), sample()
	local.Via = &Via{Socket: "/run/spread/h2.admin"}
	remote.Via = &Via{Command: "B", Reply: "B"}
	remote.Refused, remote.PartialReach = []string{"h4"}, []string{"h5"}
	remote.Security = Plaintext
	down := sample()
	down.Daemon, down.Networks[1].State, down.Networks[1].Reason = "h3", NetworkDown, "interface eth1 is gone"
	results := []Result{
		{Daemon: "h1", Err: errors.New("no daemon answers on h1 by network B")},
		{Daemon: "h2", Status: remote},
		{Daemon: "h3", Status: down},
	}
	crossed := PingOf(remote)
	crossed.Via, crossed.RTTUS = &Via{Command: "B", Reply: "A"}, 1234
	for name, write := range map[string]func(*strings.Builder) error{
		"status-local.txt":   func(b *strings.Builder) error { return WriteStatus(b, local, Style{}) },
		"status-remote.txt":  func(b *strings.Builder) error { return WriteStatus(b, remote, Style{}) },
		"status-colour.txt":  func(b *strings.Builder) error { return WriteStatus(b, local, Style{Colour: true}) },
		"status-all.txt":     func(b *strings.Builder) error { return WriteStatuses(b, results, Style{}) },
		"networks-local.txt": func(b *strings.Builder) error { return WriteNetworks(b, NetworksOf(local), Style{}) },
		"networks-down.txt":  func(b *strings.Builder) error { return WriteNetworks(b, NetworksOf(down), Style{}) },
		"ping.txt":           func(b *strings.Builder) error { return WritePing(b, crossed, Style{}) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".txt") && !strings.Contains(name, "colour") && strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: escapes without colour", name)
		}
		golden(t, name, b.String())
	}
}

func TestPeriod(t *testing.T) {
	for _, c := range []struct {
		have time.Duration
		want string
	}{
		{0, "0 s"},
		{59 * time.Second, "59 s"},
		{time.Minute, "1 min 0 s"},
		{59*time.Minute + 59*time.Second, "59 min 59 s"},
		{3*time.Hour + 12*time.Minute, "3 h 12 min"},
		{50 * time.Hour, "2 d 2 h"},
	} {
		if got := Period(c.have); got != c.want {
			t.Errorf("%v: %q, want %q", c.have, got, c.want)
		}
	}
}
