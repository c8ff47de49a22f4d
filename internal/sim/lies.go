package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"math"

	"mpspread/multipath"
	"mpspread/ring"
)

// generateFaulty draws a cluster in which one or two members lie, under some
// faults of the networks.
func generateFaulty(seed uint64, mode Mode) *Plan {
	p := Generate(seed, mode)
	p.Endless = true
	p.Plaintext = true // who has the key can seal anything; the world cannot
	r := stream(seed, "lies")
	for range r.between(1, 2) {
		p.Faults = append(p.Faults, Fault{
			Kind: Lie, At: r.time(0, p.RunFor/2), For: p.RunFor, Network: -1, From: r.below(p.Daemons), To: -1,
			Rate: []int{20, 100, 300, 1000}[r.below(4)],
		})
	}
	p.sort()
	return p
}

// lies tells whether some member does.
func (p *Plan) lies() bool {
	for i := range p.Faults {
		if p.Faults[i].Kind == Lie {
			return true
		}
	}
	return false
}

// Parts of an envelope in plaintext mode (package multipath).
const (
	envelopeSize  = 36
	envelopeHello = envelopeSize + 8 // of the kinds that name the whole life
	envelopeSum   = 4
)

// liedDatagram is what a daemon says in the place of a datagram, with the
// checksum that belongs to it.
func (w *World) liedDatagram(d *daemon, data []byte) []byte {
	body := envelopeSize
	if kind := multipath.Kind(data[envelopeKind]); kind == multipath.KindHello || kind == multipath.KindOperator {
		body = envelopeHello
	}
	end := len(data) - envelopeSum
	said := w.lied(d, w.ringKind(data), data[body:end])
	b := append(append([]byte(nil), data[:body]...), said...)
	cluster := sha256.Sum256([]byte("mpspread cluster\x00" + clusterName))
	table := crc32.MakeTable(crc32.Castagnoli)
	return binary.BigEndian.AppendUint32(b, crc32.Update(crc32.Checksum(cluster[:16], table), table, b))
}

// lied is what a daemon says in the place of a packet; kind 0 is all that is
// not the ring's. The packet itself is not written to: it may be kept to be
// sent again.
func (w *World) lied(d *daemon, kind ring.Kind, packet []byte) []byte {
	if d.lies == 0 {
		return packet
	}
	before := d.said[kind]
	if d.said == nil {
		d.said = make(map[ring.Kind][]byte)
	}
	if d.rand.below(8) == 0 || before == nil {
		d.said[kind] = append([]byte(nil), packet...)
	}
	if !d.rand.chance(d.lies) {
		return packet
	}
	b := append([]byte(nil), packet...)
	if before != nil && d.rand.chance(100) {
		b = append(b[:0], before...) // what was true long ago
	}
	for range d.rand.between(1, 3) {
		b = d.lie(kind, b, before)
	}
	return b
}

// lie changes one thing.
func (d *daemon) lie(kind ring.Kind, b, before []byte) []byte {
	r := &d.rand
	switch n := r.below(100); {
	case n < 5:
		return b[:r.below(len(b)+1)]
	case n < 10:
		for range r.between(1, 100) {
			b = append(b, byte(r.next()))
		}
		return b
	case n < 15 && before != nil:
		// The end of an earlier one.
		at := r.below(min(len(b), len(before)) + 1)
		return append(b[:at], before[at:]...)
	case n < 50 && kind == ring.KindToken && len(b) >= 38:
		return d.askWrongly(b)
	}
	return d.misstate(b)
}

// misstate puts another number in the place of one.
func (d *daemon) misstate(b []byte) []byte {
	r := &d.rand
	width := []int{1, 1, 4, 8, 8}[r.below(5)]
	end := len(b) - width
	if end < 0 {
		return b
	}
	if r.chance(600) {
		end = min(end, 120) // most of what matters stands in front
	}
	at := b[r.below(end+1):][:width]
	var wide [8]byte
	copy(wide[8-width:], at)
	old := binary.BigEndian.Uint64(wide[:])
	binary.BigEndian.PutUint64(wide[:], d.wrongNumber(old, b))
	copy(at, wide[8-width:])
	return b
}

// wrongNumber draws a number that somebody may not have thought of.
func (d *daemon) wrongNumber(right uint64, b []byte) uint64 {
	r := &d.rand
	switch r.below(9) {
	case 0:
		return 0
	case 1:
		return math.MaxUint64
	case 2:
		return right + 1
	case 3:
		return right - 1
	case 4:
		return right + uint64(r.below(1000))
	case 5:
		return right - uint64(r.below(1000))
	case 6:
		return 1<<r.below(64) - uint64(r.below(2))
	case 7:
		if len(b) >= 8 {
			return binary.BigEndian.Uint64(b[r.below(len(b)-7):])
		}
	}
	return r.next()
}

// askWrongly adds requests to a token (17 bytes each: asker, of, attempt, skip,
// first 8, count 4, able): for what has been discarded, for what was never given
// out, for another ring, by nobody.
func (d *daemon) askWrongly(b []byte) []byte {
	r := &d.rand
	highest := binary.BigEndian.Uint64(b[30:])
	for range r.between(1, 3) {
		asker, of := byte(r.below(6)), byte(255)
		if r.chance(200) {
			of = byte(r.below(256))
		}
		b = append(b, asker, of, byte(r.below(4)), byte(r.below(3)))
		first := highest + 5 - uint64(r.below(40))
		if r.chance(300) {
			first = d.wrongNumber(highest, b)
		}
		b = binary.BigEndian.AppendUint64(b, first)
		b = binary.BigEndian.AppendUint32(b, []uint32{1, 1, 1, 2, 30, 1 << 13, 1 << 31, math.MaxUint32}[r.below(8)])
		b = append(b, byte(r.below(3)))
	}
	return b
}
