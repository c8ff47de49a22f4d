package bench

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// daemonProcess is the process that serves a client address: that which opened
// the socket. Only Unix sockets tell.
func daemonProcess(address string) (pid int, err error) {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return 0, errNoProcess
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		return 0, fmt.Errorf("bench: asking who serves %s: %w", address, err)
	}
	defer func() { _ = conn.Close() }()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("bench: asking who serves %s: %w", address, err)
	}
	var credentials *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		credentials, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, failed); err != nil {
		return 0, fmt.Errorf("bench: asking who serves %s: %w", address, err)
	}
	return int(credentials.Pid), nil
}

// cpuTime is what the process has used of all cores so far.
func cpuTime(pid int) (time.Duration, error) {
	// The kernel's number for a process's CPU-time clock (clock_getcpuclockid):
	// the complement of the pid, shifted by three, and two for scheduler time.
	const scheduler = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &t); err != nil {
		return 0, fmt.Errorf("bench: CPU time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}
