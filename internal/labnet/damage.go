//go:build linux

package labnet

import (
	"encoding/binary"
	"math/rand/v2"

	"golang.org/x/sys/unix"
)

// damage returns a damaged copy of a frame with its header, with lengths and
// checksums that are right again: what is wrong reaches the daemon. It returns
// nil for a frame that is no datagram to our port, or is a run of several.
func damage(random *rand.Rand, frame []byte) []byte {
	at, ok := datagram(frame)
	if !ok || isRun(frame) {
		return nil
	}
	out := append(make([]byte, 0, len(frame)+maxPadding), frame...)
	body := len(frame) - at.payload
	switch kind := random.IntN(4); {
	case kind == 1 && body > 0: // cut short
		out = out[:at.payload+random.IntN(body)]
	case kind == 2: // longer; may exceed what the wire carries, then it is lost
		for range 1 + random.IntN(maxPadding) {
			out = append(out, byte(random.Uint32()))
		}
	case kind == 3 && body > 1: // the end is of another packet
		for i := at.payload + 1 + random.IntN(body-1); i < len(out); i++ {
			out[i] = byte(random.Uint32())
		}
	case body > 0: // one bit
		out[at.payload+random.IntN(body)] ^= 1 << random.IntN(8)
	}
	mend(out, at)
	return out
}

// maxPadding is by how much a damaged datagram may be longer.
const maxPadding = 64

// mend makes the lengths and checksums of a datagram right.
func mend(frame []byte, at layout) {
	clear(frame[:vnetHeader]) // no checksum is left to make
	udp := frame[at.udp:]
	length := uint16(len(udp))
	binary.BigEndian.PutUint16(udp[4:], length)
	binary.BigEndian.PutUint16(udp[6:], 0)
	header := frame[at.ip:at.udp]
	var pseudo uint32
	if binary.BigEndian.Uint16(frame[at.ip-2:]) == unix.ETH_P_IP {
		binary.BigEndian.PutUint16(header[2:], uint16(len(frame)-at.ip))
		binary.BigEndian.PutUint16(header[10:], 0)
		binary.BigEndian.PutUint16(header[10:], ^fold(sum16(0, header)))
		pseudo = sum16(0, header[12:20])
	} else {
		binary.BigEndian.PutUint16(header[4:], length)
		pseudo = sum16(0, header[8:40])
	}
	const protocol = 17
	sum := ^fold(sum16(pseudo+protocol+uint32(length), udp))
	if sum == 0 {
		sum = 0xffff // 0 says that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(udp[6:], sum)
}

// sum16 and fold are the Internet checksum (RFC 1071) before its complement.
func sum16(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
