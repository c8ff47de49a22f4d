package multipath

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

// pair returns two daemons that know each other.
func pair(t testing.TB, change ...func(*Config)) *world {
	w := newWorld(t, 2, 2, change...)
	w.until(t0, "mutual", w.allMutual)
	return w
}

const t0 = 500 * ms

// packet seals a payload of daemon 1 for daemon 0.
func (w *world) packet(payload string) []byte {
	w.nodes[1].Send(w.now, KindUpper, testID(0), true, []byte(payload))
	out := w.nodes[1].Datagrams()
	return slices.Clone(out[0].Data)
}

// sealAs seals a body of daemon 1 as whatever kind.
func (w *world) sealAs(kind Kind, body []byte) []byte {
	return slices.Clone(w.nodes[1].sealOwn(kind, body))
}

// give hands bytes to daemon 0 and returns which counters moved.
func (w *world) give(data []byte, from netip.AddrPort) map[string]uint64 {
	before := w.status(0).Counters
	w.receive(w.nodes[0], 0, from, slices.Clone(data))
	w.nodes[0].Datagrams()
	return moved(before, w.status(0).Counters)
}

func moved(a, b Counters) map[string]uint64 {
	m := map[string]uint64{}
	for name, v := range map[string][2]uint64{
		"accepted": {a.Accepted, b.Accepted}, "duplicate": {a.Duplicates, b.Duplicates}, "beyond": {a.BeyondWindow, b.BeyondWindow},
		"own": {a.Own, b.Own}, "short": {a.Short, b.Short}, "version": {a.Version, b.Version}, "key": {a.UnknownKey, b.UnknownKey},
		"sender": {a.UnknownSender, b.UnknownSender}, "address": {a.WrongAddress, b.WrongAddress}, "auth": {a.Authentication, b.Authentication},
		"unproven": {a.UnprovenLife, b.UnprovenLife}, "superseded": {a.SupersededLife, b.SupersededLife}, "kind": {a.WrongKind, b.WrongKind},
		"network": {a.WrongNetwork, b.WrongNetwork}, "malformed": {a.Malformed, b.Malformed}, "parts": {a.PartsDropped, b.PartsDropped},
		"twin": {a.DuplicateIdentity, b.DuplicateIdentity}, "limited": {a.OperatorLimited, b.OperatorLimited}, "commands": {a.Commands, b.Commands},
	} {
		if v[1] != v[0] {
			m[name] = v[1] - v[0]
		}
	}
	return m
}

// correctness 9, datagram envelope: each refusal moves its one counter.
func TestRefusedDatagrams(t *testing.T) {
	w := pair(t)
	from := testAddr(0, 1)
	put32 := func(at int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { binary.BigEndian.PutUint32(b[at:], v); return b }
	}
	put64 := func(at int, v uint64) func([]byte) []byte {
		return func(b []byte) []byte { binary.BigEndian.PutUint64(b[at:], v); return b }
	}
	set := func(at int, v byte) func([]byte) []byte { return func(b []byte) []byte { b[at] = v; return b } }
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
		from   netip.AddrPort
		want   string
	}{
		{"empty", cut(0), from, "short"},
		{"one byte", cut(1), from, "short"},
		{"header only", cut(headerSize), from, "short"},
		{"one byte less than an empty packet", cut(headerSize + tagSize - 1), from, "short"},
		{"no body", cut(headerSize + tagSize), from, "auth"},
		{"hello too short for its incarnation", func(b []byte) []byte { b[3] = byte(KindHello); return b[:headerSize+tagSize+7] }, from, "short"},
		{"magic", set(0, 0x6e), from, "version"},
		{"version 0", set(1, 0), from, "version"},
		{"next version", set(1, (wireVersion+1)<<4), from, "version"},
		{"other cipher", set(1, wireVersion<<4|1), from, "version"},
		{"plaintext", set(1, wireVersion<<4|plaintextMode), from, "version"},
		{"unknown key", set(2, 99), from, "key"},
		{"other key", set(2, 8), from, "auth"},
		{"kind 0", set(3, 0), from, "kind"},
		{"kind of nobody", set(3, 31), from, "kind"},
		{"operator kind of a daemon", set(3, byte(KindOperator)), from, "kind"},
		{"other kind", set(3, byte(KindUpper)+1), from, "auth"},
		{"sender 0", put32(4, 0), from, "sender"},
		{"unknown sender", put32(4, 0x9999), from, "sender"},
		{"operator as sender", put32(4, uint32(OperatorID)), from, "kind"},
		{"me as sender", put32(4, uint32(testID(0))), from, "address"},
		{"me and my life", func(b []byte) []byte {
			binary.BigEndian.PutUint32(b[4:], uint32(testID(0)))
			binary.BigEndian.PutUint64(b[8:], w.nodes[0].short)
			return b
		}, from, "own"},
		{"unknown life", put64(8, 12345), from, "unproven"},
		{"counter 0", put64(16, 0), from, "beyond"},
		{"counter far ahead", put64(16, 1<<62), from, "beyond"},
		{"counter a little ahead", put64(16, 1<<28+5), from, "auth"},
		{"greatest counter", put64(16, 1<<64-1), from, "beyond"},
		{"address of nobody", nil, netip.MustParseAddrPort("192.0.2.1:4803"), "address"},
		{"address of another daemon", nil, testAddr(0, 0), "address"},
		{"trailing byte", func(b []byte) []byte { return append(b, 0) }, from, "auth"},
		{"twice in one datagram", func(b []byte) []byte { return append(b, b...) }, from, "auth"},
		{"all zero", func(b []byte) []byte { clear(b); return b }, from, "version"},
		{"all ones", func(b []byte) []byte { return bytes.Repeat([]byte{0xff}, len(b)) }, from, "version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := w.packet("a payload of some length")
			if c.change != nil {
				data = c.change(data)
			}
			if got := w.give(data, c.from); len(got) != 1 || got[c.want] != 1 {
				t.Errorf("counted %v, want %s", got, c.want)
			}
		})
	}
	if n := len(w.nodes[0].packets); n != 0 {
		t.Errorf("%d refused packets came up", n)
	}
	// After all that the true packet is accepted, from another port too, and as
	// a mapped address (MPX-3: nothing above moved the window).
	data := w.packet("true")
	mapped := netip.AddrPortFrom(netip.AddrFrom16(from.Addr().As16()), 999)
	if got := w.give(data, mapped); got["accepted"] != 1 {
		t.Errorf("true packet: %v", got)
	}
}

// correctness 9, authentication: a flipped bit anywhere is refused, and the
// packet itself is still accepted afterwards.
func TestEveryBitIsAuthenticated(t *testing.T) {
	for _, mode := range []struct {
		name   string
		change func(*Config)
	}{
		{"aes", func(*Config) {}},
		{"chacha", func(c *Config) { c.Cipher = ChaCha20Poly1305 }},
		{"plaintext", func(c *Config) { c.Plaintext = true }},
	} {
		t.Run(mode.name, func(t *testing.T) {
			w := pair(t, mode.change)
			for _, kind := range []Kind{KindUpper, KindHello} {
				data := w.sealAs(kind, []byte("some body"))
				for bit := range len(data) * 8 {
					bad := slices.Clone(data)
					bad[bit/8] ^= 1 << (bit % 8)
					if got := w.give(bad, testAddr(0, 1)); got["accepted"] != 0 {
						t.Fatalf("kind %d, bit %d flipped: %v", kind, bit, got)
					}
				}
				for n := range data {
					if got := w.give(data[:n], testAddr(0, 1)); got["accepted"] != 0 {
						t.Fatalf("cut to %d: %v", n, got)
					}
				}
				if got := w.give(data, testAddr(0, 1)); got["accepted"] != 1 {
					t.Fatalf("kind %d, unchanged: %v", kind, got)
				}
				if got := w.give(data, testAddr(0, 1)); got["duplicate"] != 1 || got["accepted"] != 0 {
					t.Fatalf("replayed: %v", got)
				}
			}
		})
	}
}

func TestOtherClusterKeyAndSplices(t *testing.T) {
	w := pair(t)
	other := pair(t, func(c *Config) { c.Cluster = "other" })
	other.nodes[1].Multipath.short = w.nodes[1].short
	if got := w.give(other.packet("x"), testAddr(0, 1)); got["auth"] != 1 {
		t.Errorf("packet of another cluster: %v", got)
	}
	wrong := pair(t, func(c *Config) { c.Keys = []Key{{ID: 7, Active: true, Secret: [32]byte{66}}} })
	wrong.nodes[1].Multipath.short = w.nodes[1].short
	if got := w.give(wrong.packet("x"), testAddr(0, 1)); got["auth"] != 1 {
		t.Errorf("packet under another key: %v", got)
	}
	a, b := w.packet("aaaa"), w.packet("bbbb")
	splice := append(slices.Clone(a[:headerSize]), b[headerSize:]...)
	if got := w.give(splice, testAddr(0, 1)); got["auth"] != 1 {
		t.Errorf("header of one, body of another: %v", got)
	}
	// What a daemon sent is not accepted as sent by its receiver.
	reflected := slices.Clone(w.packet("x"))
	binary.BigEndian.PutUint32(reflected[4:], uint32(testID(0)))
	if got := w.give(reflected, testAddr(0, 0)); got["unproven"] != 1 {
		t.Errorf("reflected: %v", got)
	}
}

// The cluster's name is authenticated in itself, not only by the key.
func TestClusterIsAuthenticated(t *testing.T) {
	for _, plain := range []bool{false, true} {
		a, _ := newEnvelope("a", plain, AES256GCM, testKeys(), newEntropy(1))
		b, _ := newEnvelope("b", plain, AES256GCM, testKeys(), newEntropy(1))
		var aead cipher.AEAD
		if !plain {
			aead = a.ring.derive(&a.ring.keys[0], 1, Incarnation{}, 0)
		}
		data := a.seal(make([]byte, 0, a.size(KindUpper, 1)), aead, header{kind: KindUpper}, nil, []byte("x"))
		if _, ok := b.open(aead, headerSize, slices.Clone(data)); ok {
			t.Errorf("plaintext %v: accepted in another cluster", plain)
		}
		if _, ok := a.open(aead, headerSize, data); !ok {
			t.Errorf("plaintext %v: refused at home", plain)
		}
	}
}

// A hello that names another incarnation with the same short one is not of the
// proven life, also where no key depends on it.
func TestHelloOfHalfTheIncarnation(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := pair(t, func(c *Config) { c.Plaintext = plain })
		w.nodes[1].cfg.Incarnation[15] ^= 1
		if got := w.give(w.sealAs(KindHello, []byte{0, 0, 255, 0, 0, 1, 9}), testAddr(0, 1)); len(got) != 1 || got["auth"] != 1 {
			t.Errorf("plaintext %v: %v", plain, got)
		}
	}
}

// A copy that was not authenticated is credited to its network only if its tag
// is right (protocol rule 2).
func TestForgedCopyCreditsNothing(t *testing.T) {
	w := pair(t)
	data := w.packet("x")
	w.give(data, testAddr(0, 1))
	d := w.nodes[0].byID[testID(1)]
	before, heard := d.ledger, d.paths[1].lastHeard
	w.now += ms
	forged := slices.Clone(data)
	forged[len(forged)-tagSize] ^= 1
	w.nodes[0].Receive(w.now, 1, testAddr(1, 1), forged)
	if d.ledger != before || d.paths[1].lastHeard != heard {
		t.Error("a forged copy was credited")
	}
	w.nodes[0].Receive(w.now, 1, testAddr(1, 1), data)
	if d.ledger.lines[1].late != before.lines[1].late+1 || d.paths[1].lastHeard != w.now {
		t.Error("a true copy was not credited")
	}
}

// SEC-3: both keys open packets; the active one seals.
func TestKeyRotation(t *testing.T) {
	w := newWorld(t, 2, 2)
	c := w.base
	c.Keys = testKeys()
	c.Keys[0].Active, c.Keys[1].Active = false, true
	c.Self, c.Entropy, c.Incarnation = testID(1), newEntropy(3), Incarnation{5}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.nodes[1].Multipath = m
	w.until(t0, "mutual", w.allMutual)
	w.multicast(0, "a")
	w.multicast(1, "b")
	w.run(10 * ms)
	if len(w.payloads(0)) != 1 || len(w.payloads(1)) != 1 {
		t.Error("a daemon one step behind lost packets")
	}
}

// SEC-5: nonces come from the entropy source for every packet.
func TestNonces(t *testing.T) {
	w := pair(t)
	seen := map[string]bool{}
	for range 1000 {
		n := string(w.packet("x")[nonceAt:headerSize])
		if seen[n] {
			t.Fatal("a nonce came twice")
		}
		seen[n] = true
	}
}

func TestSubkeysAreDistinct(t *testing.T) {
	r, err := newKeyring("c", AES256GCM, testKeys())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	nonce := make([]byte, nonceSize)
	for key := range 2 {
		for sender := DaemonID(1); sender < 3; sender++ {
			for inc := byte(0); inc < 2; inc++ {
				for epoch := uint64(0); epoch < 3; epoch++ {
					name := fmt.Sprint(key, sender, inc, epoch)
					out := string(r.derive(&r.keys[key], sender, Incarnation{15: inc}, epoch).Seal(nil, nonce, make([]byte, 32), nil))
					if other, ok := seen[out]; ok {
						t.Errorf("%s and %s have one key", name, other)
					}
					seen[out] = name
				}
			}
		}
	}
}

func TestEnvelopeSizes(t *testing.T) {
	for _, plain := range []bool{false, true} {
		e, err := newEnvelope("c", plain, AES256GCM, testKeys(), newEntropy(1))
		if err != nil {
			t.Fatal(err)
		}
		if n := e.size(KindUpper, 0); n > Overhead {
			t.Errorf("overhead %d", n)
		}
	}
}

func TestSubkeyCacheIsBounded(t *testing.T) {
	w := pair(t)
	data := w.packet("x")
	for i := range uint64(100) {
		for _, key := range []byte{7, 8} {
			bad := slices.Clone(data)
			bad[2] = key
			binary.BigEndian.PutUint64(bad[16:], i<<epochShift+77)
			w.give(bad, testAddr(0, 1))
		}
	}
	if n := len(w.nodes[0].byID[testID(1)].life.keys.entries); n > 3*maxKeys {
		t.Errorf("%d sub-keys cached", n)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no network":        func(c *Config) { c.Networks = nil },
		"nine networks":     func(c *Config) { c.Networks = make([]Network, 9) },
		"same network name": func(c *Config) { c.Networks[1].Name = c.Networks[0].Name },
		"no daemon":         func(c *Config) { c.Daemons = nil },
		"129 daemons":       func(c *Config) { c.Daemons = testConfig(129, 1).Daemons },
		"daemon twice":      func(c *Config) { c.Daemons[1].ID = c.Daemons[0].ID },
		"daemon 0":          func(c *Config) { c.Daemons[1].ID = 0 },
		"operator's id":     func(c *Config) { c.Daemons[1].ID = OperatorID },
		"self missing":      func(c *Config) { c.Self = 5 },
		"too many address lists": func(c *Config) {
			c.Daemons[0].Addresses = make([][]netip.AddrPort, 3)
		},
		"no time":         func(c *Config) { c.FailureDetection = 0 },
		"too much time":   func(c *Config) { c.FailureDetection = maxFailureDetection + 1 },
		"negative skew":   func(c *Config) { c.MaxSkew = -1 },
		"no entropy":      func(c *Config) { c.Entropy = nil },
		"unknown policy":  func(c *Config) { c.Policy = 2 },
		"unknown cipher":  func(c *Config) { c.Cipher = 2 },
		"no key":          func(c *Config) { c.Keys = nil },
		"five keys":       func(c *Config) { c.Keys = make([]Key, 5) },
		"no active key":   func(c *Config) { c.Keys[0].Active = false },
		"two active keys": func(c *Config) { c.Keys[1].Active = true },
		"key id twice":    func(c *Config) { c.Keys[1].ID = c.Keys[0].ID },
	} {
		c := testConfig(2, 2)
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	c := testConfig(128, 8)
	c.Plaintext, c.Keys = true, nil
	if _, err := New(c); err != nil {
		t.Errorf("largest configuration: %v", err)
	}
}
