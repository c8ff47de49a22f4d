package groups

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mpspread/ring"
)

var (
	procA     = ring.Process{Daemon: 10, Incarnation: 0xaaaa}
	procB     = ring.Process{Daemon: 5, Incarnation: 0xbbbb}
	testOrder = map[ring.DaemonID]int{10: 0, 5: 1, 7: 2}
)

// sampleTable has two daemons, out of numeric order, and two groups.
func sampleTable() *tableImage {
	return &tableImage{
		sessions: []memberKey{{procA, "ann"}, {procA, "eve"}, {procB, "bob"}},
		groups: []groupImage{
			{name: "a", id: GroupID{-1, 2, 3}, members: []uint32{0, 1, 2}},
			{name: "b", id: GroupID{4, -5, 1}, lost: true, members: []uint32{2}},
			{name: "c", id: GroupID{4, -5, 1}, lost: true, signaled: true, members: []uint32{1}},
		},
	}
}

func TestTableRoundTrip(t *testing.T) {
	for _, image := range []*tableImage{{}, sampleTable()} {
		b := image.encode()
		have, err := parseTable(b, testOrder)
		if err != nil || !reflect.DeepEqual(have, image) {
			t.Fatalf("have %+v, %v; want %+v", have, err, image)
		}
		if again := have.encode(); !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
	}
}

// Correctness reference 9, "group state exchange".
func TestMalformedTables(t *testing.T) {
	alter := func(change func(*tableImage)) []byte {
		image := sampleTable()
		change(image)
		return image.encode()
	}
	crowd := func(t *tableImage) {
		*t = tableImage{groups: []groupImage{{name: "g", id: GroupID{1, 1, 1}}}}
		for i := range MaxLocalMembers + 1 {
			t.sessions = append(t.sessions, memberKey{procA, fmt.Sprintf("u%05d", i)})
			t.groups[0].members = append(t.groups[0].members, uint32(i))
		}
	}
	good := sampleTable().encode()
	for name, b := range map[string][]byte{
		"empty":                   {},
		"group twice":             alter(func(t *tableImage) { t.groups[1].name = "a" }),
		"groups out of order":     alter(func(t *tableImage) { t.groups[0].name = "d" }),
		"member twice":            alter(func(t *tableImage) { t.groups[0].members = []uint32{0, 1, 1, 2} }),
		"member out of order":     alter(func(t *tableImage) { t.groups[0].members = []uint32{1, 0, 2} }),
		"member beyond sessions":  alter(func(t *tableImage) { t.groups[0].members = []uint32{0, 1, 3} }),
		"member far beyond":       alter(func(t *tableImage) { t.groups[0].members = []uint32{0, 1, 1<<32 - 1} }),
		"group without members":   alter(func(t *tableImage) { t.groups[1].members = nil }),
		"session in no group":     alter(func(t *tableImage) { t.groups[0].members = []uint32{0, 2}; t.groups = t.groups[:2] }),
		"unknown daemon":          alter(func(t *tableImage) { t.sessions[2].process.Daemon = 99 }),
		"daemons out of order":    alter(func(t *tableImage) { slices.Reverse(t.sessions) }),
		"daemon twice":            alter(func(t *tableImage) { t.sessions[2].process = ring.Process{Daemon: 10, Incarnation: 1} }),
		"session twice":           alter(func(t *tableImage) { t.sessions[1].name = "ann" }),
		"sessions out of order":   alter(func(t *tableImage) { t.sessions[1].name = "abc" }),
		"session name empty":      alter(func(t *tableImage) { t.sessions[0].name = "" }),
		"session name long":       alter(func(t *tableImage) { t.sessions[0].name = "abcdefghijk" }),
		"session name separator":  alter(func(t *tableImage) { t.sessions[0].name = "a#b" }),
		"session name zero":       alter(func(t *tableImage) { t.sessions[0].name = "a\x00" }),
		"group name empty":        alter(func(t *tableImage) { t.groups[0].name = "" }),
		"group name long":         alter(func(t *tableImage) { t.groups[0].name = strings.Repeat("a", 32) }),
		"group name separator":    alter(func(t *tableImage) { t.groups[0].name = "#a" }),
		"group name zero":         alter(func(t *tableImage) { t.groups[0].name = "a\x00" }),
		"index 0":                 alter(func(t *tableImage) { t.groups[0].id.Index = 0 }),
		"index negative":          alter(func(t *tableImage) { t.groups[0].id.Index = -1 }),
		"signaled, nothing lost":  alter(func(t *tableImage) { t.groups[0].signaled = true }),
		"too many at one daemon":  alter(crowd),
		"trailing byte":           append(slices.Clone(good), 0),
		"twice":                   slices.Concat(good, good),
		"count not minimal":       {0x80, 0x00, 0x00},
		"greatest count":          binary.AppendUvarint(nil, 1<<64-1),
		"count of 11 bytes":       bytes.Repeat([]byte{0xff}, 11),
		"process without session": append(appendProcess([]byte{1}, procA), 0, 0, 0, 0),
	} {
		if image, err := parseTable(b, testOrder); err == nil {
			t.Errorf("%s: accepted as %+v", name, image)
		}
	}
	for n := range good {
		if _, err := parseTable(good[:n], testOrder); err == nil {
			t.Errorf("cut to %d: accepted", n)
		}
	}
	for i := range 8 * len(good) {
		flipped := slices.Clone(good)
		flipped[i/8] ^= 1 << (i % 8)
		if image, err := parseTable(flipped, testOrder); err == nil && !bytes.Equal(image.encode(), flipped) {
			t.Errorf("bit %d: %x became %x", i, flipped, image.encode())
		}
	}
}

// A count is not believed before the bytes that it promises are there.
func TestTableCountsAllocateNothing(t *testing.T) {
	group := append([]byte{1, 'g'}, make([]byte, 13)...)
	group[5+4+4] = 1
	head := append(appendProcess([]byte{1}, procA), 1, 1, 'a')
	for name, b := range map[string][]byte{
		"processes": binary.AppendUvarint(nil, 1<<40),
		"sessions":  binary.AppendUvarint(appendProcess([]byte{1}, procA), 1<<40),
		"groups":    binary.AppendUvarint(slices.Clone(head), 1<<40),
		"members":   binary.AppendUvarint(append(append(slices.Clone(head), 1), group...), 1<<40),
	} {
		b = append(b, make([]byte, 100)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := parseTable(b, testOrder); err == nil {
			t.Errorf("%s: accepted", name)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add((&tableImage{}).encode())
	f.Add(sampleTable().encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		image, err := parseTable(b, testOrder)
		if err != nil {
			return
		}
		if again := image.encode(); !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
	})
}
