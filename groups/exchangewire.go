package groups

import (
	"encoding/binary"

	"mpspread/ring"
)

// announcement says in a step of a state exchange what its sender has:
//
//	kind 1 | configuration 20 | step 4 | head: configuration 20, step 4 |
//	digest 16 | links of the chain before the configuration, 20 each
type announcement struct {
	conf   ring.RingID
	step   uint32
	head   stateID
	digest digest
	links  []ring.RingID // ascending, all below conf
}

func (a *announcement) encode() []byte {
	b := make([]byte, 0, announcementSize+len(a.links)*ringIDSize)
	b = appendRingID(append(b, byte(kindAnnouncement)), a.conf)
	b = binary.BigEndian.AppendUint32(b, a.step)
	b = appendRingID(b, a.head.conf)
	b = binary.BigEndian.AppendUint32(b, a.head.step)
	b = append(b, a.digest[:]...)
	for _, link := range a.links {
		b = appendRingID(b, link)
	}
	return b
}

func parseAnnouncement(b []byte) (a announcement, err error) {
	if len(b) < announcementSize || (len(b)-announcementSize)%ringIDSize != 0 || kind(b[0]) != kindAnnouncement {
		return a, errMalformed
	}
	a.conf, b = takeRingID(b[1:])
	a.step, b = binary.BigEndian.Uint32(b), b[4:]
	a.head.conf, b = takeRingID(b)
	a.head.step, b = binary.BigEndian.Uint32(b), b[4:]
	b = b[copy(a.digest[:], b[:digestSize]):]
	last := ring.RingID{}
	for len(b) > 0 {
		var link ring.RingID
		link, b = takeRingID(b)
		if link.Compare(last) <= 0 || link.Compare(a.conf) >= 0 {
			return announcement{}, errMalformed
		}
		a.links, last = append(a.links, link), link
	}
	return a, nil
}

// piece is a part of an encoded table. All but the last are pieceSize long:
//
//	kind 1 | configuration 20 | step 4 | index 4 | size of the table 4 |
//	digest of the table 16 | bytes
type piece struct {
	conf   ring.RingID
	step   uint32
	index  uint32
	size   uint32
	digest digest
	bytes  []byte
}

func (p *piece) encode() []byte {
	b := make([]byte, 0, pieceHeader+len(p.bytes))
	b = appendRingID(append(b, byte(kindPiece)), p.conf)
	b = binary.BigEndian.AppendUint32(b, p.step)
	b = binary.BigEndian.AppendUint32(b, p.index)
	b = binary.BigEndian.AppendUint32(b, p.size)
	b = append(b, p.digest[:]...)
	return append(b, p.bytes...)
}

// parsePiece reads a piece; its bytes point into b.
func parsePiece(b []byte) (p piece, err error) {
	if len(b) < pieceHeader || kind(b[0]) != kindPiece {
		return p, errMalformed
	}
	p.conf, b = takeRingID(b[1:])
	p.step = binary.BigEndian.Uint32(b)
	p.index = binary.BigEndian.Uint32(b[4:])
	p.size = binary.BigEndian.Uint32(b[8:])
	b = b[12:]
	p.bytes = b[copy(p.digest[:], b[:digestSize]):]
	if p.size == 0 || p.size > maxTableSize || p.index >= pieces(p.size) || len(p.bytes) != pieceLength(p.size, p.index) {
		return piece{}, errMalformed
	}
	return p, nil
}

// pieces is how many pieces a table of this size has.
func pieces(size uint32) uint32 {
	return uint32((uint64(size) + pieceSize - 1) / pieceSize)
}

// pieceLength is the length of one of them.
func pieceLength(size, index uint32) int {
	return int(min(uint64(size)-uint64(index)*pieceSize, pieceSize))
}

func appendRingID(b []byte, id ring.RingID) []byte {
	b = binary.BigEndian.AppendUint64(b, id.Epoch)
	return appendProcess(b, id.Representative)
}

// takeRingID reads an id whose bytes are known to be there.
func takeRingID(b []byte) (ring.RingID, []byte) {
	id := ring.RingID{Epoch: binary.BigEndian.Uint64(b)}
	id.Representative, b = takeProcess(b[8:])
	return id, b
}

func appendProcess(b []byte, p ring.Process) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(p.Daemon))
	return binary.BigEndian.AppendUint64(b, uint64(p.Incarnation))
}

// takeProcess reads a process whose bytes are known to be there.
func takeProcess(b []byte) (ring.Process, []byte) {
	return ring.Process{
		Daemon:      ring.DaemonID(binary.BigEndian.Uint32(b)),
		Incarnation: ring.Incarnation(binary.BigEndian.Uint64(b[4:])),
	}, b[12:]
}
