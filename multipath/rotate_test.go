package multipath

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func keyOf(id uint8, active bool) Key {
	k := Key{ID: id, Active: active}
	k.Secret[0], k.Secret[31] = id, 0x5a
	return k
}

// rotation is the steps of a rotation from key 1 to key 2.
var rotation = [][]Key{
	{keyOf(1, true)},
	{keyOf(1, true), keyOf(2, false)},
	{keyOf(1, false), keyOf(2, true)},
	{keyOf(2, true)},
}

func withKeys(keys []Key) func(*Config) {
	return func(c *Config) { c.Keys = slices.Clone(keys) }
}

// SEC-7, SCN-33: keys are rotated under load, one daemon a step behind the
// others at every step. Nothing is lost, and the status names the one behind.
func TestRotationOneDaemonBehind(t *testing.T) {
	w := newWorld(t, 3, 2, withKeys(rotation[0]))
	w.form()
	sent := 0
	load := func() {
		for range 60 {
			w.multicast(sent%3, fmt.Sprint("m", sent))
			sent++
			w.run(5 * ms)
		}
	}
	for step := 1; step < len(rotation); step++ {
		for _, i := range []int{0, 2} {
			w.setKeys(i, rotation[step])
		}
		load()
		if step == 2 {
			s := w.nodes[0].Status(w.now).Keys
			want := []PeerKey{{testID(1), "h2", 1}, {testID(2), "h3", 2}}
			if s.Active != 2 || !slices.Equal(s.Peers, want) || !slices.Equal(s.Installed, []uint8{1, 2}) {
				t.Errorf("status %+v", s)
			}
		}
		w.setKeys(1, rotation[step])
		w.setKeys(1, rotation[step]) // idempotent
		load()
	}
	for i := range 3 {
		n := w.nodes[i].Status(w.now).Counters
		if got := len(w.payloads(i)); got != sent*2/3 || n.UnknownKey+n.Authentication != 0 {
			t.Errorf("daemon %d: %d of %d packets, %d under unknown keys, %d refused", i, got, sent*2/3, n.UnknownKey, n.Authentication)
		}
		if s := w.nodes[i].Status(w.now).Keys; s.Active != 2 || !slices.Equal(s.Installed, []uint8{2}) || s.Peers[0].Key != 2 || s.Peers[1].Key != 2 {
			t.Errorf("daemon %d: status %+v", i, s)
		}
	}
}

func (w *world) setKeys(i int, keys []Key) {
	w.t.Helper()
	if err := w.nodes[i].SetKeys(w.now, keys); err != nil {
		w.t.Fatalf("daemon %d: %v", i, err)
	}
	w.send(w.nodes[i])
}

// A daemon that sleeps through a whole rotation is heard no more: the old key
// is worth nothing once it is removed, although its sub-keys were in use.
func TestRemovedKeyOpensNothing(t *testing.T) {
	w := newWorld(t, 2, 1, withKeys(rotation[0]))
	w.form()
	for _, keys := range rotation[1:] {
		w.setKeys(0, keys)
	}
	before := w.nodes[0].counters.Accepted
	w.run(time.Second)
	n := w.nodes[0].counters
	if n.Accepted != before || n.UnknownKey == 0 || w.mutual(0, 1) {
		t.Errorf("accepted %d more packets, %d under an unknown key, mutual %v", n.Accepted-before, n.UnknownKey, w.mutual(0, 1))
	}
	// The id may come back with another secret; what it was derived to before
	// must not be used.
	again := keyOf(1, false)
	again.Secret[5] = 9
	w.setKeys(0, []Key{keyOf(2, true), again})
	w.run(time.Second)
	if n := w.nodes[0].counters; n.Accepted != before || n.Authentication == 0 {
		t.Errorf("accepted %d more packets under another key of the same id, %d refused", n.Accepted-before, n.Authentication)
	}
}

func TestSetKeysRefusals(t *testing.T) {
	other := keyOf(1, true)
	other.Secret[1]++
	for _, c := range []struct {
		name string
		have []Key
		to   []Key
		want error
	}{
		{"remove the active key", rotation[1], []Key{keyOf(2, true)}, ErrKeyActive},
		{"remove the only key", rotation[0], []Key{keyOf(2, true)}, ErrKeyNotInstalled},
		{"activate a key nobody has", rotation[0], []Key{keyOf(1, false), keyOf(2, true)}, ErrKeyNotInstalled},
		{"other secret", rotation[0], []Key{other}, ErrKeyChanged},
		{"no key", rotation[0], nil, nil},
		{"none active", rotation[0], []Key{keyOf(1, false)}, nil},
		{"two active", rotation[1], []Key{keyOf(1, true), keyOf(2, true)}, nil},
	} {
		cfg := testConfig(2, 1)
		cfg.Keys = slices.Clone(c.have)
		m, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = m.SetKeys(0, c.to)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if !slices.EqualFunc(m.env.ring.keys, c.have, func(a, b Key) bool { return a == b }) {
			t.Errorf("%s: the keys have changed", c.name)
		}
	}
	cfg := testConfig(2, 1)
	cfg.Plaintext = true
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SetKeys(0, rotation[0]); !errors.Is(err, ErrPlaintext) {
		t.Errorf("plaintext: %v", err)
	}
	if s := m.Status(0).Keys; s.Active != 0 || s.Installed != nil {
		t.Errorf("plaintext: status %+v", s)
	}
}

// SEC-18: what is replaced is wiped, and what the caller passed is not kept.
func TestReplacedKeysAreWiped(t *testing.T) {
	cfg := testConfig(2, 1)
	cfg.Keys = slices.Clone(rotation[1])
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	old := m.env.ring.keys
	keys := slices.Clone(rotation[2])
	if err := m.SetKeys(0, keys); err != nil {
		t.Fatal(err)
	}
	clear(keys)
	for i := range old {
		if old[i] != (Key{}) {
			t.Errorf("key %d is still there", old[i].ID)
		}
	}
	if m.env.ring.keys[1] != keyOf(2, true) {
		t.Error("the caller's list is in use")
	}
}
