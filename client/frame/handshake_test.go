package frame

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func TestHelloVectors(t *testing.T) {
	for _, tt := range []struct {
		name string
		have []byte
		want Hello
		err  error
	}{
		{name: "2.9 C 4.4", have: raw("04 04 00 01 05", "\"user1\""), want: Hello{Version: Version{4, 4, 0}, Membership: true, Name: "user1"}},
		{name: "2.6 library 3.1", have: raw("03 01 01 04", "\"user\""), want: Hello{Version: Version{3, 1, 0}, Membership: true, Name: "user"}},
		{name: "3.14, no patch byte", have: raw("03 0E 00 01 61"), want: Hello{Version: Version{3, 14, 0}, Name: "a"}},
		{name: "3.15, patch byte", have: raw("03 0F 02 00 01 61"), want: Hello{Version: Version{3, 15, 2}, Name: "a"}},
		{name: "C 5.0, priority", have: raw("05 00 01 11 00"), want: Hello{Version: Version{5, 0, 1}, Membership: true, Priority: 1}},
		{name: "99.0.0", have: raw("63 00 00 00 00"), want: Hello{Version: Version{99, 0, 0}}},
		{name: "longest name", have: raw("04 04 00 00 0A", "\"abcdefghij\""), want: Hello{Version: Version{4, 4, 0}, Name: "abcdefghij"}},
		{name: "edges of legal bytes", have: raw("04 04 00 00 02 24 7E"), want: Hello{Version: Version{4, 4, 0}, Name: "$~"}},

		{name: "13 version 3.0", have: raw("03 00 01 01 61"), err: RejectVersion},
		{name: "version 0", have: make([]byte, 5), err: RejectVersion},
		{name: "negative version", have: raw("FF 04 00 01 00"), err: RejectVersion},
		{name: "13 name of 11", have: raw("04 04 00 01 0B", "\"abcdefghijk\""), err: RejectIllegalName},
		{name: "negative length", have: raw("04 04 00 01 FF"), err: RejectIllegalName},
		{name: "13 a#b", have: raw("04 04 00 01 03 61 23 62"), err: RejectIllegalName},
		{name: "space", have: raw("04 04 00 01 01 20"), err: RejectIllegalName},
		{name: "0x7f", have: raw("04 04 00 01 01 7F"), err: RejectIllegalName},
		{name: "zero byte", have: raw("04 04 00 01 01 00"), err: RejectIllegalName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, n, err := ParseHello(tt.have)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			if got != tt.want || n != len(tt.have) {
				t.Errorf("got %+v, %d bytes", got, n)
			}
			wantBytes(t, AppendHello(nil, got), tt.have)
			for i := range tt.have {
				if _, n, err := ParseHello(tt.have[:i]); err != ErrShort || n <= i {
					t.Fatalf("cut at %d: n %d, %v", i, n, err)
				}
			}
		})
	}
}

// TestOldLibraries is the table of section 2.6.
func TestOldLibraries(t *testing.T) {
	for _, tt := range []struct {
		v                      Version
		served, patch, methods bool
	}{
		{Version{3, 0, 99}, false, false, false},
		{Version{3, 1, 0}, true, false, false},
		{Version{3, 14, 0}, true, false, false},
		{Version{3, 15, 0}, true, true, false},
		{Version{3, 15, 99}, true, true, false},
		{Version{3, 16, 0}, true, true, true},
		{Version{4, 4, 0}, true, true, true},
		{Version{127, 127, 127}, true, true, true},
	} {
		if tt.v.Served() != tt.served || tt.v.HasPatch() != tt.patch || tt.v.HasMethods() != tt.methods {
			t.Errorf("%v: served %t patch %t methods %t", tt.v, tt.v.Served(), tt.v.HasPatch(), tt.v.HasMethods())
		}
	}
}

func TestOffer(t *testing.T) {
	wantBytes(t, AppendOffer(nil, MethodNull), raw("05 4E 55 4C 4C 20"))
	for _, tt := range []struct {
		name string
		have []byte
		want []string
		err  error
	}{
		{name: "NULL", have: raw("05", "\"NULL \""), want: []string{"NULL"}},
		{name: "both", have: raw("08", "\"NULL IP \""), want: []string{"NULL", "IP"}},
		{name: "none", have: raw("00"), want: []string{}},
		{name: "rejected", have: raw("FA"), err: RejectNotUnique},
		{name: "quota", have: raw("FD"), err: RejectQuota},
		{name: "too long", have: append([]byte{91}, make([]byte, 91)...), err: RejectAuth},
		{name: "cut", have: raw("05 4E"), err: ErrShort},
		{name: "nothing", err: ErrShort},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, n, err := ParseOffer(tt.have)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err == nil && (!reflect.DeepEqual(got, tt.want) || n != len(tt.have)) {
				t.Errorf("got %q, %d bytes", got, n)
			}
		})
	}
}

func TestChoice(t *testing.T) {
	slot := func(name string) []byte { return append([]byte(name), make([]byte, MethodSize-len(name))...) }
	three := func(a, b, c string) []byte { return bytes.Join([][]byte{slot(a), slot(b), slot(c)}, nil) }
	for _, tt := range []struct {
		name string
		have []byte
		want []string
	}{
		{"2.9 NULL", append([]byte("NULL"), make([]byte, 86)...), []string{"NULL"}},
		{"none", make([]byte, ChoiceSize), nil},
		{"all three slots", three("NULL", "IP", "PWORD"), []string{"NULL", "IP", "PWORD"}},
		{"first empty slot ends", three("NULL", "", "IP"), []string{"NULL"}},
		{"repeated", three("NULL", "NULL", ""), []string{"NULL", "NULL"}},
		{"unterminated", bytes.Repeat([]byte{'x'}, ChoiceSize), []string{
			string(bytes.Repeat([]byte{'x'}, 30)), string(bytes.Repeat([]byte{'x'}, 30)), string(bytes.Repeat([]byte{'x'}, 30)),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseChoice(tt.have)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Fatalf("got %q, %v", got, err)
			}
			for i := range tt.have {
				if _, err := ParseChoice(tt.have[:i]); err != ErrShort {
					t.Fatalf("cut at %d: %v", i, err)
				}
			}
		})
	}
	wantBytes(t, AppendChoice(nil, MethodNull), append([]byte("NULL"), make([]byte, 86)...))
}

func TestAccept(t *testing.T) {
	wantBytes(t, AppendAccept(nil, Version{4, 4, 0}, Version{4, 4, 0}, p1),
		raw("01 04 04 00 0C 23 75 73 65 72 31 23 61 6C 70 68 61"))
	wantBytes(t, AppendAccept(nil, Version{3, 1, 0}, Version{4, 4, 0}, "#user#alpha"), raw("01 04 04 0B", "\"#user#alpha\""))
	good := AppendAccept(nil, Version{5, 0, 1}, DaemonVersion, p1)
	v, private, n, err := ParseAccept(good)
	if v != DaemonVersion || private != p1 || n != len(good) || err != nil {
		t.Fatalf("%v %q %d %v", v, private, n, err)
	}
	for i := range good {
		if _, _, _, err := ParseAccept(good[:i]); err != ErrShort {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	for _, tt := range []struct {
		name string
		have []byte
		want error
	}{
		{"refused", raw("F7"), RejectAuth},
		{"zero", raw("00"), Result(0)},
		{"old daemon", raw("01 02 04 00 01 61"), RejectVersion},
		{"negative version", raw("01 FF 04 00 01 61"), RejectVersion},
		{"no private group", raw("01 04 04 00 00"), BadLength},
		{"32 bytes", append(raw("01 04 04 00 20"), make([]byte, 32)...), BadLength},
	} {
		if _, _, _, err := ParseAccept(tt.have); err != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
