//go:build !portable

package datalink

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A thread in a system call keeps its processor (Go's P) until the runtime's
// monitor takes it away; where there is no other work it does so after 10 ms,
// in which it looks some sixty times. That costs an idle daemon more than all
// it does itself. So a loop that rests gives its processor back before it
// waits, as the runtime does where it waits itself. A busy one keeps it: it
// would have to get one again for every packet.

// rest tells whether the loop mostly waits: every wait adds to what is spare,
// and every wake-up takes its share.
type rest struct{ spare time.Duration }

const (
	wakeShare = 2 * time.Millisecond // at more than 500 wake-ups a second there is no rest
	mostSpare = 100 * time.Millisecond
)

func (r *rest) waited(d time.Duration) {
	r.spare = min(max(r.spare+d-wakeShare, 0), mostSpare)
}

func (r *rest) resting() bool { return r.spare > 0 }

// ppoll waits for events, and gives the processor back if the loop rests.
func (s *set) ppoll(fds []unix.PollFd, timeout *unix.Timespec) (int, error) {
	if !s.rest.resting() || timeout != nil && *timeout == (unix.Timespec{}) {
		return unix.Ppoll(fds, timeout, nil)
	}
	n, errno := ppollBlock(&fds[0], uintptr(len(fds)), timeout)
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

// These two are what package syscall puts around a call; their names and types
// stay, for others use them too (go.dev/issue/67401). The first gives the
// processor back at once. There is no public way as good: through the runtime's
// network poller an idle daemon uses 1.5 to 2.3 times as much, with slower
// wake-ups, and with ppoll alone about twice (measured).

//go:linkname entersyscallblock runtime.entersyscallblock
func entersyscallblock()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

// ppollBlock must not grow its stack between the two, nor may what it calls.
//
//go:nosplit
//go:norace
func ppollBlock(fds *unix.PollFd, n uintptr, timeout *unix.Timespec) (int, unix.Errno) {
	entersyscallblock()
	r, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(fds)), n,
		uintptr(unsafe.Pointer(timeout)), 0, 0, 0)
	exitsyscall()
	return int(r), errno
}
