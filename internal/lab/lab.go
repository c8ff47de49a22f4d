//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mpspread/internal/labnet"
	"mpspread/internal/pulse"
)

// formWithin is how long a ring may take to form or to heal in the lab's own
// preparations; what a test promises it measures itself.
const formWithin = 20 * time.Second

// Lab is a set of daemons, each in its own namespace, on parallel networks.
type Lab struct {
	Options
	Daemons []*Daemon

	bed      *labnet.Testbed
	made     time.Time
	pulse    *pulse.Meter // how long the machine keeps this process, and so all, from running
	dir      string
	history  *history // of the Load that runs; nil: none
	programs programs
}

// New makes networks, files and a place for each daemon, and starts nothing.
// All of it is gone when the test ends. It skips the test where Need does.
func New(t testing.TB, o Options) *Lab {
	t.Helper()
	l := newNetworks(t, o)
	if l.programs = build(); l.programs.err != nil {
		t.Fatal(l.programs.err)
	}
	l.writeFiles(t)
	t.Cleanup(func() { l.finish(t) })
	return l
}

// newNetworks makes the hosts and their networks, and a directory, without
// anything in them.
func newNetworks(t testing.TB, o Options) *Lab {
	t.Helper()
	Need(t, Root, "ip", "nft")
	leftovers.Do(func() {
		if err := labnet.RemoveLeftovers(); err != nil {
			t.Logf("lab: leftovers: %v", err)
		}
	})
	l := &Lab{Options: o.withDefaults(), made: time.Now(), pulse: pulse.Start()}
	t.Cleanup(l.pulse.Stop)
	var hosts []string
	for i := range l.Options.Daemons {
		hosts = append(hosts, l.DaemonName(i))
	}
	bed, err := labnet.New(labnet.Options{Hosts: hosts, Networks: l.Options.Networks, IPv6: l.IPv6, Absent: l.Absent})
	try(t, err)
	t.Cleanup(func() {
		if err := bed.Close(); err != nil {
			t.Logf("lab: %v", err)
		}
	})
	l.bed = bed
	for _, name := range hosts {
		l.Daemons = append(l.Daemons, &Daemon{lab: l, Name: name, namespace: bed.Namespace(name)})
	}
	l.makeDirectory(t)
	return l
}

// leftovers of dead processes are removed once.
var leftovers sync.Once

// try fails the test if the lab's own preparations fail.
func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("lab: %v", err)
	}
}

// NewRing is New, all daemons started, and their ring formed.
func NewRing(t testing.TB, o Options) *Lab {
	t.Helper()
	l := New(t, o)
	l.StartAll(t)
	l.AwaitRing(t, formWithin)
	return l
}

// makeDirectory makes the directory of files, sockets and logs. Its path is
// short: a socket's path has at most 107 bytes.
func (l *Lab) makeDirectory(t testing.TB) {
	t.Helper()
	l.dir = filepath.Join(os.TempDir(), l.bed.Name())
	if err := os.Mkdir(l.dir, 0o700); err != nil {
		t.Fatalf("lab: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(l.dir) })
}

func (l *Lab) path(name string) string { return filepath.Join(l.dir, name) }

// index is the number of a daemon by its name.
func (l *Lab) index(daemon string) int {
	for i, d := range l.Daemons {
		if d.Name == daemon {
			return i
		}
	}
	panic("lab: no daemon " + daemon)
}

// Daemon returns a daemon by its name.
func (l *Lab) Daemon(name string) *Daemon { return l.Daemons[l.index(name)] }

// Names are the daemons' names in order.
func (l *Lab) Names() []string {
	var names []string
	for _, d := range l.Daemons {
		names = append(names, d.Name)
	}
	return names
}

// finish judges what holds for every lab (no daemon has died or panicked; A1:
// no IP fragment was made or needed), ends the daemons, and shows their logs
// if the test failed.
func (l *Lab) finish(t testing.TB) {
	if err := l.Died(); err != nil {
		t.Error(err)
	}
	if f := l.fragments(t); f != "" {
		t.Errorf("A1: IP fragments: %s", f)
	}
	for _, d := range l.Daemons {
		d.end()
		if p := panicked(d.log); p != "" {
			t.Errorf("%s: %s", d.Name, p)
		}
		if t.Failed() {
			t.Logf("log of %s:\n%s", d.Name, tail(d.log, 40))
		}
	}
}

// panicked returns the line in which a log tells of a panic; empty if none.
func panicked(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// tail is the end of a file, for reports.
func tail(file string, lines int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Sprint(err)
	}
	at := len(text)
	for n := 0; at > 0; at-- {
		if text[at-1] == '\n' {
			if n++; n > lines {
				break
			}
		}
	}
	return string(text[at:])
}
