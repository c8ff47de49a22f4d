//go:build !unix

package daemon

import "net"

// stream reads and writes a connection. One goroutine may read while another
// writes. Without the calls of Unix a slot is not held: it could not be given
// back while the connection is waited for.
type stream struct {
	conn net.Conn
}

func newStream(conn net.Conn, _ slots) (stream, error) { return stream{conn}, nil }

// read reads once; io.EOF at the end.
func (s stream) read(p []byte) (int, error) { return s.conn.Read(p) }

// write writes all of the buffers, which it changes.
func (s stream) write(bufs [][]byte) error {
	b := net.Buffers(bufs)
	_, err := b.WriteTo(s.conn)
	return err
}
