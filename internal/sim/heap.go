package sim

import "time"

// occasion is something that will happen at a virtual time. Equal times happen
// in the order in which they were planned (tie).
type occasion struct {
	at   time.Duration
	tie  uint64
	kind occasionKind
	n    int32  // what it is about, by kind
	mark uint64 // of a wake-up: the life it was made for
}

type occasionKind uint8

const (
	arrival occasionKind = iota
	wake
	faultBegins
	faultEnds
	load
	restart
	doom
	quietBegins
	look
	flap
	serve
	rotation
	unnoticed
	reading
	keyGone
)

// eventHeap is a heap of four children a node: shallower than a binary one,
// and most pops move few elements.
type eventHeap struct {
	items []occasion
	tie   uint64
}

func (h *eventHeap) push(o occasion) {
	h.tie++
	o.tie = h.tie
	h.items = append(h.items, o)
	i := len(h.items) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !o.before(&h.items[up]) {
			break
		}
		h.items[i] = h.items[up]
		i = up
	}
	h.items[i] = o
}

func (h *eventHeap) empty() bool { return len(h.items) == 0 }

// pop removes the earliest. The heap must not be empty.
func (h *eventHeap) pop() occasion {
	top := h.items[0]
	n := len(h.items) - 1
	o := h.items[n]
	h.items = h.items[:n]
	if n == 0 {
		return top
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		for j, end := child+1, min(child+4, n); j < end; j++ {
			if h.items[j].before(&h.items[child]) {
				child = j
			}
		}
		if !h.items[child].before(&o) {
			break
		}
		h.items[i] = h.items[child]
		i = child
	}
	h.items[i] = o
	return top
}

func (o *occasion) before(p *occasion) bool {
	return o.at < p.at || o.at == p.at && o.tie < p.tie
}
