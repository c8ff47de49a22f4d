package daemon

// stream reads and writes a session's connection, with a slot held while it
// computes and none while it waits. One goroutine may read while another
// writes.
type stream interface {
	// read reads once; io.EOF at the end.
	read(p []byte) (int, error)
	// write writes all of the buffers, which it changes.
	write(bufs [][]byte) error
}
