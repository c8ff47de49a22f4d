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
		p := payload(nil, 3, c)
		sizes[len(p)] = true
		if !bytes.Equal(p, payload(nil, 3, c)) {
			t.Fatalf("counter %d: two calls differ", c)
		}
		if len(p) >= identified && bytes.Equal(p, payload(nil, 4, c)) {
			t.Fatalf("counter %d: two senders send the same", c)
		}
	}
	for _, s := range payloadSizes {
		if !sizes[s] {
			t.Errorf("size %d never sent", s)
		}
	}
}

// size returns the first counter of sender 1 from c on whose payload is at
// least least and at most most bytes long.
func ofSize(c uint32, least, most int) uint32 {
	for ; ; c++ {
		if n := len(payload(nil, 1, c)); n >= least && n <= most {
			return c
		}
	}
}

func TestRecorder(t *testing.T) {
	// A place where two messages that name themselves follow each other, so
	// that the tables below can speak of k and k+1.
	k := ofSize(1, identified, MaxPayload)
	for len(payload(nil, 1, k+1)) < identified {
		k = ofSize(k+1, identified, MaxPayload)
	}
	upTo := func(n uint32) (all []uint32) {
		for c := uint32(1); c <= n; c++ {
			all = append(all, c)
		}
		return all
	}
	tests := []struct {
		name                                    string
		counters                                []uint32
		sent                                    uint32
		lost, duplicated, outOfOrder, corrupted int
		spoil                                   bool // the last one's last byte
		noted                                   bool // a first fault is told of
	}{
		{name: "all well", counters: upTo(500), sent: 500},
		{name: "nothing came", sent: 3, lost: 3},
		{name: "the end is missing", counters: upTo(k), sent: k + 4, lost: 4},
		{name: "one is missing", counters: append(upTo(k-1), k+1), sent: k + 1, lost: 1, noted: true},
		{name: "two are swapped", counters: append(upTo(k-1), k+1, k), sent: k + 1, outOfOrder: 1, noted: true},
		{name: "one came twice", counters: append(upTo(k), k), sent: k, duplicated: 1, noted: true},
		{name: "an old one came again", counters: append(upTo(k+1), k), sent: k + 1, duplicated: 1, noted: true},
		{name: "one is damaged", counters: upTo(k), sent: k, lost: 1, corrupted: 1, spoil: true, noted: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder()
			for i, c := range tt.counters {
				p := payload(nil, 1, c)
				if tt.spoil && i == len(tt.counters)-1 {
					p[len(p)-1] ^= 1
				}
				r.add(1, p)
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

// A message too short to name itself is found behind a gap.
func TestRecorderShortAfterGap(t *testing.T) {
	// Its predecessor is not of the same bytes, or none would be missing.
	k := ofSize(2, 1, identified-1)
	for bytes.Equal(payload(nil, 1, k-1), payload(nil, 1, k)) {
		k = ofSize(k+1, 1, identified-1)
	}
	r := newRecorder()
	for c := uint32(1); c < k-1; c++ {
		r.add(1, payload(nil, 1, c))
	}
	r.add(1, payload(nil, 1, k))
	if n := r.lost(map[uint16]uint32{1: k}); n != 1 || r.faults.corrupted != 0 {
		t.Errorf("lost %d, corrupted %d, want 1 and 0", n, r.faults.corrupted)
	}
}

func TestSNMP(t *testing.T) {
	text := "Ip: Forwarding ReasmReqds FragCreates\nIp: 1 2 3\nIcmp: InMsgs FragCreates\nIcmp: 7 8\nIp6FragCreates                  \t4\n"
	values := snmp(text)
	for name, want := range map[string]string{"ReasmReqds": "2", "FragCreates": "3", "Ip6FragCreates": "4"} {
		if values[name] != want {
			t.Errorf("%s = %q, want %q", name, values[name], want)
		}
	}
}
