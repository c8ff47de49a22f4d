package ring

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// The store against a map: whatever comes, in whatever order, near whatever
// limit of the numbers, it holds what was put and not yet discarded, and its
// marks say so.
func TestStoreIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := Seq(rapid.SampledFrom([]uint64{0, 1<<31 - 40, 1<<32 - 40, 1<<63 - 40, ^uint64(0) - 20000}).Draw(t, "start"))
		s := newStore(start)
		held := map[Seq]bool{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0: // forget what is in order
				upto := s.base + Seq(rapid.Uint64Range(0, uint64(s.aru-s.base)).Draw(t, "upto"))
				s.discard(upto)
				for seq := range held {
					if seq <= upto {
						delete(held, seq)
					}
				}
			case 1:
				s.recycle()
			default:
				seq := s.base + Seq(rapid.Uint64Range(0, 12).Draw(t, "near"))*Seq(rapid.SampledFrom([]uint64{1, 1, 1, 5, 1000}).Draw(t, "far"))
				if fits := s.fits(seq); fits != (seq > s.base && seq-s.base <= maxSlots) {
					t.Fatalf("%d fits %v over %d", seq, fits, s.base)
				} else if fits {
					if fresh := s.put(seq, binary.BigEndian.AppendUint64(nil, uint64(seq))); fresh == held[seq] {
						t.Fatalf("%d is new: %v", seq, fresh)
					}
					held[seq] = true
				}
			}
			aru := s.base
			for held[aru+1] {
				aru++
			}
			if s.aru != aru {
				t.Fatalf("aru %d, want %d", s.aru, aru)
			}
			for seq := s.base; seq <= s.base+Seq(len(s.slots)); seq++ {
				if s.held(seq) != held[seq] {
					t.Fatalf("%d held: %v", seq, s.held(seq))
				}
				if held[seq] && binary.BigEndian.Uint64(s.at(seq).buf) != uint64(seq) {
					t.Fatalf("%d holds the bytes of another", seq)
				}
				if held[seq] && seq > s.high {
					t.Fatalf("%d is above the highest, %d", seq, s.high)
				}
			}
		}
	})
}

// Bytes handed out stay as they are until the next call: buffers discarded are
// used again only after recycle.
func TestDiscardedBytesStay(t *testing.T) {
	s := newStore(0)
	s.put(1, []byte("one"))
	given := s.at(1).buf
	s.discard(1)
	s.put(2, []byte("two"))
	if string(given) != "one" {
		t.Errorf("bytes in use were overwritten: %s", given)
	}
	s.recycle()
	s.put(3, []byte("six"))
	if string(given) != "six" {
		t.Error("a buffer was not used again")
	}
}
