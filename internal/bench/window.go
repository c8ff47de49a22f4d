package bench

import (
	"context"
	"math"
	"sync/atomic"
)

// window holds one sender of a closed loop to a number of messages that not
// every receiver has. The sender's goroutine waits in it, receivers let it go
// on; neither pays more than an atomic operation for a message.
type window struct {
	size uint64
	// came is, for each receiver, the number of the sender's last message that
	// came to it.
	came []padded
	// wakeAt is from which number on a receiver wakes the sender.
	wakeAt atomic.Uint64
	wake   chan struct{} // capacity 1

	limit uint64 // of the sender: it may send up to this number
}

// padded keeps the counters of two receivers out of one cache line.
type padded struct {
	atomic.Uint64
	_ [56]byte
}

func newWindow(size, receivers int) *window {
	w := &window{size: uint64(size), came: make([]padded, receivers), wake: make(chan struct{}, 1), limit: uint64(size)}
	w.wakeAt.Store(math.MaxUint64)
	return w
}

// received: the receiver has the sender's message of this number.
func (w *window) received(receiver int, counter uint64) {
	w.came[receiver].Store(counter)
	if counter >= w.wakeAt.Load() {
		select {
		case w.wake <- struct{}{}:
		default: // it wakes anyway
		}
	}
}

// slowest is the last number that all receivers have.
func (w *window) slowest() uint64 {
	least := uint64(math.MaxUint64)
	for i := range w.came {
		least = min(least, w.came[i].Load())
	}
	return least
}

// wait returns when the message of this number may be sent; false: ctx ended
// before.
func (w *window) wait(ctx context.Context, counter uint64) bool {
	if counter <= w.limit {
		return true
	}
	if w.limit = w.slowest() + w.size; counter <= w.limit {
		return true
	}
	// A quarter of the window is sent at a wake-up, not a message.
	enough := counter - w.size + w.size/4
	w.wakeAt.Store(enough)
	defer w.wakeAt.Store(math.MaxUint64)
	for w.limit = w.slowest() + w.size; w.limit < enough+w.size; w.limit = w.slowest() + w.size {
		select {
		case <-w.wake:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
