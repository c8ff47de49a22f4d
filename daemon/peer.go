package daemon

import (
	"fmt"
	"net"
	"net/netip"
)

// peer is who is at the other end of a connection.
type peer struct {
	local    bool // by a local socket; uid, gid, pid are the kernel's word
	uid, gid uint32
	pid      int32
	addr     netip.AddrPort // of a TCP client
}

// String names the process or address.
func (p *peer) String() string {
	if p.local {
		return fmt.Sprintf("pid %d uid %d", p.pid, p.uid)
	}
	return p.addr.String()
}

// source names the user or host: what refusals are logged once for.
func (p *peer) source() string {
	if p.local {
		return fmt.Sprintf("uid %d", p.uid)
	}
	return p.addr.Addr().String()
}

// peerOf reads who is at the other end of a connection just accepted.
func peerOf(conn net.Conn) (peer, error) {
	switch c := conn.(type) {
	case *net.UnixConn:
		return credentials(c)
	case *net.TCPConn:
		addr, ok := c.RemoteAddr().(*net.TCPAddr)
		if !ok {
			return peer{}, fmt.Errorf("daemon: address of %v", c.RemoteAddr())
		}
		ap := addr.AddrPort()
		return peer{addr: netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())}, nil
	}
	return peer{}, fmt.Errorf("daemon: %T is no client's connection", conn)
}
