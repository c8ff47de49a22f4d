package daemon

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// listener is one place where clients connect.
type listener struct {
	net.Listener
	path string      // of a local socket; "" for TCP
	made os.FileInfo // the socket as it was made
}

// systemDirectory is where local sockets are by default; where it cannot be
// made, they are in the user's runtime directory instead (design 7). Only tests
// change it.
var systemDirectory = "/run/spread"

// errNoDirectory tells that the directory of a socket cannot be made, or is
// there and somebody else's.
var errNoDirectory = errors.New("directory cannot be made or used")

// listen opens the places where clients connect. What is in /run/spread may
// fail if there is no right to be there, as long as there is another place.
func (d *daemon) listen() error {
	gid, err := groupID(d.cfg.Client.Group)
	if err != nil {
		return fmt.Errorf("daemon: client.group: %w", err)
	}
	var skipped error
	for _, pattern := range d.cfg.Client.Sockets {
		path := d.cfg.Expand(pattern, d.name)
		l, err := d.listenLocal(path, d.cfg.Client.Mode, gid)
		switch {
		case errors.Is(err, errNoDirectory):
			skipped = err
			d.log.Warn("socket left out", zap.String("path", path), zap.Error(err))
		case err != nil:
			return fmt.Errorf("daemon: client socket: %w", err)
		case l != nil:
			d.listeners = append(d.listeners, l)
			d.log.Info("listening", zap.String("socket", l.path))
		}
	}
	for _, at := range d.cfg.Daemons[d.self].Clients {
		l, err := net.Listen(tcpNetwork(at), at.String())
		if err != nil {
			return fmt.Errorf("daemon: clients on %s: %w", at, err)
		}
		d.listeners = append(d.listeners, &listener{Listener: l})
		d.tcpListener(l.Addr(), at.Addr().IsLoopback())
	}
	if len(d.listeners) == 0 && skipped != nil {
		return fmt.Errorf("daemon: no place for clients to connect: %w", skipped)
	}
	return nil
}

// tcpNetwork keeps an IPv4 listener from being an IPv6 one for all.
func tcpNetwork(at netip.AddrPort) string {
	if at.Addr().Unmap().Is4() {
		return "tcp4"
	}
	return "tcp6"
}

// tcpListener names a place where clients connect by TCP, with a warning if
// they may speak in clear over a network (SEC-12).
func (d *daemon) tcpListener(at net.Addr, loopback bool) {
	byTLS := zap.Bool("tls", d.tls != nil)
	if loopback || d.tls != nil && len(d.cfg.Client.Access) == 0 {
		d.log.Info("listening", zap.Stringer("tcp", at), byTLS)
		return
	}
	d.log.Warn("listening for clients in clear", zap.Stringer("tcp", at), zap.Stringers("access", d.cfg.Client.Access), byTLS)
}

// listenLocal makes a local socket, in the user's directory if the system's
// cannot be made. It is nil if the path is a link to another socket of this
// daemon, as packages make one of /tmp/4803.
func (d *daemon) listenLocal(path string, mode os.FileMode, gid int) (*listener, error) {
	l, err := listenUnix(path, mode, gid)
	if errors.Is(err, errNoDirectory) && filepath.Dir(path) == systemDirectory {
		if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
			return listenUnix(filepath.Join(dir, "spread", filepath.Base(path)), mode, gid)
		}
	}
	if target := (*linkError)(nil); errors.As(err, &target) {
		for _, l := range d.listeners {
			if l.path == target.to {
				return nil, nil
			}
		}
	}
	return l, err
}

// close stops listening and removes the socket, unless another has taken its
// place.
func (l *listener) close() {
	if l.path != "" {
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(l.made, now) {
			_ = os.Remove(l.path)
		}
	}
	_ = l.Close()
}

// acceptPause is how long accepting rests when the system has no descriptors.
const acceptPause = 100 * time.Millisecond

// accept takes connections in until the listener is closed.
func (d *daemon) accept(l *listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			if d.refusals.pass("accept") {
				d.log.Warn("accepting clients", zap.Error(err))
			}
			select {
			case <-time.After(acceptPause):
			case <-d.stopped:
			}
			continue
		}
		d.begin(conn)
	}
}

// begin gives a connection its session and goroutine.
func (d *daemon) begin(conn net.Conn) {
	p, err := d.peerOf(conn)
	if err != nil {
		_ = conn.Close() // it has gone already
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(true)
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3})
	}
	s, err := newSession(conn, p, d.slots, d.cfg.Client.MaxQueue)
	if err != nil {
		_ = conn.Close()
		return
	}
	d.sessions.Add(1)
	go d.serve(s)
}

// groupID is the number of a group, or -1 for none.
func groupID(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return -1, err
	}
	return strconv.Atoi(g.Gid)
}
