//go:build !portable

package datalink

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel counts the filter's refusals of own broadcasts as drops.
func TestSettleDrops(t *testing.T) {
	type step struct{ sent, kernel, want uint64 } // own broadcasts since, count of the kernel
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"nothing", []step{{0, 0, 0}}},
		{"only drops", []step{{0, 5, 5}, {0, 7, 7}}},
		{"only refusals", []step{{10, 10, 0}, {10, 20, 0}}},
		{"both", []step{{10, 15, 5}, {10, 27, 7}}},
		{"refusals seen late", []step{{10, 4, 0}, {0, 10, 0}, {0, 11, 1}}},
		{"never falls", []step{{0, 5, 5}, {10, 5, 5}, {0, 15, 5}, {0, 16, 6}}},
		{"refusals that never come hide few drops", []step{{1 << 30, 0, 0}, {0, loopLag, 0}, {0, loopLag + 9, 9}}},
		{"more than 32 bits", []step{{1 << 33, 1 << 33, 0}, {1, 1<<33 + 2, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l link
			for i, s := range c.steps {
				l.looped += s.sent
				l.settleDrops(s.kernel)
				if l.drops != s.want {
					t.Fatalf("step %d: %d drops, want %d", i, l.drops, s.want)
				}
			}
		})
	}
}

// No notice, however malformed, does harm.
func FuzzNotices(f *testing.F) {
	f.Add([]byte{})
	// RTM_NEWADDR of 10.77.1.1/24 on interface 2, and cut short.
	var newAddr []byte
	newAddr = binary.NativeEndian.AppendUint32(newAddr, 32)
	newAddr = binary.NativeEndian.AppendUint16(newAddr, unix.RTM_NEWADDR)
	newAddr = append(newAddr, make([]byte, 10)...)
	newAddr = append(newAddr, unix.AF_INET, 24, 0, 0)
	newAddr = binary.NativeEndian.AppendUint32(newAddr, 2)
	newAddr = binary.NativeEndian.AppendUint16(newAddr, 8)
	newAddr = binary.NativeEndian.AppendUint16(newAddr, unix.IFA_LOCAL)
	newAddr = append(newAddr, 10, 77, 1, 1)
	f.Add(newAddr)
	f.Add(newAddr[:20])
	c := concerns{ifIndexes: map[int]bool{7: true}, wanted: addrs("10.77.1.1", "fd77::1")}
	if !c.concern(newAddr) {
		f.Error("a wanted address does not concern us")
	}
	f.Fuzz(func(_ *testing.T, b []byte) { c.concern(b) })
}
