//go:build !portable

package datalink

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is the kernel's struct mmsghdr; Go pads it as C does.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32 // bytes received or sent
}

// The calls below never sleep, so they are made without telling the scheduler:
// a goroutine that it believes to be in a long system call loses its processor
// and, behind many runnable goroutines, waits long to get one back (protocol
// rule 10).

// recvmmsg receives up to len(h) datagrams without blocking.
func recvmmsg(fd int, h []mmsghdr) (int, unix.Errno) {
	return mmsg(unix.SYS_RECVMMSG, fd, h)
}

// sendmmsg sends the datagrams of h in order until one fails. The error is
// told only if that was the first.
func sendmmsg(fd int, h []mmsghdr) (int, unix.Errno) {
	return mmsg(unix.SYS_SENDMMSG, fd, h)
}

func mmsg(call uintptr, fd int, h []mmsghdr) (int, unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(&h[0])),
			uintptr(len(h)), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), 0
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// meminfo is what SO_MEMINFO tells of a socket, in bytes of true size: with
// the kernel's overhead, as its limits are counted (A6).
type meminfo struct {
	used, limit int    // of the receive buffer
	drops       uint32 // wraps; datagrams not queued, those a filter refused included
}

// Positions in the array of SO_MEMINFO (Linux, sock_diag: SK_MEMINFO_VARS).
const (
	meminfoUsed  = 0
	meminfoLimit = 1
	meminfoDrops = 8
	meminfoVars  = 9
)

// readMeminfo polls what SO_RXQ_OVFL would tell only with the next packet.
func readMeminfo(fd int) (meminfo, bool) {
	var vars [meminfoVars]uint32
	size := uint32(unsafe.Sizeof(vars))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&vars)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size < uint32(unsafe.Sizeof(vars)) {
		return meminfo{}, false
	}
	return meminfo{used: int(vars[meminfoUsed]), limit: int(vars[meminfoLimit]), drops: vars[meminfoDrops]}, true
}

// eventFD wakes a poll from any goroutine.
type eventFD struct{ fd int }

func newEventFD() (eventFD, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return eventFD{fd}, err
}

// signal cannot fail in a way that matters: EAGAIN means that the counter is
// full, hence that the reader is awake already.
func (e eventFD) signal() {
	one := [8]byte{}
	*(*uint64)(unsafe.Pointer(&one)) = 1
	_, _ = unix.Write(e.fd, one[:])
}

func (e eventFD) drain() {
	var b [8]byte
	_, _ = unix.Read(e.fd, b[:])
}

func (e eventFD) close() { _ = unix.Close(e.fd) }
