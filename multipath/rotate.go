package multipath

import (
	"errors"
	"fmt"
	"slices"
)

// The cluster's keys are rotated in three steps, each taken at every daemon
// before the next one begins (SEC-7):
//
//	install   the new key is added: it opens packets, and seals none
//	activate  it seals; the old one still opens
//	remove    the old one is gone
//
// Daemons one step apart open each other's packets, so nothing is lost on the
// way. Every step may be taken again.
var (
	// ErrPlaintext refuses keys where nothing is sealed.
	ErrPlaintext = errors.New("multipath: no keys in plaintext mode")
	// ErrKeyActive refuses to remove the key that seals: others, which may not
	// have the next one yet, could open nothing more. Activate another first.
	ErrKeyActive = errors.New("multipath: the active key cannot be removed")
	// ErrKeyNotInstalled refuses to activate a key in the step in which it is
	// installed: others do not have it yet.
	ErrKeyNotInstalled = errors.New("multipath: a key is installed before it is activated")
	// ErrKeyChanged refuses another secret under an id that is in use.
	ErrKeyChanged = errors.New("multipath: a key id has another secret already")
)

// SetKeys replaces the cluster's keys by a list as in Config.Keys, one step of
// a rotation further or the same: packets are sealed with its active key, and
// opened with each of them. On an error nothing has changed: one of the above,
// or what New says of the list. It keeps a copy; keys that are gone are wiped
// (SEC-18). now is the owner's time; only the owner of m may call it.
func (m *Multipath) SetKeys(now Time, keys []Key) error {
	m.begin(now)
	old := m.env.ring
	if old == nil {
		return ErrPlaintext
	}
	ring, err := newKeyring(m.cfg.Cluster, old.cipher, keys)
	if err != nil {
		return err
	}
	if err := old.next(ring); err != nil {
		ring.wipe()
		return err
	}
	m.env.ring, m.activeKey = ring, ring.keys[ring.active].ID
	for i := range old.keys {
		if id := old.keys[i].ID; ring.find(id) == nil {
			m.dropKey(id)
		}
	}
	old.wipe()
	return nil
}

// next tells why a keyring may not follow this one.
func (r *keyring) next(to *keyring) error {
	for i := range to.keys {
		k := &to.keys[i]
		known := r.find(k.ID)
		switch {
		case known != nil && known.Secret != k.Secret:
			return fmt.Errorf("%w: %d", ErrKeyChanged, k.ID)
		case known == nil && k.Active:
			return fmt.Errorf("%w: %d", ErrKeyNotInstalled, k.ID)
		}
	}
	if id := r.keys[r.active].ID; to.find(id) == nil {
		return fmt.Errorf("%w: %d", ErrKeyActive, id)
	}
	return nil
}

// wipe forgets the secrets of a keyring that is no longer used.
func (r *keyring) wipe() { clear(r.keys) }

// dropKey forgets what was derived from a key.
func (m *Multipath) dropKey(id uint8) {
	m.keys.drop(id)
	for _, d := range m.daemons {
		if d.life != nil {
			d.life.keys.drop(id)
		}
		for _, l := range d.candidates {
			l.keys.drop(id)
		}
	}
}

// drop forgets the objects made from a key.
func (s *subkeys) drop(key uint8) {
	s.entries = slices.DeleteFunc(s.entries, func(e subkey) bool { return e.key == key })
}

// KeyStatus tells how far a rotation of keys has come; in plaintext mode it is
// empty.
type KeyStatus struct {
	Active    uint8   // seals what this daemon sends
	Installed []uint8 // all that open packets, the active one among them
	// Peers tells with which key each daemon that is heard seals.
	Peers []PeerKey
}

// PeerKey is the key with which a daemon sealed the last packet that came from
// it. One other than Active shows a daemon a step behind, or ahead.
type PeerKey struct {
	Daemon DaemonID
	Name   string
	Key    uint8
}

func (m *Multipath) keyStatus() KeyStatus {
	if !m.env.sealed() {
		return KeyStatus{}
	}
	s := KeyStatus{Active: m.activeKey}
	for i := range m.env.ring.keys {
		s.Installed = append(s.Installed, m.env.ring.keys[i].ID)
	}
	for _, d := range m.daemons {
		if d.life != nil && d.life.heard {
			s.Peers = append(s.Peers, PeerKey{Daemon: d.ID, Name: d.Name, Key: d.life.sealedWith})
		}
	}
	return s
}
