package outbox

import (
	"slices"
	"testing"
)

// TestBox plays the loop that puts and the writer that takes: everything comes
// out once and in order, however much is taken at a time.
func TestBox(t *testing.T) {
	b := New[int](1000)
	var got, empty, spare []int
	put := func(cost int, want Verdict, items ...int) {
		t.Helper()
		var v Verdict
		if empty, v = b.Put(append(empty, items...), cost); v != want || len(empty) != 0 {
			t.Fatalf("putting %v: verdict %d, want %d; %v given back", items, v, want, empty)
		}
	}
	take := func(written int) {
		t.Helper()
		taken := b.Take(spare[:0], written)
		got = append(got, taken...)
		spare = taken
	}
	put(100, Fits, 1)
	put(300, Fits, 2, 3)
	put(200, Slow, 4)
	put(100, Fits, 5) // warned once
	take(0)
	put(300, Fits, 6, 7) // exactly full, with what is being written
	if b.Waiting() != 1000 {
		t.Errorf("%d bytes wait", b.Waiting())
	}
	take(700)
	take(300)
	put(10, Fits, 8) // forgets the warning
	put(500, Slow, 9)
	take(0)
	take(510)
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(got, want) || b.Waiting() != 0 {
		t.Errorf("got %v, %d bytes wait", got, b.Waiting())
	}
}

// CLI-4: one byte over the bound is Full, once; then nothing comes out any
// more, not even what had fitted.
func TestFull(t *testing.T) {
	b := New[string](100)
	if _, v := b.Put([]string{"a"}, 90); v != Slow {
		t.Fatalf("verdict %d", v)
	}
	list := []string{"b"}
	if empty, v := b.Put(list, 11); v != Full || len(empty) != 0 || list[0] != "" {
		t.Fatalf("verdict %d, %v given back, of which %q is kept", v, empty, list[0])
	}
	if _, v := b.Put([]string{"c"}, 1); v != Fits {
		t.Errorf("verdict %d after the end", v)
	}
	if taken := b.Take(nil, 90); len(taken) != 0 {
		t.Errorf("%v comes out after the end", taken)
	}
}

func BenchmarkPutTake(b *testing.B) {
	box := New[[]byte](1 << 20)
	frame := make([]byte, 100)
	var empty, spare [][]byte
	b.ReportAllocs()
	for b.Loop() {
		for range 10 {
			empty, _ = box.Put(append(empty, frame), 100+ItemCost)
		}
		spare = box.Take(spare[:0], 0)
		n := 0
		for i := range spare {
			n += len(spare[i]) + ItemCost
		}
		clear(spare)
		spare = box.Take(spare[:0], n)
	}
}
