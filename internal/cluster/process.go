package cluster

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A daemon process takes commands as lines on its standard input, such as
// "cut B", and answers each, and its being ready, with a line on its standard
// output. The end of its input, which comes also if this process dies, makes
// it leave the ring and end.
const lineReady = "ready"

// Times allowed to a daemon process before it is given up.
const (
	startTimeout = 10 * time.Second
	lineTimeout  = 3 * time.Second
	stopTimeout  = 3 * time.Second
)

// process is one running daemon. Its methods belong to one goroutine.
type process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string   // from its standard output; closed at its end
	ended chan struct{} // closed when it has been reaped
	err   error         // of Wait; read after ended
}

// startProcess runs a command line as the daemon of that name; what it says on
// its standard error goes into the file logFile.
func startProcess(args []string, logFile, name string) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cluster: log of %s: %w", name, err)
	}
	// The process has a copy of its own.
	defer func() { _ = log.Close() }()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = log
	cmd.SysProcAttr = attributes()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("cluster: daemon %s: %w", name, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("cluster: daemon %s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cluster: starting daemon %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, stdin: stdin, lines: make(chan string, 16), ended: make(chan struct{})}
	go p.read(stdout)
	return p, nil
}

// read passes the process's lines on and reaps it at their end.
func (p *process) read(stdout io.Reader) {
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		p.lines <- scanner.Text()
	}
	close(p.lines)
	p.err = p.cmd.Wait()
	close(p.ended)
}

// expect waits for a line.
func (p *process) expect(line string, limit time.Duration) error {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case got, ok := <-p.lines:
		switch {
		case !ok:
			<-p.ended
			return fmt.Errorf("cluster: daemon %s ended: %w", p.name, p.reason())
		case got != line:
			return fmt.Errorf("cluster: daemon %s said %q instead of %q", p.name, got, line)
		}
		return nil
	case <-timeout.C:
		return fmt.Errorf("cluster: daemon %s did not say %q within %v", p.name, line, limit)
	}
}

// command sends a line and waits until the process has done it.
func (p *process) command(line string) error {
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		return fmt.Errorf("cluster: %q to daemon %s: %w", line, p.name, err)
	}
	return p.expect(line, lineTimeout)
}

// reason is why it ended.
func (p *process) reason() error {
	if p.err == nil {
		return errors.New("by itself, without an error")
	}
	return p.err
}

// stop makes it end, by force if it does not within limit, and waits until it
// is gone. It tells whether the end was a good one.
func (p *process) stop(limit time.Duration) error {
	_ = p.stdin.Close()
	go func() {
		for range p.lines { // so that its last words do not hold it up
		}
	}()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("cluster: daemon %s did not end within %v", p.name, limit)
	}
	if p.err != nil {
		return fmt.Errorf("cluster: daemon %s ended: %w", p.name, p.err)
	}
	return nil
}
