package frame

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// raw builds wire bytes from pieces: hex digits (spaces ignored), or 'text'
// padded to a name field, or "text" as it is.
func raw(pieces ...string) []byte {
	var out []byte
	for _, p := range pieces {
		switch p[0] {
		case '\'':
			out = append(out, name(p[1:len(p)-1])...)
		case '"':
			out = append(out, p[1:len(p)-1]...)
		default:
			b, err := hex.DecodeString(strings.ReplaceAll(p, " ", ""))
			if err != nil {
				panic(err)
			}
			out = append(out, b...)
		}
	}
	return out
}

func name(text string) []byte {
	field := make([]byte, NameSize)
	copy(field, text)
	return field
}

func wantBytes(t *testing.T, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("got\n%swant\n%s", hex.Dump(got), hex.Dump(want))
	}
}

const (
	p1 = "#user1#alpha"
	p2 = "#user2#alpha"
)

// TestRequestVectors reads the requests of sections 6 and 13.
func TestRequestVectors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		have   []byte
		typ    Type
		hint   int16
		little bool
		groups []string
		data   string
	}{
		{
			name: "join chat",
			have: raw("80 00 01 80", "'#user1#alpha'", "01 00 00 00", "80 00 00 80", "00 00 00 00", "'chat'"),
			typ:  Join, little: true, groups: []string{"chat"},
		},
		{
			name: "safe from a big-endian client",
			have: raw("00 00 00 60", "'#user1#alpha'", "00 00 00 02", "00 FF FE 00", "00 00 00 02", "'chat'", "'other'", "68 69"),
			typ:  Safe | SelfDiscard, hint: -2, groups: []string{"chat", "other"}, data: "hi",
		},
		{
			name: "agreed, type 7",
			have: raw("90 00 00 80", "'#user1#alpha'", "01 00 00 00", "80 07 00 80", "05 00 00 00", "'chat'", "\"hello\""),
			typ:  Agreed, hint: 7, little: true, groups: []string{"chat"}, data: "hello",
		},
		{
			name: "to nobody",
			have: raw("81 00 00 80", "'#user1#alpha'", "00 00 00 00", "80 00 00 80", "01 00 00 00", "2A"),
			typ:  Unreliable, little: true, data: "*",
		},
		{
			name: "leave, more groups and data",
			have: raw("80 00 02 80", "'#user1#alpha'", "02 00 00 00", "80 00 00 80", "01 00 00 00", "'chat'", "'x'", "2A"),
			typ:  Leave, little: true, groups: []string{"chat", "x"}, data: "*",
		},
		{
			name: "subgroup cast of the flush library",
			have: raw("84 00 00 C0", "'#user1#alpha'", "01 00 00 00", "80 00 80 80", "00 00 00 00", "'chat'"),
			typ:  FIFO | 1<<30, hint: -32768, little: true, groups: []string{"chat"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, n, err := ParseRequest(tt.have, p1, MaxBody)
			if err != nil || n != len(tt.have) {
				t.Fatalf("n %d of %d, error %v", n, len(tt.have), err)
			}
			if r.Type != tt.typ || r.Hint.MessageType() != tt.hint || r.Hint.LittleEndian() != tt.little || string(r.Data) != tt.data {
				t.Errorf("got %+v", r)
			}
			if got := r.Groups.Strings(); strings.Join(got, " ") != strings.Join(tt.groups, " ") {
				t.Errorf("groups %q, want %q", got, tt.groups)
			}
		})
	}
}

// TestClearedBits: bits 8-15 and 19-23 never pass, 6 and 24-30 do.
func TestClearedBits(t *testing.T) {
	for bit := range 32 {
		b := AppendMessage(nil, Agreed|1<<bit, p1, NewHint(0), []string{"g"}, nil)
		r, _, err := ParseRequest(b, p1, MaxBody)
		switch {
		case bit < 6 && bit != 4, bit >= 16 && bit <= 18:
			if err != BadService {
				t.Errorf("bit %d: error %v, want BadService", bit, err)
			}
		case err != nil:
			t.Errorf("bit %d: %v", bit, err)
		case bit == 6, bit >= 24 && bit <= 30:
			if r.Type != Agreed|1<<bit {
				t.Errorf("bit %d: type %#x does not pass", bit, r.Type)
			}
		default:
			if r.Type != Agreed {
				t.Errorf("bit %d: type %#x, want it cleared", bit, r.Type)
			}
		}
	}
}

// TestRequestViolations holds the table of section 4.4 and its edges.
func TestRequestViolations(t *testing.T) {
	good := func() []byte { return AppendMessage(nil, Agreed, p1, NewHint(7), []string{"chat"}, []byte("hello")) }
	put := func(at int, v ...byte) func() []byte {
		return func() []byte { b := good(); copy(b[at:], v); return b }
	}
	request := func(t Type, groups, data int) func() []byte {
		return func() []byte {
			return AppendMessage(nil, t, p1, NewHint(0), make([]string, groups), make([]byte, data))
		}
	}
	for _, tt := range []struct {
		name string
		have func() []byte
		want error
	}{
		{"good", good, nil},
		{"half a marker", put(3, 0), BadMarker},
		{"the other half", put(0, 0x10), BadMarker},
		{"no service", put(0, 0x80), BadService},
		{"two services", put(0, 0x91), BadService},
		{"service and join", put(2, 1), BadService},
		{"join and leave", request(Join|Leave, 1, 0), BadService},
		{"foreign private group", put(4, []byte(p2)...), BadPrivate},
		{"private group without its daemon", put(4, name("user1")...), BadPrivate},
		{"empty private group", put(4, name("")...), BadPrivate},
		{"100 groups", request(Agreed, 100, 0), nil},
		{"101 groups", request(Agreed, 101, 0), BadGroups},
		{"-1 groups", put(36, 0xff, 0xff, 0xff, 0xff), BadGroups},
		{"groups whose bytes overflow 32 bits", put(36, 0, 0, 0, 8), BadGroups},
		{"hint bit 0", put(40, 0x81), BadHint},
		{"hint bit 6", put(40, 0xc0), BadHint},
		{"hint bit 24", put(43, 0x81), BadHint},
		{"hint bit 30", put(43, 0xc0), BadHint},
		{"hint all types", put(41, 0xff, 0xff), nil},
		{"-1 bytes", put(44, 0xff, 0xff, 0xff, 0xff), BadLength},
		{"least negative length", put(44, 0, 0, 0, 0x80), BadLength},
		{"longest data", request(Safe, 0, MaxBody), nil},
		{"one byte more", request(Safe, 0, MaxBody+1), BadLength},
		{"longest with groups", request(Safe, 100, MaxBody-3200), nil},
		{"one byte more with groups", request(Safe, 100, MaxBody-3199), BadLength},
		{"join of nothing", request(Join, 0, 0), NoGroup},
		{"leave of nothing", request(Leave, 0, 0), NoGroup},
		{"disconnect of nothing", request(Kill, 0, 0), nil},
		{"all zero", func() []byte { return make([]byte, 200) }, BadService},
		{"all ones", func() []byte { return bytes.Repeat([]byte{0xff}, 200) }, BadGroups},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.have()
			_, n, err := ParseRequest(b, p1, MaxBody)
			if err != tt.want {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if err == nil && n != len(b) {
				t.Errorf("%d bytes of %d", n, len(b))
			}
		})
	}
}

// TestRequestCut: cut after each byte, a request asks for more, never for
// less than it has, and the header is judged as soon as it is there.
func TestRequestCut(t *testing.T) {
	b := AppendMessage(nil, Agreed, p1, NewHint(7), []string{"chat", "x"}, []byte("hello"))
	for i := range b {
		want := HeaderSize
		if i >= HeaderSize {
			want = len(b)
		}
		if _, n, err := ParseRequest(b[:i:i], p1, MaxBody); err != ErrShort || n != want {
			t.Fatalf("cut at %d: n %d error %v, want %d and ErrShort", i, n, err, want)
		}
	}
	two := append(bytes.Clone(b), b...)
	if _, n, err := ParseRequest(two, p1, MaxBody); err != nil || n != len(b) {
		t.Fatalf("glued: n %d error %v", n, err)
	}
}

// TestUnterminatedName: byte 31 of every name is taken as zero (section 10.2).
func TestUnterminatedName(t *testing.T) {
	b := AppendMessage(nil, Join, p1, NewHint(0), []string{"g"}, nil)
	copy(b[HeaderSize:], bytes.Repeat([]byte{'a'}, NameSize))
	r, _, err := ParseRequest(b, p1, MaxBody)
	if err != nil || string(r.Groups.At(0)) != strings.Repeat("a", 31) {
		t.Fatalf("got %q, %v", r.Groups.At(0), err)
	}
	wantBytes(t, appendName(nil, strings.Repeat("b", 40)), append(bytes.Repeat([]byte{'b'}, 31), 0))
}

func TestHint(t *testing.T) {
	for _, tt := range []struct {
		wire   Hint
		typ    int16
		little bool
	}{
		{Hint{0x80, 0x07, 0x00, 0x80}, 7, true},
		{Hint{0x00, 0xff, 0xfe, 0x00}, -2, false},
		{Hint{0x80, 0, 0, 0x80}, 0, true},
		{Hint{}, 0, false},
		{Hint{0x80, 0x00, 0x80, 0x80}, -32768, true},
	} {
		if tt.wire.MessageType() != tt.typ || tt.wire.LittleEndian() != tt.little {
			t.Errorf("%x: type %d little %t", tt.wire, tt.wire.MessageType(), tt.wire.LittleEndian())
		}
		if tt.little && NewHint(tt.typ) != tt.wire {
			t.Errorf("type %d: %x, want %x", tt.typ, NewHint(tt.typ), tt.wire)
		}
	}
}

// TestEventVectors writes and reads the frames of section 13 and of the
// examples in 7.2 to 7.5.
func TestEventVectors(t *testing.T) {
	id := GroupID{-1, 1, 2}
	gid := "FF FF FF FF 01 00 00 00 02 00 00 00"
	one := [][]string{{p1}}
	for _, tt := range []struct {
		name string
		have []byte
		want []byte
		kind Kind
	}{
		{
			"1 user1 joins", AppendMembership(nil, CausedByJoin, "chat", id, []string{p1}, one, 0),
			raw("80 11 00 80", "'chat'", "01 00 00 00", "80 00 00 80", "38 00 00 00", "'#user1#alpha'", gid,
				"01 00 00 00", "00 00 00 00", "01 00 00 00", "'#user1#alpha'"), KindMembership,
		},
		{
			"2 user2 joins", AppendMembership(nil, CausedByJoin, "chat", id, []string{p1, p2}, [][]string{{p2}}, 0),
			raw("80 11 00 80", "'chat'", "02 00 00 00", "80 00 00 80", "38 00 00 00", "'#user1#alpha'", "'#user2#alpha'", gid,
				"01 00 00 00", "00 00 00 00", "01 00 00 00", "'#user2#alpha'"), KindMembership,
		},
		{
			"3 agreed hello", AppendMessage(nil, Agreed, p1, NewHint(7), []string{"chat"}, []byte("hello")),
			raw("90 00 00 80", "'#user1#alpha'", "01 00 00 00", "80 07 00 80", "05 00 00 00", "'chat'", "68 65 6C 6C 6F"), KindMessage,
		},
		{
			"4 safe hi", AppendMessage(nil, Safe|SelfDiscard, p1, Hint{0, 0xff, 0xfe, 0}, []string{"chat", "other"}, []byte("hi")),
			raw("E0 00 00 80", "'#user1#alpha'", "02 00 00 00", "00 FF FE 00", "02 00 00 00", "'chat'", "'other'", "68 69"), KindMessage,
		},
		{
			"5 user2 leaves", AppendMembership(nil, CausedByLeave, "chat", id, []string{p1}, [][]string{{p2}}, 0),
			raw("80 12 00 80", "'chat'", "01 00 00 00", "80 00 00 80", "38 00 00 00", "'#user1#alpha'", gid,
				"01 00 00 00", "00 00 00 00", "01 00 00 00", "'#user2#alpha'"), KindMembership,
		},
		{
			"5 self-leave", AppendSelfLeave(nil, "chat"),
			raw("80 02 00 80", "'chat'", "00 00 00 00", "80 00 00 80", "00 00 00 00"), KindSelfLeave,
		},
		{
			"7 user2 disconnects", AppendMembership(nil, CausedByDisconnect, "chat", id, []string{p1}, [][]string{{p2}}, 0),
			raw("80 14 00 80", "'chat'", "01 00 00 00", "80 00 00 80", "38 00 00 00", "'#user1#alpha'", gid,
				"01 00 00 00", "00 00 00 00", "01 00 00 00", "'#user2#alpha'"), KindMembership,
		},
		{
			"network", AppendMembership(nil, CausedByNetwork, "chat", GroupID{-0x50f528cf, 0x6b005378, 1},
				[]string{"#ann#alpha", "#bob#beta", "#cat#gamma"}, [][]string{{"#cat#gamma"}, {"#ann#alpha", "#bob#beta"}}, 1),
			raw("80 18 00 80", "'chat'", "03 00 00 00", "80 00 00 80", "7C 00 00 00",
				"'#ann#alpha'", "'#bob#beta'", "'#cat#gamma'", "31 D7 0A AF 78 53 00 6B 01 00 00 00",
				"02 00 00 00", "24 00 00 00", "01 00 00 00", "'#cat#gamma'",
				"02 00 00 00", "'#ann#alpha'", "'#bob#beta'"), KindMembership,
		},
		{
			"transitional signal", AppendTransition(nil, "chat", id),
			raw("80 20 00 80", "'chat'", "00 00 00 00", "80 00 00 80", "0C 00 00 00", gid), KindTransition,
		},
		{
			"refused join", AppendReject(nil, CausedByJoin, p1, NewHint(0), []string{"chat"}, nil),
			raw("80 00 40 80", "'#user1#alpha'", "02 00 00 00", "80 00 00 80", "00 00 00 00", "80 01 00 80",
				"'chat'", "'#user1#alpha'"), KindReject,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantBytes(t, tt.have, tt.want)
			e, n, err := ParseEvent(tt.have, 1<<20)
			if err != nil || n != len(tt.have) || e.Type.Kind() != tt.kind {
				t.Fatalf("n %d kind %d error %v", n, e.Type.Kind(), err)
			}
		})
	}
}

func TestRejectOf100Groups(t *testing.T) {
	groups := make([]string, 100)
	for i := range groups {
		groups[i] = string(rune('A'+i%26)) + "x"
	}
	e, _, err := ParseEvent(AppendReject(nil, Agreed, p1, NewHint(3), groups, []byte("d")), 1<<20)
	if err != nil || e.Groups.Len() != 100 || string(e.Groups.At(99)) != p1 || string(e.Groups.At(98)) != groups[98] {
		t.Fatalf("%d groups, last %q, error %v", e.Groups.Len(), e.Groups.At(99), err)
	}
	if e.Original != Agreed || string(e.Data) != "d" || string(e.Name) != p1 {
		t.Errorf("got %+v", e)
	}
}

// TestBigEndianEvents: a daemon of the other byte order is understood.
func TestBigEndianEvents(t *testing.T) {
	b := raw("00 00 18 00", "'chat'", "00 00 00 02", "80 00 00 80", "00 00 00 5C", "'#a#x'", "'#b#y'",
		"00 00 00 01 00 00 00 02 00 00 00 03", "00 00 00 02", "00 00 00 24",
		"00 00 00 01", "'#a#x'", "00 00 00 01", "'#b#y'")
	e, n, err := ParseEvent(b, 1<<20)
	if err != nil || n != len(b) {
		t.Fatalf("n %d error %v", n, err)
	}
	m, err := ParseMembership(e)
	if err != nil || m.ID != (GroupID{1, 2, 3}) || m.Own != 1 || len(m.Sets) != 2 || m.Cause != CausedByNetwork {
		t.Fatalf("%+v, %v", m, err)
	}
	if string(m.Sets[1].At(0)) != "#b#y" || m.Members.Len() != 2 {
		t.Errorf("%+v", m)
	}
}

func TestMembershipViolations(t *testing.T) {
	good := func() []byte {
		return AppendMembership(nil, CausedByNetwork, "g", GroupID{1, 2, 3}, []string{"a", "b"}, [][]string{{"a"}, {"b"}}, 1)
	}
	const body = HeaderSize + 2*NameSize
	parse := func(b []byte) error {
		e, _, err := ParseEvent(b, 1<<20)
		if err != nil {
			return err
		}
		_, err = ParseMembership(e)
		return err
	}
	if err := parse(good()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		at   int
		v    []byte
	}{
		{"no set", body + 12, []byte{0}},
		{"one set less", body + 12, []byte{1}},
		{"one set more", body + 12, []byte{3}},
		{"huge number of sets", body + 12, []byte{0xff, 0xff, 0xff, 0xff}},
		{"own offset inside a set", body + 16, []byte{1}},
		{"own offset at the end", body + 16, []byte{72}},
		{"own offset huge", body + 16, []byte{0xff, 0xff, 0xff, 0xff}},
		{"empty set before the other", body + 20, []byte{0}},
		{"set over the end", body + 20, []byte{3}},
		{"set whose bytes overflow 32 bits", body + 20, []byte{1, 0, 0, 8}},
		{"no cause", 1, []byte{0x10}},
		{"two causes", 1, []byte{0x13}},
		{"body cut", 44, []byte{71}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := good()
			copy(b[tt.at:], tt.v)
			if err := parse(b); err != BadBody {
				t.Errorf("error %v, want BadBody", err)
			}
		})
	}
	for i := range good() {
		if _, _, err := ParseEvent(good()[:i], 1<<20); err != ErrShort {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func TestEventViolations(t *testing.T) {
	good := func() []byte { return AppendMessage(nil, Agreed, p1, NewHint(0), []string{"g"}, []byte("data")) }
	size := len(good())
	for _, tt := range []struct {
		name string
		at   int
		v    []byte
		max  int
		want error
	}{
		{"fits exactly", 0, nil, size, nil},
		{"one byte too long", 0, nil, size - 1, BadLength},
		{"nothing known", 0, []byte{0x80}, size, BadService},
		{"-1 groups", 36, []byte{0xff, 0xff, 0xff, 0xff}, size, BadGroups},
		{"-1 bytes", 44, []byte{0xff, 0xff, 0xff, 0xff}, size, BadLength},
		{"marker", 0, []byte{0x10}, size, BadMarker},
	} {
		b := good()
		copy(b[tt.at:], tt.v)
		if _, _, err := ParseEvent(b, tt.max); !errors.Is(err, tt.want) && err != tt.want {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
	e, _, _ := ParseEvent(AppendTransition(nil, "g", GroupID{1, 2, 3}), 1<<20)
	if id, err := ParseTransition(e); err != nil || id != (GroupID{1, 2, 3}) {
		t.Errorf("transition %v, %v", id, err)
	}
	e.Data = e.Data[:11]
	if _, err := ParseTransition(e); err != BadBody {
		t.Errorf("short transition: %v", err)
	}
}

// TestParseRequestInPlace: decoding does not allocate.
func TestParseRequestInPlace(t *testing.T) {
	b := AppendMessage(nil, Agreed, p1, NewHint(7), []string{"chat", "x"}, []byte("hello"))
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := ParseRequest(b, p1, MaxBody); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
