//go:build unix

package daemon

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketStream is the stream of a connection in clear. It makes as few system
// calls as there are.
type socketStream struct {
	raw   syscall.RawConn
	slots slots
}

func newStream(conn net.Conn, s slots) (socketStream, error) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return socketStream{}, fmt.Errorf("daemon: %T is no socket", conn)
	}
	raw, err := sc.SyscallConn()
	return socketStream{raw, s}, err
}

func (s socketStream) read(p []byte) (n int, err error) {
	waited := s.raw.Read(func(fd uintptr) (done bool) {
		s.slots.acquire()
		defer s.slots.release()
		n, err = unix.Read(int(fd), p)
		return !wait(err)
	})
	switch {
	case waited != nil: // closed, or past the deadline
		return 0, waited
	case err != nil:
		return 0, fmt.Errorf("read: %w", err)
	case n <= 0:
		return 0, io.EOF
	}
	return n, nil
}

// maxBuffers bounds the buffers of one call; the kernel's limit is 1024.
const maxBuffers = 512

func (s socketStream) write(bufs [][]byte) (err error) {
	for len(bufs) > 0 {
		n := 0
		waited := s.raw.Write(func(fd uintptr) (done bool) {
			s.slots.acquire()
			defer s.slots.release()
			n, err = unix.SendmsgBuffers(int(fd), bufs[:min(len(bufs), maxBuffers)], nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
			return !wait(err)
		})
		switch {
		case waited != nil:
			return waited
		case err != nil:
			return fmt.Errorf("write: %w", err)
		}
		bufs = advance(bufs, n)
	}
	return nil
}

// advance drops the first n bytes of bufs.
func advance(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if n > 0 {
		bufs[0] = bufs[0][n:]
	}
	return bufs
}

// wait tells an error that means to try again when the socket is ready, or at
// once: the poller returns at once then.
func wait(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}
