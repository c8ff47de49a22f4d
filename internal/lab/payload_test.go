//go:build linux

package lab

import (
	"bytes"
	"slices"
	"testing"
)

func TestPayload(t *testing.T) {
	sizes := map[int]bool{}
	for c := uint32(1); c <= 2000; c++ {
		p := payload(nil, payloadSizes, 3, c)
		sizes[len(p)] = true
		if !bytes.Equal(p, payload(nil, payloadSizes, 3, c)) {
			t.Fatalf("counter %d: two calls differ", c)
		}
		if len(p) >= 6 && bytes.Equal(p, payload(nil, payloadSizes, 4, c)) {
			t.Fatalf("counter %d: two senders send the same", c)
		}
	}
	for _, s := range payloadSizes {
		if !sizes[s] {
			t.Errorf("size %d never sent", s)
		}
	}
}

func TestRecorder(t *testing.T) {
	upTo := func(n uint32) (all []uint32) {
		for c := uint32(1); c <= n; c++ {
			all = append(all, c)
		}
		return all
	}
	tests := []struct {
		name                                    string
		gaps                                    bool
		counters                                []uint32
		sent                                    uint32
		lost, duplicated, outOfOrder, corrupted int
		spoil                                   bool // the last one's last byte
		noted                                   bool // a first fault is told of
	}{
		{name: "all well", counters: upTo(500), sent: 500},
		{name: "nothing came", sent: 3, lost: 3},
		{name: "the end is missing", counters: upTo(9), sent: 13, lost: 4},
		{name: "one is missing", counters: append(upTo(8), 10), sent: 10, lost: 1, noted: true},
		{name: "two are swapped", counters: append(upTo(8), 10, 9), sent: 10, outOfOrder: 1, noted: true},
		{name: "one came twice", counters: append(upTo(9), 9), sent: 9, duplicated: 1, noted: true},
		{name: "an old one came again", counters: append(upTo(10), 3), sent: 10, duplicated: 1, noted: true},
		{name: "one is damaged", counters: upTo(9), sent: 9, lost: 1, corrupted: 1, spoil: true, noted: true},
		{name: "parted: one is missing", gaps: true, counters: append(upTo(8), 10), sent: 10},
		{name: "parted: begins late", gaps: true, counters: []uint32{70_000, 70_001}, sent: 70_001},
		{name: "parted: two are swapped", gaps: true, counters: []uint32{5, 7, 6}, sent: 7, duplicated: 1, noted: true},
		{name: "parted: the end is missing", gaps: true, counters: upTo(9), sent: 10, lost: 1},
		{name: "parted: one is damaged", gaps: true, counters: upTo(9), sent: 9, lost: 1, corrupted: 1, spoil: true, noted: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder(tt.gaps, payloadSizes)
			for i, c := range tt.counters {
				p := payload(nil, payloadSizes, 1, c)
				if tt.spoil && i == len(tt.counters)-1 {
					p = append(p, 0)
				}
				if have, ok := r.add(1, tt.sent, kind(c), p); have != c || ok == (tt.spoil && i == len(tt.counters)-1) {
					t.Errorf("%d was taken for %d, %v", c, have, ok)
				}
			}
			have := []int{r.lost(map[uint16]uint32{1: tt.sent}), r.faults.duplicated, r.faults.outOfOrder, r.faults.corrupted}
			want := []int{tt.lost, tt.duplicated, tt.outOfOrder, tt.corrupted}
			if !slices.Equal(have, want) {
				t.Errorf("lost, duplicated, out of order, corrupted: %v, want %v (%s)", have, want, r.first)
			}
			// What never came is only known at the end, all else when it comes.
			if (r.first != "") != tt.noted {
				t.Errorf("first fault: %q, want one: %v", r.first, tt.noted)
			}
		})
	}
}

// A message is found by its kind as far as half of all kinds around the number
// that is expected.
func TestCounterNear(t *testing.T) {
	for _, tt := range []struct{ near, counter uint32 }{
		{1, 1}, {1, 32_768}, {65_536, 65_535}, {65_535, 65_536}, {100_000, 99_000}, {100_000, 130_000}, {32_769, 2}, {1 << 31, 1<<31 + 5},
	} {
		if have := counterNear(tt.near, kind(tt.counter)); have != tt.counter {
			t.Errorf("near %d: %d was taken for %d", tt.near, tt.counter, have)
		}
	}
}

func TestSNMP(t *testing.T) {
	text := "Ip: Forwarding ReasmReqds FragCreates\nIp: 1 2 3\nIcmp: InMsgs FragCreates\nIcmp: 7 8\nIp6FragCreates                  \t4\n"
	values := snmp(text, "Ip:")
	for name, want := range map[string]string{"ReasmReqds": "2", "FragCreates": "3", "Ip6FragCreates": "4"} {
		if values[name] != want {
			t.Errorf("%s = %q, want %q", name, values[name], want)
		}
	}
	if have := snmp(text, "Icmp:")["FragCreates"]; have != "8" {
		t.Errorf("of another protocol: %q, want 8", have)
	}
}
