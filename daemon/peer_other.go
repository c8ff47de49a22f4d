//go:build !linux

package daemon

import "net"

// nobody stands for users that the system does not tell: no list holds it.
const nobody = 1<<32 - 1

// credentials: the client's user is not known on this system, so that it
// passes only where everybody may.
func credentials(*net.UnixConn) (peer, error) {
	return peer{local: true, uid: nobody, gid: nobody}, nil
}
