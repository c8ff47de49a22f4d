//go:build linux

package labnet

import "time"

// schedule is frames under way, the one due first in front; of those due at
// the same time, the one put in first.
type schedule struct {
	heap []parcel
	put  uint64 // so far
}

// parcel is a frame on its way to a port.
type parcel struct {
	due   time.Duration
	order uint64
	from  int
	to    int
	frame *buffer
}

func (s *schedule) len() int { return len(s.heap) }

func (a *parcel) before(b *parcel) bool {
	return a.due < b.due || a.due == b.due && a.order < b.order
}

// push puts a parcel in.
func (s *schedule) push(p parcel) {
	p.order = s.put
	s.put++
	s.heap = append(s.heap, p)
	for i := len(s.heap) - 1; i > 0; {
		above := (i - 1) / 2
		if !s.heap[i].before(&s.heap[above]) {
			return
		}
		s.heap[i], s.heap[above] = s.heap[above], s.heap[i]
		i = above
	}
}

// pop takes the first parcel out; there must be one.
func (s *schedule) pop() parcel {
	first, end := s.heap[0], len(s.heap)-1
	s.heap[0], s.heap[end] = s.heap[end], parcel{}
	s.heap = s.heap[:end]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < end; child++ {
			if s.heap[child].before(&s.heap[least]) {
				least = child
			}
		}
		if least == i {
			return first
		}
		s.heap[i], s.heap[least] = s.heap[least], s.heap[i]
		i = least
	}
}
