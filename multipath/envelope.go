package multipath

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// The envelope (design 4, protocol rule 2), big-endian:
//
//	 0       1       2       3       4              8
//	+-------+-------+-------+-------+--------------+
//	| magic | v | c | key   | kind  | sender       |
//	+-------+-------+-------+-------+--------------+
//	| short incarnation                            | 16
//	+----------------------------------------------+
//	| packet counter                               | 24
//	+----------------------------------------------+
//	| nonce, 12 bytes                              | 36
//	+----------------------------------------------+
//	| rest of the incarnation, 8 bytes             | 44   hello and operator only
//	+----------------------------------------------+
//	| body, sealed                                 |
//	+----------------------------------------------+
//	| tag, 16 bytes; in plaintext mode CRC32C, 4   |
//	+----------------------------------------------+
//
// v is the wire version, c what protects the body. Everything before the body
// is associated data, together with the hash of the cluster's name.
const (
	magic       = 0x6d
	wireVersion = 1

	headerSize      = 36
	restSize        = 8
	nonceSize       = 12
	nonceAt         = headerSize - nonceSize
	tagSize         = 16
	crcSize         = 4
	clusterHashSize = 16
)

// Cipher is what seals packets. All daemons of a cluster use the same one;
// nothing is negotiated (SEC-2).
type Cipher uint8

// The two ciphers. Values are wire values.
const (
	AES256GCM Cipher = iota
	ChaCha20Poly1305
)

// plaintextMode stands in the place of the cipher when nothing is sealed.
const plaintextMode = 0xf

// header is the part of a packet that is read before anything else.
type header struct {
	key     uint8
	kind    Kind
	sender  DaemonID
	short   uint64
	counter uint64
}

// carriesRest tells the kinds that name the whole incarnation in clear: their
// receiver may not know it yet, and needs it for the key.
func (k Kind) carriesRest() bool { return k == KindHello || k == KindOperator }

// bodyAt is where a packet's body begins.
func (h *header) bodyAt() int {
	if h.kind.carriesRest() {
		return headerSize + restSize
	}
	return headerSize
}

// incarnation puts the whole one together from a packet that carries it.
func (h *header) incarnation(data []byte) (inc Incarnation) {
	binary.BigEndian.PutUint64(inc[:8], h.short)
	copy(inc[8:], data[headerSize:headerSize+restSize])
	return inc
}

// envelope seals and opens packets. It keeps no state but scratch space.
type envelope struct {
	mode    byte
	trailer int
	cluster [clusterHashSize]byte
	ring    *keyring // nil in plaintext mode
	entropy io.Reader
	scratch [headerSize + restSize + clusterHashSize]byte
}

func newEnvelope(cluster string, plaintext bool, c Cipher, keys []Key, entropy io.Reader) (*envelope, error) {
	e := &envelope{mode: plaintextMode, trailer: crcSize, cluster: clusterHash(cluster), entropy: entropy}
	if plaintext {
		return e, nil
	}
	ring, err := newKeyring(cluster, c, keys)
	if err != nil {
		return nil, err
	}
	e.mode, e.trailer, e.ring = byte(c), tagSize, ring
	return e, nil
}

// sealed tells whether packets are encrypted and authenticated.
func (e *envelope) sealed() bool { return e.ring != nil }

// knows tells whether packets under a key id can be opened.
func (e *envelope) knows(key uint8) bool {
	if !e.sealed() {
		return key == 0
	}
	return e.ring.find(key) != nil
}

// refusal is why a datagram was not even looked into.
type refusal uint8

const (
	accepted refusal = iota
	refusedShort
	refusedVersion
)

// parse reads the header and checks that there is room for body and trailer.
func (e *envelope) parse(data []byte) (header, refusal) {
	if len(data) < headerSize+e.trailer {
		return header{}, refusedShort
	}
	if data[0] != magic || data[1] != wireVersion<<4|e.mode {
		return header{}, refusedVersion
	}
	h := header{
		key:     data[2],
		kind:    Kind(data[3]),
		sender:  DaemonID(binary.BigEndian.Uint32(data[4:])),
		short:   binary.BigEndian.Uint64(data[8:]),
		counter: binary.BigEndian.Uint64(data[16:]),
	}
	if len(data) < h.bodyAt()+e.trailer {
		return header{}, refusedShort
	}
	return h, accepted
}

// size is the length of a whole packet with a body of n bytes.
func (e *envelope) size(kind Kind, n int) int {
	h := header{kind: kind}
	return h.bodyAt() + n + e.trailer
}

// seal writes a packet into buf, whose capacity must be size(kind, len(body)).
// body may not overlap buf. A fresh nonce from the entropy source goes into
// every packet: a counter or a generator in memory would repeat after a
// machine is put back to an older state (SEC-5).
func (e *envelope) seal(buf []byte, aead cipher.AEAD, h header, inc *Incarnation, body []byte) []byte {
	at := h.bodyAt()
	buf = buf[:at]
	buf[0], buf[1], buf[2], buf[3] = magic, wireVersion<<4|e.mode, h.key, byte(h.kind)
	binary.BigEndian.PutUint32(buf[4:], uint32(h.sender))
	binary.BigEndian.PutUint64(buf[8:], h.short)
	binary.BigEndian.PutUint64(buf[16:], h.counter)
	if at > headerSize {
		copy(buf[headerSize:], inc[8:])
	}
	nonce := buf[nonceAt:headerSize]
	if !e.sealed() {
		clear(nonce)
		buf = append(buf, body...)
		return binary.BigEndian.AppendUint32(buf, e.checksum(buf))
	}
	if _, err := io.ReadFull(e.entropy, nonce); err != nil {
		panic(fmt.Sprintf("multipath: no entropy for a nonce: %v", err))
	}
	return aead.Seal(buf, nonce, body, e.associated(buf))
}

// open checks a packet and returns its body, decrypted in place. A packet that
// does not pass is destroyed.
func (e *envelope) open(aead cipher.AEAD, at int, data []byte) ([]byte, bool) {
	if !e.sealed() {
		end := len(data) - crcSize
		for _, b := range data[nonceAt:headerSize] {
			if b != 0 {
				return nil, false
			}
		}
		return data[at:end], e.checksum(data[:end]) == binary.BigEndian.Uint32(data[end:])
	}
	body := data[at:]
	plain, err := aead.Open(body[:0], data[nonceAt:headerSize], body, e.associated(data[:at]))
	return plain, err == nil
}

// associated puts what is authenticated but not encrypted together.
func (e *envelope) associated(head []byte) []byte {
	n := copy(e.scratch[:], head)
	n += copy(e.scratch[n:], e.cluster[:])
	return e.scratch[:n]
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers the cluster too, so that clusters in plaintext do not mix.
func (e *envelope) checksum(data []byte) uint32 {
	return crc32.Update(crc32.Checksum(e.cluster[:], castagnoli), castagnoli, data)
}

// tagPrefix is what the window keeps of a packet to recognise further copies.
// In plaintext mode it is the checksum.
func (e *envelope) tagPrefix(data []byte) uint64 {
	tail := data[len(data)-e.trailer:]
	if !e.sealed() {
		return uint64(binary.BigEndian.Uint32(tail))
	}
	return binary.BigEndian.Uint64(tail)
}
