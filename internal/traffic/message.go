// Package traffic is messages that tell whether they arrived as they were
// sent, and receivers that judge a stream of them. Commands that load a
// cluster use it.
package traffic

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Layout of a message, big-endian:
//
//	0   sender, from 0                     4 bytes
//	4   counter of that sender, from 1     8 bytes
//	12  padding that follows from both
//	-4  CRC-32C of all before              4 bytes
const (
	counterAt = 4
	paddingAt = 12
	sumSize   = 4

	// MinSize is the size of the smallest message, in bytes.
	MinSize = paddingAt + sumSize
)

// ramp holds what padding is cut from: byte i of message n is n + i modulo 256.
var ramp = func() (r [2 * 256]byte) {
	for i := range r {
		r[i] = byte(i)
	}
	return r
}()

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is a message that is not as any sender made it.
var ErrDamaged = errors.New("traffic: damaged message")

// Write makes m, whatever its size from MinSize on, the message number counter
// of a sender.
func Write(m []byte, sender int, counter uint64) {
	binary.BigEndian.PutUint32(m, uint32(sender))
	binary.BigEndian.PutUint64(m[counterAt:], counter)
	sumAt := len(m) - sumSize
	for at := paddingAt; at < sumAt; {
		at += copy(m[at:sumAt], ramp[byte(counter)+byte(at):])
	}
	binary.BigEndian.PutUint32(m[sumAt:], crc32.Checksum(m[:sumAt], castagnoli))
}

// Read reads what Write made for one of this many senders.
func Read(m []byte, senders int) (sender int, counter uint64, err error) {
	sumAt := len(m) - sumSize
	if sumAt < paddingAt || crc32.Checksum(m[:sumAt], castagnoli) != binary.BigEndian.Uint32(m[sumAt:]) {
		return 0, 0, ErrDamaged
	}
	sender = int(binary.BigEndian.Uint32(m))
	counter = binary.BigEndian.Uint64(m[counterAt:])
	if sender >= senders || counter == 0 {
		return 0, 0, ErrDamaged
	}
	return sender, counter, nil
}
