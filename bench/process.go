//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopLimit is what a daemon gets to end by itself.
const stopLimit = 5 * time.Second

// process is a daemon that runs.
type process struct {
	name  string
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
	err   error // of Wait; read after ended
}

// startProcess runs a daemon; what it says goes into a file of the directory.
func startProcess(dir, name string, args []string) (*process, error) {
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has a copy of its own
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	// A terminal's interrupt is for this process, which ends its daemons.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{name: name, cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	go func() { p.err = cmd.Wait(); close(p.ended) }()
	return p, nil
}

// failed tells why it has ended, if it has.
func (p *process) failed() error {
	select {
	case <-p.ended:
		log, _ := os.ReadFile(p.log)
		return fmt.Errorf("%s ended: %v\n%s", p.name, p.err, tail(log))
	default:
		return nil
	}
}

// tail is the end of a text.
func tail(b []byte) []byte {
	const most = 1500
	return b[max(0, len(b)-most):]
}

// processes are one contender's daemons.
type processes []*process

func (all processes) pids() []int {
	var pids []int
	for _, p := range all {
		pids = append(pids, p.cmd.Process.Pid)
	}
	return pids
}

// failed tells which has ended, if one has.
func (all processes) failed() error {
	var failures []error
	for _, p := range all {
		failures = append(failures, p.failed())
	}
	return errors.Join(failures...)
}

// stop ends them, by force if they do not, and tells which had ended before.
func (all processes) stop() error {
	err := all.failed()
	for _, p := range all {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // one that has ended is told of above
	}
	limit := time.After(stopLimit)
	for _, p := range all {
		select {
		case <-p.ended:
		case <-limit:
			_ = p.cmd.Process.Kill()
			<-p.ended
		}
	}
	return err
}

// output runs a program to its end and returns its standard output.
func output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopLimit
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.Bytes(), fmt.Errorf("%s: %w: %s", strings.Join(args[:min(2, len(args))], " "), err, tail(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}
