package frame

// Hint is the hint word as on the wire: the application's 16-bit message type
// and the byte order of its host. Daemons never change it.
//
//	bits 31 and 7  endian marker of the sending application
//	bits 23..8     message type; all others zero
type Hint [4]byte

// NewHint is the hint of a little-endian sender.
func NewHint(messageType int16) Hint {
	return Hint{0x80, byte(messageType), byte(uint16(messageType) >> 8), 0x80}
}

// MessageType is the application's message type.
func (h Hint) MessageType() int16 {
	return int16(uint16(word(h[:], h.LittleEndian()) >> 8))
}

// LittleEndian tells the byte order that the sending application declared.
func (h Hint) LittleEndian() bool { return h[0]&h[3]&0x80 != 0 }

// legal tells that no bit outside the layout is set. The positions are the
// same in both byte orders.
func (h Hint) legal() bool { return (h[0]|h[3])&0x7f == 0 }
