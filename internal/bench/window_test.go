package bench

import (
	"context"
	"testing"
	"time"
)

// A sender may be as many messages ahead of the slowest receiver as the window
// holds, and no more.
func TestWindow(t *testing.T) {
	w := newWindow(8, 2)
	for n := uint64(1); n <= 8; n++ {
		if !w.wait(t.Context(), n) {
			t.Fatalf("message %d is kept back", n)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	w.received(0, 8) // the other has none
	if w.wait(ended, 9) {
		t.Error("message 9 goes while one receiver has none")
	}
	w.received(1, 1)
	if !w.wait(ended, 9) {
		t.Error("message 9 is kept back though all have the first")
	}
	w.received(1, 3)
	for n := uint64(10); n <= 11; n++ {
		if !w.wait(ended, n) {
			t.Errorf("message %d is kept back though all have the first 3", n)
		}
	}
	if w.wait(ended, 12) {
		t.Error("message 12 goes though one receiver has 3 only")
	}
}

// Each receiver wakes the sender when it is the one that was waited for.
func TestWindowWakes(t *testing.T) {
	const messages, size = 20_000, 16
	w := newWindow(size, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	sent := make(chan uint64, messages)
	for receiver := range w.came {
		mine := make(chan uint64, messages)
		go func() {
			for n := range mine {
				w.received(receiver, n)
			}
		}()
		if receiver > 0 {
			next := sent
			sent = make(chan uint64, messages)
			go func(from chan uint64) {
				defer close(mine)
				for n := range from {
					mine <- n
					next <- n
				}
				close(next)
			}(sent)
			continue
		}
		go func(from chan uint64) {
			defer close(mine)
			for n := range from {
				mine <- n
			}
		}(sent)
	}
	for n := uint64(1); n <= messages; n++ {
		if !w.wait(ctx, n) {
			t.Fatalf("message %d is never let go: %d, %d, %d came", n, w.came[0].Load(), w.came[1].Load(), w.came[2].Load())
		}
		if n > w.slowest()+size {
			t.Fatalf("message %d goes while the slowest has %d", n, w.slowest())
		}
		sent <- n
	}
	close(sent)
}

func TestWindowOfOne(t *testing.T) {
	w := newWindow(1, 1)
	for n := uint64(1); n < 5; n++ {
		if !w.wait(t.Context(), n) {
			t.Fatal("kept back")
		}
		w.received(0, n)
	}
}
