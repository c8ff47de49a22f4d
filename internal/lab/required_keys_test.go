//go:build linux

package lab

import (
	"os"
	"strings"
	"testing"
)

// keysOf gives a daemon a key file of its own, with a configuration that names
// it, from its next start on.
func (l *Lab) keysOf(t *testing.T, daemon string, lines ...string) {
	t.Helper()
	d := l.Daemon(daemon)
	keys := l.path(daemon + ".key")
	try(t, os.WriteFile(keys, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	d.config = l.path(daemon + ".toml")
	text := strings.ReplaceAll(l.configuration(), l.path("cluster.key"), keys)
	try(t, os.WriteFile(d.config, []byte(text), 0o600))
}

// secret is the line of a new key less what stands before its secret.
func (l *Lab) secret(t *testing.T) string {
	t.Helper()
	r := run("", l.programs.spreadd, "keygen")
	for line := range strings.Lines(r.Stdout) {
		if f := strings.Fields(line); len(f) == 3 && f[1] == "active" {
			return f[2]
		}
	}
	t.Fatalf("lab: no key: %v", r)
	return ""
}

// keyRotation installs a second key, activates it and removes the first, each
// step at one daemon after the other, h3 a step behind for a while: nothing is
// lost (SEC-7). Steps are restarts.
func keyRotation(t *testing.T, s *stage) {
	first, second := s.secret(t), s.secret(t)
	file, err := os.ReadFile(s.path("cluster.key"))
	try(t, err)
	for line := range strings.Lines(string(file)) {
		if f := strings.Fields(line); len(f) == 3 && f[1] == "active" {
			first = f[2]
		}
	}
	installed := []string{"1 active " + first, "2 standby " + second}
	activated := []string{"1 standby " + first, "2 active " + second}
	removed := []string{"2 active " + second}
	steps := []struct {
		what    string
		keys    []string
		daemons []string
		sealed  map[string]byte // with which key each daemon then seals
	}{
		{"install", installed, []string{"h1", "h2", "h3"}, map[string]byte{"h1": 1, "h2": 1, "h3": 1}},
		{"activate, h3 behind", activated, []string{"h1", "h2"}, map[string]byte{"h1": 2, "h2": 2, "h3": 1}},
		{"activate at h3", activated, []string{"h3"}, map[string]byte{"h3": 2}},
		{"remove, h3 behind", removed, []string{"h1", "h2"}, map[string]byte{"h1": 2, "h2": 2, "h3": 2}},
		{"remove at h3", removed, []string{"h3"}, map[string]byte{"h3": 2}},
	}
	for _, step := range steps {
		s.history.fault("keys: %s", step.what)
		for _, d := range step.daemons {
			s.keysOf(t, d, step.keys...)
			s.Daemon(d).Stop(t)
			s.Start(t, d)
			s.AwaitRing(t, formWithin)
		}
		s.load.Flow(t, 50)
		s.AwaitWell(t, formWithin)
		for d, key := range step.sealed {
			s.wantKey(t, step.what, d, key)
		}
	}
}

// wantKey wants all that a daemon sends to be sealed with a key: the third byte
// of a datagram is its id.
func (s *stage) wantKey(t *testing.T, what, daemon string, key byte) {
	t.Helper()
	r := s.Record(t, "A", daemon)
	awaitCaught(t, r, 20)
	for _, p := range r.Stop().Payloads() {
		if len(p) < 3 || p[2] != key {
			t.Errorf("%s: %s sends %x, want key %d", what, daemon, p[:min(len(p), 8)], key)
			return
		}
	}
}
