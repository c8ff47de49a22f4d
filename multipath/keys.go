package multipath

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// epochShift makes a sub-key protect at most 2^28 packets (SEC-3).
const epochShift = 28

// epochOf is the sub-epoch of a packet counter.
func epochOf(counter uint64) uint64 { return counter >> epochShift }

// keyring holds the cluster's keys (SEC-3: up to four, one active).
type keyring struct {
	cipher  Cipher
	cluster [clusterHashSize]byte
	keys    []Key
	active  int
}

func newKeyring(cluster string, c Cipher, keys []Key) (*keyring, error) {
	if c > ChaCha20Poly1305 {
		return nil, fmt.Errorf("multipath: unknown cipher %d", c)
	}
	if len(keys) < 1 || len(keys) > maxKeys {
		return nil, fmt.Errorf("multipath: %d keys, not 1 to %d", len(keys), maxKeys)
	}
	// Its own copy: the caller may wipe what it passed (SEC-18).
	r := &keyring{cipher: c, cluster: clusterHash(cluster), keys: slices.Clone(keys), active: -1}
	for i, k := range keys {
		for _, other := range keys[:i] {
			if other.ID == k.ID {
				return nil, fmt.Errorf("multipath: key id %d twice", k.ID)
			}
		}
		if !k.Active {
			continue
		}
		if r.active >= 0 {
			return nil, fmt.Errorf("multipath: keys %d and %d are both active", keys[r.active].ID, k.ID)
		}
		r.active = i
	}
	if r.active < 0 {
		return nil, fmt.Errorf("multipath: no key is active")
	}
	return r, nil
}

// find returns the key with an id, or nil.
func (r *keyring) find(id uint8) *Key {
	for i := range r.keys {
		if r.keys[i].ID == id {
			return &r.keys[i]
		}
	}
	return nil
}

// derive makes the sealing object of one sender's life and sub-epoch under one
// cluster key, by HKDF-SHA256 (RFC 5869). All names that must never share a
// key stream are in the info string (SEC-3, SEC-5).
func (r *keyring) derive(k *Key, sender DaemonID, inc Incarnation, epoch uint64) cipher.AEAD {
	info := make([]byte, 0, 64)
	info = append(info, "mpspread packet key 1"...)
	info = append(info, byte(r.cipher), k.ID)
	info = binary.BigEndian.AppendUint32(info, uint32(sender))
	info = append(info, inc[:]...)
	info = binary.BigEndian.AppendUint64(info, epoch)
	secret, err := hkdf.Key(sha256.New, k.Secret[:], r.cluster[:], string(info), 32)
	if err != nil {
		panic(fmt.Sprintf("multipath: derive a 32-byte key: %v", err))
	}
	aead, err := newAEAD(r.cipher, secret)
	if err != nil {
		panic(fmt.Sprintf("multipath: cipher %d with a 32-byte key: %v", r.cipher, err))
	}
	return aead
}

func newAEAD(c Cipher, secret []byte) (cipher.AEAD, error) {
	if c == ChaCha20Poly1305 {
		return chacha20poly1305.New(secret)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// subkey is one cached sealing object.
type subkey struct {
	key   uint8
	epoch uint64
	aead  cipher.AEAD
}

// subkeys caches the sealing objects of one life. It stays small: at most four
// keys times the sub-epochs around the present one.
type subkeys struct {
	sender  DaemonID
	inc     Incarnation
	entries []subkey
}

// find returns a cached object, or nil. The one found last is looked at first.
func (s *subkeys) find(key uint8, epoch uint64) cipher.AEAD {
	for i := range s.entries {
		if e := &s.entries[i]; e.key == key && e.epoch == epoch {
			s.entries[0], s.entries[i] = s.entries[i], s.entries[0]
			return s.entries[0].aead
		}
	}
	return nil
}

func (s *subkeys) add(key uint8, epoch uint64, aead cipher.AEAD) {
	s.entries = append(s.entries, subkey{key: key, epoch: epoch, aead: aead})
}

// forget drops the objects of sub-epochs that are over: those more than one
// before the present one.
func (s *subkeys) forget(present uint64) {
	kept := s.entries[:0]
	for _, e := range s.entries {
		if e.epoch+1 >= present {
			kept = append(kept, e)
		}
	}
	clear(s.entries[len(kept):])
	s.entries = kept
}

// near tells whether an epoch is the present one or next to it. Only for those
// an unauthenticated packet makes a key derived, so that the cache is bounded.
func near(epoch, present uint64) bool {
	return epoch+1 >= present && epoch <= present+1
}
