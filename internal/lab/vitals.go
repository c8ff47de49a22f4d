//go:build linux

package lab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// vitals are what can be seen of a daemon from outside.
type vitals struct {
	pid         int
	descriptors int
	memory      int // resident, in bytes
}

const (
	// leak is by how much a daemon's resident memory may be above the level
	// before: the collector lets the heap grow to several times what is alive,
	// and gives memory back in its own time.
	leak = 64 << 20
	// steadyWithin bounds how long descriptors may take to be given back:
	// sessions linger until the disconnect has been delivered.
	steadyWithin = 10 * time.Second
)

// look reads a daemon's vitals.
func (d *Daemon) look() (vitals, error) {
	v := vitals{pid: d.PID()}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", v.pid))
	if err != nil {
		return v, err
	}
	v.descriptors = len(open)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", v.pid))
	if err != nil {
		return v, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return v, fmt.Errorf("statm of %d: %q", v.pid, text)
	}
	pages, err := strconv.Atoi(fields[1])
	v.memory = pages * os.Getpagesize()
	return v, err
}

// vitals reads those of all daemons, by name.
func (l *Lab) vitals(t testing.TB) map[string]vitals {
	t.Helper()
	all := map[string]vitals{}
	for _, d := range l.Daemons {
		v, err := d.look()
		try(t, err)
		all[d.Name] = v
	}
	return all
}

// wantSteady fails the test unless every daemon is the process it was (but for
// those whose restart was the lab's doing) and is back at its level of
// descriptors and memory before.
func (l *Lab) wantSteady(t testing.TB, before map[string]vitals) {
	t.Helper()
	Eventually(t, steadyWithin, "the daemons are as before", func() error {
		var all []error
		for _, d := range l.Daemons {
			was := before[d.Name]
			is, err := d.look()
			switch {
			case err != nil:
				return err
			case is.pid != was.pid && d.life.Load() == 1:
				all = append(all, fmt.Errorf("%s is process %d, was %d", d.Name, is.pid, was.pid))
			case is.descriptors > was.descriptors:
				all = append(all, fmt.Errorf("%s has %d descriptors, had %d", d.Name, is.descriptors, was.descriptors))
			case is.memory > was.memory+leak:
				all = append(all, fmt.Errorf("%s has %d MiB resident, had %d", d.Name, is.memory>>20, was.memory>>20))
			}
		}
		return errors.Join(all...)
	})
}

// logLine is what the lab reads of a line of a daemon's log.
type logLine struct {
	Level string `json:"level"`
	Msg   string `json:"msg"`
	text  string
}

// noLine is the message of a line that is none of the logger's, such as of a
// panic, or two of which a full disk has let pass only parts.
const noLine = "no line of the logger's"

// logOf reads a daemon's log.
func (d *Daemon) logOf() ([]logLine, error) {
	if d.log == "" {
		return nil, nil // into a pipe
	}
	file, err := os.Open(d.log)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines []logLine
	s := bufio.NewScanner(file)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		line := logLine{text: s.Text()}
		if json.Unmarshal(s.Bytes(), &line) != nil {
			line = logLine{Msg: noLine, text: s.Text()}
		}
		lines = append(lines, line)
	}
	return lines, s.Err()
}

// wantQuietLogs fails the test if a daemon has logged an error, or something
// that is no log line. Messages named are expected.
func (l *Lab) wantQuietLogs(t testing.TB, expected ...string) {
	t.Helper()
	for _, d := range l.Daemons {
		lines, err := d.logOf()
		try(t, err)
		for _, line := range lines {
			if !slices.Contains([]string{"debug", "info", "warn"}, line.Level) && !slices.Contains(expected, line.Msg) {
				t.Errorf("%s has logged: %s", d.Name, line.text)
				break
			}
		}
	}
}
