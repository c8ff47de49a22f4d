package traffic

import "testing"

type number struct {
	sender  int
	counter uint64
}

func stream(t *testing.T, numbers ...number) *Stream {
	t.Helper()
	s := NewStream(2)
	for _, n := range numbers {
		if sender, counter, ok := s.Receive(message(40, n.sender, n.counter)); sender != n.sender || counter != n.counter || !ok {
			t.Errorf("message %v read as %d of %d, %v", n, counter, sender, ok)
		}
	}
	return s
}

func TestStream(t *testing.T) {
	for _, c := range []struct {
		name                        string
		have                        []number
		sent                        []uint64
		missing, duplicated, behind uint64
		wrong                       bool
	}{
		{"nothing", nil, []uint64{0, 0}, 0, 0, 0, false},
		{"all", []number{{0, 1}, {1, 1}, {0, 2}}, []uint64{2, 1}, 0, 0, 0, false},
		{"nothing came", nil, []uint64{2, 1}, 3, 0, 0, false},
		{"first lost", []number{{0, 2}}, []uint64{2, 0}, 1, 0, 0, true},
		{"middle lost", []number{{0, 1}, {0, 4}}, []uint64{4, 0}, 2, 0, 0, true},
		{"last lost", []number{{0, 1}}, []uint64{2, 0}, 1, 0, 0, false},
		{"twice", []number{{0, 1}, {0, 1}, {0, 2}}, []uint64{2, 0}, 0, 1, 0, true},
		{"twice later", []number{{0, 1}, {0, 2}, {0, 1}}, []uint64{2, 0}, 0, 1, 0, true},
		{"out of order", []number{{0, 2}, {0, 1}}, []uint64{2, 0}, 0, 0, 1, true},
		{"out of order, then again", []number{{0, 2}, {0, 1}, {0, 1}}, []uint64{2, 0}, 0, 1, 1, true},
		{"senders apart", []number{{1, 1}, {0, 1}}, []uint64{1, 1}, 0, 0, 0, false},
	} {
		s := stream(t, c.have...)
		if s.Missing(c.sent) != c.missing || s.Duplicated != c.duplicated || s.Behind != c.behind || s.Wrong() != c.wrong {
			t.Errorf("%s: missing %d duplicated %d behind %d wrong %v, want %+v", c.name, s.Missing(c.sent), s.Duplicated, s.Behind, s.Wrong(), c)
		}
	}
	s := stream(t)
	if _, _, ok := s.Receive([]byte("noise")); ok || s.Damaged != 1 || !s.Wrong() || s.Came() != 0 {
		t.Errorf("noise: %+v", s)
	}
}

// Streams that hold the same in another order differ, and it is known about
// where.
func TestParted(t *testing.T) {
	long := func(swap uint64) *Stream {
		s := NewStream(2)
		for i := uint64(1); i <= 2*checkpoint; i++ {
			first := 0
			if i == swap {
				first = 1
			}
			s.Receive(message(MinSize, first, i))
			s.Receive(message(MinSize, 1-first, i))
		}
		return s
	}
	a, b := long(0), long(0)
	if at, parted := Parted(a, b); parted || a.Hash() != b.Hash() {
		t.Errorf("equal streams parted at %d", at)
	}
	if at, parted := Parted(a, long(checkpoint+1)); !parted || at != 3*checkpoint {
		t.Errorf("parted %v at %d, want %d", parted, at, 3*checkpoint)
	}
	if _, parted := Parted(stream(t, number{0, 1}, number{1, 1}), stream(t, number{1, 1}, number{0, 1})); !parted {
		t.Error("short streams in another order are not the same")
	}
	// One that is behind the other has lost nothing yet.
	if _, parted := Parted(stream(t, number{0, 1}), stream(t, number{0, 1}, number{1, 1})); parted {
		t.Error("a shorter stream is no other")
	}
}
