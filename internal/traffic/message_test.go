package traffic

import (
	"bytes"
	"testing"
)

func message(size, sender int, counter uint64) []byte {
	m := make([]byte, size)
	Write(m, sender, counter)
	return m
}

func TestMessage(t *testing.T) {
	for _, size := range []int{MinSize, MinSize + 1, 100_000} {
		if sender, counter, err := Read(message(size, 2, 9), 3); sender != 2 || counter != 9 || err != nil {
			t.Errorf("size %d: %d %d %v", size, sender, counter, err)
		}
	}
	good := message(200, 1, 1<<40)
	if sender, counter, err := Read(good, 2); sender != 1 || counter != 1<<40 || err != nil {
		t.Errorf("got %d %d %v", sender, counter, err)
	}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, _, err := Read(bad, 2); err == nil {
				t.Fatalf("bit %d of byte %d changed, and accepted", bit, i)
			}
		}
		if _, _, err := Read(good[:i], 2); err == nil {
			t.Fatalf("cut after %d bytes, and accepted", i)
		}
	}
	for name, bad := range map[string][]byte{
		"one byte more":  append(bytes.Clone(good), 0),
		"unknown sender": message(200, 2, 1),
		"counter 0":      message(200, 0, 0),
		"zeros":          make([]byte, 200),
		"ones":           bytes.Repeat([]byte{0xff}, 200),
	} {
		if _, _, err := Read(bad, 2); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add(message(200, 1, 7))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		sender, counter, err := Read(data, 2)
		if err == nil && (sender < 0 || sender > 1 || counter == 0) {
			t.Errorf("accepted %d %d", sender, counter)
		}
	})
}
