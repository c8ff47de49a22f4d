//go:build !portable

package datalink

import (
	"sync"
	"sync/atomic"
)

// exchange is where the keeper hands links to the loop and gets them back. A
// link has one owner at any time: the keeper until adopt, the loop until the
// adopt that follows a withdraw.
type exchange struct {
	changed atomic.Bool // there is something to adopt
	toLoop  eventFD     // wakes the loop
	toKeep  eventFD     // wakes the keeper

	mu    sync.Mutex
	slots []slot
}

type slot struct {
	offered  *link      // what the loop shall use; nil: none
	adopted  bool       // it has it
	at       attachment // facts, and the reason if there is none
	returned *link      // on its way back
	rebuild  bool       // the loop found its sockets broken
}

// offer gives the loop a link, or new facts about the one it has or lacks.
func (x *exchange) offer(i int, l *link, at attachment) {
	x.mu.Lock()
	s := &x.slots[i]
	same := s.offered == l
	tell := !same || s.at != at
	s.at = at
	if !same {
		s.offered, s.adopted = l, false
	}
	x.mu.Unlock()
	if tell {
		x.changed.Store(true)
		x.toLoop.signal()
	}
}

// withdraw takes the offered link back. It returns it at once if the loop
// never had it; else takeBack will, after the loop has noticed.
func (x *exchange) withdraw(i int, at attachment) *link {
	x.mu.Lock()
	s := &x.slots[i]
	l, adopted := s.offered, s.adopted
	s.offered, s.adopted, s.at = nil, false, at
	x.mu.Unlock()
	x.changed.Store(true)
	x.toLoop.signal()
	if adopted {
		return nil
	}
	return l
}

// takeBack returns a link the loop has given up, or nil.
func (x *exchange) takeBack(i int) *link {
	x.mu.Lock()
	defer x.mu.Unlock()
	l := x.slots[i].returned
	x.slots[i].returned = nil
	return l
}

// wantsRebuild tells once that the loop found the link of a network broken.
func (x *exchange) wantsRebuild(i int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := x.slots[i].rebuild
	x.slots[i].rebuild = false
	return r
}

// askRebuild is the loop's.
func (x *exchange) askRebuild(i int) {
	x.mu.Lock()
	x.slots[i].rebuild = true
	x.mu.Unlock()
	x.toKeep.signal()
}

// adopt is the loop's: it gives back cur if it was withdrawn and returns what
// to use from now on.
func (x *exchange) adopt(i int, cur *link) (*link, attachment) {
	x.mu.Lock()
	s := &x.slots[i]
	next, at := s.offered, s.at
	gone := cur != nil && cur != next
	if gone {
		s.returned = cur
	}
	s.adopted = next != nil
	x.mu.Unlock()
	if gone {
		x.toKeep.signal()
	}
	return next, at
}

// closeSlot closes what neither side holds, once both have stopped.
func (x *exchange) closeSlot(i int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := &x.slots[i]
	if s.offered != nil && !s.adopted {
		s.offered.close()
	}
	if s.returned != nil {
		s.returned.close()
	}
	*s = slot{}
}
