//go:build !unix

package daemon

import "net"

// socketStream is the stream of a connection in clear. Without the calls of
// Unix a slot is not held: it could not be given back while the connection is
// waited for.
type socketStream struct {
	conn net.Conn
}

func newStream(conn net.Conn, _ slots) (socketStream, error) { return socketStream{conn}, nil }

func (s socketStream) read(p []byte) (int, error) { return s.conn.Read(p) }

func (s socketStream) write(bufs [][]byte) error {
	b := net.Buffers(bufs)
	_, err := b.WriteTo(s.conn)
	return err
}
