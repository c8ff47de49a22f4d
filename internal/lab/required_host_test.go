//go:build linux

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mpspread/client"
	"mpspread/internal/labnet"
)

// hostScenarios take from a daemon what the system gives it: a log, room on a
// disk, descriptors, a network that takes what is sent.
func hostScenarios() []scenario {
	return []scenario{
		{name: "SCN-29 log blocks", prepare: logIntoPipe, play: logBlocks},
		{name: "SCN-29 disk full", prepare: logOntoSmallDisk, play: diskFull, expected: []string{noLine}},
		{name: "SCN-30 descriptors exhausted", smoke: true, play: noDescriptors},
		{name: "SCN-30 sending fails on one network", play: sendFails},
	}
}

// logging is what makes a daemon say something, and must change nothing else.
func (s *stage) logging(t *testing.T) {
	t.Helper()
	for _, network := range []string{"A", "B"} {
		s.During(t, s.Silent(network), func() {
			s.awaitTold(t, s.bed.Paths(labnet.On(network)))
			s.load.Flow(t, 50)
		})
		s.AwaitWell(t, formWithin)
	}
}

// pipeSize is the least the kernel makes a pipe: one page.
const pipeSize = 4096

// logIntoPipe lets h2 log into a pipe that nobody reads.
func logIntoPipe(t *testing.T, l *Lab) {
	name := l.path("h2.pipe")
	try(t, unix.Mkfifo(name, 0o600))
	pipe, err := os.OpenFile(name, os.O_RDWR, 0)
	try(t, err)
	t.Cleanup(func() { pipe.Close() })
	if _, err := unix.FcntlInt(pipe.Fd(), unix.F_SETPIPE_SZ, pipeSize); err != nil {
		t.Fatalf("lab: size of a pipe: %v", err)
	}
	l.Daemon("h2").output = pipe
}

// logBlocks fills the pipe and goes on; then the pipe is read, and what was
// dropped is told of.
func logBlocks(t *testing.T, s *stage) {
	pipe := s.Daemon("h2").output
	waiting := func() int {
		n, err := unix.IoctlGetInt(int(pipe.Fd()), unix.TIOCINQ)
		try(t, err)
		return n
	}
	for rounds := 0; waiting() < pipeSize-512; rounds++ { // lines have up to 500 bytes
		if rounds == 10 {
			t.Fatalf("only %d bytes in the pipe", waiting())
		}
		s.logging(t)
	}
	full := waiting()
	s.logging(t)
	if n := waiting(); n < full {
		t.Errorf("somebody has read the pipe: %d bytes, then %d", full, n)
	}
	// Read on while the daemon ends, too; the pipe's other end is our own.
	go func() { _, _ = (&bytes.Buffer{}).ReadFrom(pipe) }()
	s.logging(t)
}

// logOntoSmallDisk gives h2 a file system of its own for its log.
func logOntoSmallDisk(t *testing.T, l *Lab) {
	dir := l.path("disk")
	try(t, os.Mkdir(dir, 0o700))
	try(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"))
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	l.Daemon("h2").log = filepath.Join(dir, "h2.log")
}

// diskFull fills the disk and goes on; when there is room again, lines are
// written again.
func diskFull(t *testing.T, s *stage) {
	d := s.Daemon("h2")
	junk := filepath.Join(filepath.Dir(d.log), "junk")
	for {
		f, err := os.OpenFile(junk, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		try(t, err)
		_, err = f.Write(make([]byte, 4096))
		f.Close()
		if errors.Is(err, unix.ENOSPC) {
			break
		}
		try(t, err)
	}
	size := func() int64 {
		info, err := os.Stat(d.log)
		try(t, err)
		return info.Size()
	}
	before := size()
	for range 3 {
		s.logging(t)
	}
	if n := size() - before; n > 4096 { // what is left of a page
		t.Errorf("%d bytes were written onto a full disk", n)
	}
	try(t, os.Remove(junk))
	before = size()
	s.logging(t)
	if size() == before {
		t.Error("nothing is logged although there is room again")
	}
}

// noDescriptors leaves h2 no descriptor for another client: those it has go on,
// and new ones come when there are descriptors again.
func noDescriptors(t *testing.T, s *stage) {
	d := s.Daemon("h2")
	var was unix.Rlimit
	try(t, unix.Prlimit(d.PID(), unix.RLIMIT_NOFILE, nil, &was))
	limit := was
	limit.Cur = d.freeDescriptor(t)
	s.history.fault("h2 may have %d descriptors", limit.Cur)
	try(t, unix.Prlimit(d.PID(), unix.RLIMIT_NOFILE, &limit, nil))
	connect := func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		c, err := client.Connect(ctx, "unix:"+s.path("h2.sock"), client.WithName("late"))
		if err == nil {
			c.Close(ctx)
		}
		return err
	}
	if err := connect(time.Second); err == nil {
		t.Error("a client was accepted without a descriptor for it")
	}
	s.load.Flow(t, 300)
	try(t, unix.Prlimit(d.PID(), unix.RLIMIT_NOFILE, &was, nil))
	s.history.fault("h2 may have %d descriptors again", was.Cur)
	Eventually(t, joinWithin, "a new client", func() error { return connect(time.Second) })
	s.load.Flow(t, 50)
}

// freeDescriptor is the lowest number that is no descriptor of the daemon: with
// it as the limit there is none for a new one.
func (d *Daemon) freeDescriptor(t *testing.T) uint64 {
	for n := uint64(0); ; n++ {
		if _, err := os.Lstat(fmt.Sprintf("/proc/%d/fd/%d", d.PID(), n)); err != nil {
			return n
		}
	}
}

// sendFails lets the system refuse what h2 sends on A: nobody hears it there,
// and B is not concerned (MPX-7).
func sendFails(t *testing.T, s *stage) {
	paths := s.bed.Paths(labnet.Out("A", "h2"))
	errorsOf := func() uint64 {
		networks, err := s.NetworksOf("h2")
		try(t, err)
		for _, n := range networks {
			if n.Name == "A" {
				return n.SendErrors
			}
		}
		return 0
	}
	before := errorsOf()
	s.dead(t, Fault{
		Name: "sending on A fails at h2", Dead: paths,
		apply: func(t testing.TB) { try(t, s.bed.Refuse("h2", 0, true)) },
		mend:  func(t testing.TB) { try(t, s.bed.Refuse("h2", 0, false)) },
	}, 300)
	if n := errorsOf() - before; n == 0 {
		t.Error("no error of sending was counted")
	} else {
		t.Logf("%d errors", n)
	}
}
