//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mpspread/internal/trace"
)

// Daemon is one host of the lab: its namespace and the spreadd in it, if one
// runs.
type Daemon struct {
	Name      string
	namespace string   // empty: the host's own
	config    string   // path; by default the lab's
	log       string   // path; by default of a file in the lab's directory
	output    *os.File // if not nil, in place of the log
	lab       *Lab
	life      atomic.Int32 // how often it was started
	process   *exec.Cmd
	ended     chan struct{} // closed when process has ended
	err       error         // of process, once ended
	expected  bool          // its end is the lab's doing
}

// stopWithin is how long a clean shutdown may take before the lab ends it.
const stopWithin = 5 * time.Second

// StartAll starts every daemon that does not run.
func (l *Lab) StartAll(t testing.TB) {
	t.Helper()
	for _, d := range l.Daemons {
		if !d.Running() {
			l.Start(t, d.Name)
		}
	}
}

// Start starts a daemon and does not wait for it.
func (l *Lab) Start(t testing.TB, daemon string) {
	t.Helper()
	d := l.Daemon(daemon)
	out := d.output
	if out == nil {
		if d.log == "" {
			d.log = l.path(daemon + ".log")
		}
		var err error
		out, err = os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		try(t, err)
		defer out.Close()
	}
	config := d.config
	if config == "" {
		config = l.ConfigFile()
	}
	args := []string{l.programs.spreadd, "run", "-c", config, "-n", daemon}
	if d.namespace != "" {
		args = inside(d.namespace, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatalf("lab: starting %s: %v", daemon, err)
	}
	ended := make(chan struct{})
	d.process, d.ended, d.expected = cmd, ended, false
	d.life.Add(1)
	d.note(trace.Start)
	go func() {
		d.err = cmd.Wait()
		close(ended)
	}()
}

// Running tells that the process of the daemon lives.
func (d *Daemon) Running() bool {
	if d.process == nil {
		return false
	}
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

// PID is the process of the daemon. "ip netns exec" becomes it, so that it is
// the one started.
func (d *Daemon) PID() int { return d.process.Process.Pid }

// Signal sends a signal to the daemon's process.
func (d *Daemon) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := d.process.Process.Signal(s); err != nil {
		t.Fatalf("lab: %v to %s: %v", s, d.Name, err)
	}
}

// Pause stops the daemon's process where it stands; Resume lets it go on.
func (d *Daemon) Pause(t testing.TB) {
	t.Helper()
	d.Signal(t, syscall.SIGSTOP)
	d.note(trace.Pause)
}

// Resume ends a Pause.
func (d *Daemon) Resume(t testing.TB) {
	t.Helper()
	d.note(trace.Resume)
	d.Signal(t, syscall.SIGCONT)
}

// note writes into the history what the lab does to the daemon.
func (d *Daemon) note(kind trace.Kind) {
	d.lab.history.add(trace.Event{Kind: kind, Process: d.lab.process(d)})
}

// Kill ends the daemon as a crash does and returns when it is gone.
func (d *Daemon) Kill(t testing.TB) {
	t.Helper()
	d.expected = true
	d.Signal(t, syscall.SIGKILL)
	<-d.ended
	d.note(trace.Crash)
}

// Stop asks the daemon to leave politely and wants it to end with status 0.
func (d *Daemon) Stop(t testing.TB) {
	t.Helper()
	d.expected = true
	d.Signal(t, syscall.SIGTERM)
	select {
	case <-d.ended:
		d.note(trace.Stop)
		if d.err != nil {
			t.Errorf("%s: clean shutdown: %v", d.Name, d.err)
		}
	case <-time.After(stopWithin):
		t.Errorf("%s: still there %v after SIGTERM", d.Name, stopWithin)
		d.Kill(t)
	}
}

// Died returns why daemons that were not stopped do not run.
func (l *Lab) Died() error {
	var all []error
	for _, d := range l.Daemons {
		if d.process != nil && !d.expected && !d.Running() {
			all = append(all, fmt.Errorf("%s ended: %v\n%s", d.Name, d.err, tail(d.log, 20)))
		}
	}
	return errors.Join(all...)
}

// end ends the daemon's process, whatever state it is in.
func (d *Daemon) end() {
	if !d.Running() {
		return
	}
	d.process.Process.Signal(syscall.SIGCONT) // it may have been stopped
	d.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
	case <-time.After(stopWithin):
		d.process.Process.Kill()
		<-d.ended
	}
}
