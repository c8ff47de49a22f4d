// Package frame is the codec of the Spread client session protocol: the
// handshake between a client library and its daemon, and the messages that
// follow. Daemon and client library share it.
//
// It decides what bytes mean and nothing else: no sockets, no sessions, no
// names in use. What is decoded points into the input. All functions are pure
// and may be called from any goroutine.
//
// Frames are written little endian with the marker set, whatever the host,
// since clients in use understand nothing else; both byte orders are read.
//
//	 0  type word, with endian marker
//	 4  name: the own private group (requests), the sender (messages),
//	    the group (membership events)
//	36  number of groups G
//	40  hint: application's message type, with an endian marker of its own
//	44  data length L
//	48  [original type word: only in rejects]
//	    G names of 32 bytes
//	    L bytes of data
package frame

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Sizes and limits of the protocol, in bytes unless stated.
const (
	HeaderSize     = 48
	NameSize       = 32 // a name field, always with a zero at its end
	MaxName        = NameSize - 1
	MaxPrivateName = 10
	MaxDaemonName  = 19
	MaxGroups      = 100 // groups of one message
	// MaxBody bounds data and group names of a message together. It is what
	// the C library lets through; the original daemons take 48 bytes less.
	MaxBody = 144_000
)

// ErrShort tells that the input ends before the value does. Reading more may
// help; the count returned with it says how many bytes are needed at least.
var ErrShort = errors.New("frame: more bytes needed")

// Violation is a rule of the protocol that input broke. It ends a session.
type Violation uint8

// The violations, each a reason to count by.
const (
	BadMarker  Violation = iota // the two bits of an endian marker differ
	BadService                  // not exactly one service or request
	BadPrivate                  // private group is not the session's own
	BadGroups                   // group count negative or too large
	BadHint                     // bits outside marker and message type
	BadLength                   // data length negative or too large
	NoGroup                     // join or leave that names no group
	BadBody                     // membership body that contradicts itself
	violations
)

// Violations is the number of different Violation values.
const Violations = int(violations)

func (v Violation) Error() string { return "frame: " + v.String() }

// String is the stable name of the reason.
func (v Violation) String() string {
	return [...]string{
		"inconsistent endian marker", "illegal service type", "foreign private group",
		"illegal group count", "illegal hint", "illegal data length", "no group named",
		"illegal membership body",
	}[v]
}

// word reads four bytes in the byte order of the frame.
func word(b []byte, little bool) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if !little {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func appendWord(dst []byte, v uint32) []byte {
	return binary.LittleEndian.AppendUint32(dst, v)
}
