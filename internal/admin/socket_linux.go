package admin

import "golang.org/x/sys/unix"

// bindToDevice keeps a socket's packets on one interface, also those to an
// address of this very host, which a daemon's socket that is bound to the
// interface would not get otherwise. It is a precaution: Linux before 5.7
// permits it to root only, and the bound source address has to do then.
func bindToDevice(fd uintptr, device string) {
	_ = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, device)
}
