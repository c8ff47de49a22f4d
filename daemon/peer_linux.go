package daemon

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// credentials are what the kernel noted when the client connected (SEC-11).
func credentials(conn *net.UnixConn) (peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return peer{}, fmt.Errorf("daemon: peer credentials: %w", err)
	}
	var cred *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return peer{}, fmt.Errorf("daemon: peer credentials: %w", err)
	}
	return peer{local: true, uid: cred.Uid, gid: cred.Gid, pid: cred.Pid}, nil
}
