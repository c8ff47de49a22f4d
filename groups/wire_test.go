package groups

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mpspread/ring"
)

var (
	testRing  = ring.RingID{Epoch: 7, Representative: ring.Process{Daemon: 1, Incarnation: 0xfeed}}
	olderRing = ring.RingID{Epoch: 5, Representative: ring.Process{Daemon: 2, Incarnation: 0xbeef}}
	oldRing   = ring.RingID{Epoch: 6, Representative: ring.Process{Daemon: 2, Incarnation: 0xbeef}}
)

// payloads are good ones of every kind.
func payloads() map[string][]byte {
	return map[string][]byte{
		"data": encodeData("ann", &Multicast{
			SelfDiscard: true, Flags: 0x41000000, Hint: [4]byte{0x80, 7, 0, 0x80},
			Groups: []string{"chat", "", "#bob#beta", "chat"}, Data: []byte("hello"),
		}),
		"data to nobody":   encodeData("a", &Multicast{}),
		"join":             encodeRequest(kindJoin, "ann", "chat"),
		"leave":            encodeRequest(kindLeave, "annannanna", strings.Repeat("g", 31)),
		"disconnect":       encodeRequest(kindDisconnect, "a", ""),
		"announcement":     (&announcement{conf: testRing, step: 3}).encode(),
		"announced chain":  (&announcement{conf: testRing, head: stateID{olderRing, 9}, digest: digest{1}, links: []ring.RingID{olderRing, oldRing}}).encode(),
		"piece":            (&piece{conf: testRing, size: 5, digest: digest{2}, bytes: []byte("table")}).encode(),
		"last piece of 3":  (&piece{conf: testRing, step: 1, index: 2, size: 2*pieceSize + 1, bytes: []byte{1}}).encode(),
		"first piece of 3": (&piece{conf: testRing, step: 1, index: 0, size: 2*pieceSize + 1, bytes: make([]byte, pieceSize)}).encode(),
	}
}

// reencode parses a payload and formats what was found.
func reencode(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errMalformed
	}
	switch kind(b[0]) {
	case kindData:
		m, err := parseData(b)
		if err != nil {
			return nil, err
		}
		var names []string
		for rest := m.groups; len(rest) > 0; {
			var name []byte
			name, rest = nextDestination(rest)
			names = append(names, string(name))
		}
		if len(names) != m.count {
			panic("destinations do not add up")
		}
		return encodeData(string(m.sender), &Multicast{
			SelfDiscard: m.selfDiscard, Flags: m.flags, Hint: m.hint, Groups: names, Data: m.data,
		}), nil
	case kindAnnouncement:
		a, err := parseAnnouncement(b)
		if err != nil {
			return nil, err
		}
		return a.encode(), nil
	case kindPiece:
		p, err := parsePiece(b)
		if err != nil {
			return nil, err
		}
		return p.encode(), nil
	default:
		r, err := parseRequest(b)
		if err != nil {
			return nil, err
		}
		return encodeRequest(r.kind, string(r.name), string(r.group)), nil
	}
}

func TestPayloadRoundTrip(t *testing.T) {
	for name, b := range payloads() {
		again, err := reencode(b)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: %x became %x, %v", name, b, again, err)
		}
	}
}

func TestDataMessage(t *testing.T) {
	m, err := parseData(payloads()["data"])
	if err != nil {
		t.Fatal(err)
	}
	want := dataMessage{selfDiscard: true, flags: 0x41000000, hint: [4]byte{0x80, 7, 0, 0x80}, sender: []byte("ann"), count: 4, groups: m.groups, data: []byte("hello")}
	if !reflect.DeepEqual(m, want) {
		t.Fatalf("have %+v, want %+v", m, want)
	}
	// Bits that are not the client's to set do not travel.
	m, err = parseData(encodeData("a", &Multicast{Flags: 0xffffffff}))
	if err != nil || m.flags != 0x7f000000 || m.selfDiscard {
		t.Fatalf("flags %x, self-discard %v, %v", m.flags, m.selfDiscard, err)
	}
}

func TestAnnouncement(t *testing.T) {
	want := announcement{conf: testRing, step: 2, head: stateID{olderRing, 9}, digest: digest{1, 2}, links: []ring.RingID{olderRing, oldRing}}
	if have, err := parseAnnouncement(want.encode()); err != nil || !reflect.DeepEqual(have, want) {
		t.Fatalf("have %+v, %v", have, err)
	}
}

// Correctness reference 9.
func TestMalformedPayloads(t *testing.T) {
	good := payloads()
	long := strings.Repeat("x", 32)
	manyGroups := make([]string, 101)
	piece3 := piece{conf: testRing, step: 1, index: 2, size: 2*pieceSize + 1, bytes: []byte{1}}
	alter := func(change func(p *piece)) []byte {
		p := piece3
		change(&p)
		return p.encode()
	}
	links := func(list ...ring.RingID) []byte { return (&announcement{conf: testRing, links: list}).encode() }
	for name, b := range map[string][]byte{
		"empty":                     {},
		"unknown kind 0":            {0, 1, 'a'},
		"unknown kind 7":            {7, 1, 'a'},
		"unknown kind 255":          {255, 1, 'a'},
		"request: no name":          encodeRequest(kindJoin, "", "chat"),
		"request: long name":        encodeRequest(kindJoin, "abcdefghijk", "chat"),
		"request: separator":        encodeRequest(kindJoin, "a#b", "chat"),
		"request: space":            encodeRequest(kindLeave, "a b", "chat"),
		"request: high byte":        encodeRequest(kindLeave, "a\x7f", "chat"),
		"join: no group":            encodeRequest(kindJoin, "ann", ""),
		"join: long group":          encodeRequest(kindJoin, "ann", long),
		"join: private group":       encodeRequest(kindJoin, "ann", "#ann#alpha"),
		"join: zero byte":           encodeRequest(kindJoin, "ann", "a\x00b"),
		"disconnect: a group":       append(encodeRequest(kindDisconnect, "ann", ""), 1, 'a'),
		"data: no sender":           encodeData("", &Multicast{}),
		"data: bad sender":          encodeData("#", &Multicast{}),
		"data: 101 groups":          encodeData("ann", &Multicast{Groups: manyGroups}),
		"data: long group":          encodeData("ann", &Multicast{Groups: []string{long}}),
		"data: zero byte":           encodeData("ann", &Multicast{Groups: []string{"a\x00"}}),
		"chain: twice":              links(oldRing, oldRing),
		"chain: falling":            links(oldRing, olderRing),
		"chain: zero":               links(ring.RingID{}),
		"chain: itself":             links(testRing),
		"chain: later":              links(ring.RingID{Epoch: 8}),
		"piece: no table":           alter(func(p *piece) { p.size, p.index, p.bytes = 0, 0, nil }),
		"piece: index = count":      alter(func(p *piece) { p.index = 3 }),
		"piece: greatest index":     alter(func(p *piece) { p.index = 1<<32 - 1 }),
		"piece: index overflows":    alter(func(p *piece) { p.index = 1 << 17 }),
		"piece: length short":       alter(func(p *piece) { p.bytes = nil }),
		"piece: length long":        alter(func(p *piece) { p.bytes = []byte{1, 2} }),
		"piece: not the last":       alter(func(p *piece) { p.index = 1 }),
		"piece: table too large":    alter(func(p *piece) { p.size, p.index = maxTableSize+1, maxTableSize/pieceSize }),
		"piece: table of 4 GiB - 1": alter(func(p *piece) { p.size, p.index, p.bytes = 1<<32-1, 0, make([]byte, pieceSize) }),
	} {
		if again, err := reencode(b); err == nil {
			t.Errorf("%s: accepted %x as %x", name, b, again)
		}
	}
	for name, b := range good {
		if name != "data" && name != "data to nobody" { // whose tail is data
			if _, err := reencode(append(slices.Clone(b), 0)); err == nil {
				t.Errorf("%s: accepted with a byte more", name)
			}
			if again, err := reencode(slices.Concat(b, b)); err == nil {
				t.Errorf("%s: accepted twice: %x", name, again)
			}
		}
		header := len(b)
		if name == "data" {
			header -= len("hello")
		}
		for n := range min(header, 4096) {
			if again, err := reencode(b[:n]); err == nil && !bytes.Equal(again, b[:n]) {
				t.Errorf("%s cut to %d: accepted as %x", name, n, again)
			} else if err == nil && (kind(b[0]) != kindAnnouncement || (header-n)%ringIDSize != 0) {
				t.Errorf("%s cut to %d: accepted", name, n)
			}
		}
	}
}

// Every accepted payload has one encoding, whatever bit is flipped.
func TestOneEncoding(t *testing.T) {
	for name, b := range payloads() {
		for i := range min(8*len(b), 1000) {
			flipped := slices.Clone(b)
			flipped[i/8] ^= 1 << (i % 8)
			if again, err := reencode(flipped); err == nil && !bytes.Equal(again, flipped) {
				t.Errorf("%s, bit %d: %x became %x", name, i, flipped, again)
			}
		}
	}
	for _, fill := range []byte{0, 0xff} {
		for n := range 200 {
			if _, err := reencode(bytes.Repeat([]byte{fill}, n)); err == nil {
				t.Errorf("%d bytes %x accepted", n, fill)
			}
		}
	}
}

func FuzzPayload(f *testing.F) {
	for _, b := range payloads() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := slices.Clone(b)
		again, err := reencode(b)
		if err == nil && !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
		if !bytes.Equal(before, b) {
			t.Fatal("input was changed")
		}
		// As a delivery it must be refused or taken, and leave no panic.
		g := New(testRing.Representative, "alpha", []Daemon{{ID: 1, Name: "alpha"}, {ID: 2, Name: "beta"}})
		g.Deliver(ring.Delivery{Conf: &ring.Configuration{New: oldRing, Members: []ring.Process{g.self}, Came: []ring.RingID{{}}}})
		g.Deliver(ring.Delivery{Sender: g.self, Payload: b})
		g.Deliver(ring.Delivery{Conf: &ring.Configuration{
			New: testRing, Members: []ring.Process{g.self, {Daemon: 2}}, Came: []ring.RingID{oldRing, {Epoch: 1}},
		}})
		g.Deliver(ring.Delivery{Sender: ring.Process{Daemon: 2}, Payload: b})
		g.Deliver(ring.Delivery{Sender: g.self, Payload: b})
	})
}
