package client

const (
	// readLeast is the size a read buffer begins with, readMost what it grows
	// to when reads fill it.
	readLeast = 16 << 10
	readMost  = 256 << 10
	// calm is after how many reads that were content with readMost a buffer
	// that a long frame made larger shrinks again.
	calm = 64
)

// readBuffer takes reads as large as they come, in which frames are then
// parsed where they lie.
type readBuffer struct {
	buf        []byte // bytes from start to end are unread
	start, end int
	content    int // reads in a row that needed no more than readMost
}

// unread is valid until the next call of space.
func (b *readBuffer) unread() []byte { return b.buf[b.start:b.end] }

func (b *readBuffer) skip(n int) { b.start += n }

func (b *readBuffer) filled(n int) { b.end += n }

// space is where to read more to: at least one byte. What is unread moves to
// the front. The buffer doubles when the last read filled it, and beyond
// readMost only for a frame that does not fit: as bytes come, never on the word
// of a header.
func (b *readBuffer) space() []byte {
	size, full := len(b.buf), b.end == len(b.buf)
	if b.content++; b.end > readMost {
		b.content = 0
	}
	b.end = copy(b.buf, b.unread())
	b.start = 0
	switch {
	case b.end == size, full && size < readMost:
		b.resize(max(2*size, readLeast))
	case size > readMost && b.end < readMost && b.content >= calm:
		b.resize(readMost)
	}
	return b.buf[b.end:]
}

func (b *readBuffer) resize(size int) {
	buf := make([]byte, size)
	copy(buf, b.buf[:b.end])
	b.buf = buf
}
