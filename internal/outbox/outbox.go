// Package outbox is what waits to be written to one client: a bounded queue
// and what becomes of a client that does not keep up. A queue that is half full
// is worth a warning; one that would be over its bound ends its session, and
// nothing is ever left out of what a client reads (CLI-4). How much waits for
// one client is nobody else's business (CLI-3).
//
// It says what is to be done; closing connections, logging and waking writers
// is the driver's. The package is pure: it has no clock, goroutine, lock or
// log. One goroutine at a time may use a Box.
package outbox

// ItemCost is what an item in a queue costs beyond its bytes.
const ItemCost = 64

// Verdict is what a Put means for the session.
type Verdict uint8

// The verdicts.
const (
	Fits Verdict = iota
	Slow         // more than half full for the first time: worth a warning
	Full         // over the bound: the session ends, its queue is gone
)

// Box is the queue of one client. Its items are frames in the daemon, and what
// they stand for in the simulator.
type Box[T any] struct {
	limit  int // bytes
	bytes  int // of items, and of those being written
	items  []T
	warned bool
	full   bool
}

// New makes an empty queue for so many bytes.
func New[T any](limit int) Box[T] { return Box[T]{limit: limit} }

// Put adds items that cost so many bytes, ItemCost for each included, and takes
// them away from the caller, who gets an empty list back. Once it has been Full
// it takes nothing more, and says no more than Fits.
func (b *Box[T]) Put(items []T, cost int) (empty []T, v Verdict) {
	if b.full {
		return none(items), Fits
	}
	if b.bytes += cost; b.bytes > b.limit {
		b.full, b.items = true, nil
		return none(items), Full
	}
	if len(b.items) == 0 {
		b.items, items = items, b.items[:0]
	} else {
		b.items = append(b.items, items...)
		items = none(items)
	}
	switch {
	case b.bytes > b.limit/2 && !b.warned:
		b.warned = true
		return items, Slow
	case b.bytes < b.limit/4:
		b.warned = false
	}
	return items, Fits
}

// Take gives all items for an empty list; what they cost counts until it has
// been written. written is what the last ones have cost.
func (b *Box[T]) Take(empty []T, written int) []T {
	b.bytes -= written
	if b.full {
		return empty
	}
	items := b.items
	b.items = empty
	return items
}

// Waiting is how many bytes wait, those being written included.
func (b *Box[T]) Waiting() int { return b.bytes }

// none lets items go and keeps the list.
func none[T any](items []T) []T {
	clear(items)
	return items[:0]
}
