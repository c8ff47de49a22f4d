package client

import "bytes"

const (
	// slabSize is the most that messages share of one allocation, and so the
	// most that one of them, kept, keeps from being collected.
	slabSize = 16 << 10
	// slabShare is the longest data that shares.
	slabShare = 2 << 10
	// slabMessages is how many messages share an allocation at most.
	slabMessages = 32
)

// copies is where events and their data go that are the receiver's to keep.
// Many come from one allocation; how many follows from what is waiting to be
// parsed, so that a message that comes alone takes no more than it needs.
type copies struct {
	data     []byte
	messages []Message
}

// message is a new message; waiting is how many are to be expected with it.
func (c *copies) message(waiting int) *Message {
	if len(c.messages) == 0 {
		c.messages = make([]Message, min(waiting, slabMessages))
	}
	m := &c.messages[0]
	c.messages = c.messages[1:]
	return m
}

// clone copies data; waiting is how many more bytes, data's included, are to be
// expected.
func (c *copies) clone(data []byte, waiting int) []byte {
	size := len(data)
	if size == 0 || size > slabShare {
		return bytes.Clone(data)
	}
	if size > len(c.data) {
		c.data = make([]byte, max(size, min(waiting, slabSize)))
	}
	copied := c.data[:size:size]
	c.data = c.data[size:]
	copy(copied, data)
	return copied
}
