package frame

import "math/bits"

// clearedBits of a client's word never reach a receiver: they belong to
// daemons, and receivers would take the message for something else. A Java
// program that sends a received message again sets some of them in good
// faith, so they are cleared, not refused.
const clearedBits Type = 0xff<<8 | 0x1f<<19

// Request is a message from a client, decoded in place.
type Request struct {
	// Type has exactly one bit of Services and Requests, and of the others at
	// most SelfDiscard and PassThrough.
	Type   Type
	Hint   Hint
	Groups Names // destinations; for Join and Leave only the first counts
	Data   []byte
}

// ParseRequest reads the frame at the start of b, which a session with this
// private group sent. maxBody bounds data and group names together: MaxBody,
// or more if the client has negotiated it. n is the length of the frame. With
// ErrShort, n bytes are needed at least; the header has been judged as soon as
// it is there. A Violation ends the session (protocol section 4.4).
func ParseRequest(b []byte, private string, maxBody int) (r Request, n int, err error) {
	if len(b) < HeaderSize {
		return r, HeaderSize, ErrShort
	}
	h, err := parseHeader(b, MaxGroups, maxBody)
	if err != nil {
		return r, 0, err
	}
	switch {
	case bits.OnesCount32(uint32(h.typ&(Services|Requests))) != 1:
		return r, 0, BadService
	case string(h.name) != private:
		return r, 0, BadPrivate
	case NameSize*h.groups+h.data > maxBody:
		return r, 0, BadLength
	case h.typ&(Join|Leave) != 0 && h.groups == 0:
		return r, 0, NoGroup
	}
	data := HeaderSize + NameSize*h.groups
	n = data + h.data
	if len(b) < n {
		return r, n, ErrShort
	}
	r = Request{
		Type: h.typ &^ clearedBits, Hint: h.hint,
		Groups: Names(b[HeaderSize:data]), Data: b[data:n:n],
	}
	return r, n, nil
}
