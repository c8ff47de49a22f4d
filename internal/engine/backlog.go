package engine

import (
	"errors"

	"mpspread/groups"
	"mpspread/ring"
)

// maxWaitingRequests bounds the joins and leaves of one session that wait for
// room in the ring; a session that has so many is read no further.
const maxWaitingRequests = 64

// backlog holds submissions that must not be lost and that the ring cannot
// take yet: joins, leaves, disconnects and pieces of the state exchange. Each
// lane keeps its order, and while a lane waits here nothing of it goes past.
type backlog struct {
	lanes map[ring.Lane][]groups.Submission
	order []ring.Lane // lanes that wait, by the time they began to
	// refused: some client was sent away with ring.ErrWindowFull and waits for
	// Output.Room.
	refused bool
}

func (b *backlog) init() { b.lanes = make(map[ring.Lane][]groups.Submission) }

func (b *backlog) waiting(lane ring.Lane) int { return len(b.lanes[lane]) }

func (b *backlog) add(s groups.Submission) {
	waiting := b.lanes[s.Lane]
	if len(waiting) == 0 {
		b.order = append(b.order, s.Lane)
	}
	b.lanes[s.Lane] = append(waiting, s)
}

// open tells whether submissions of a lane may go to the ring. Clients' have
// to wait while the groups exchange their state: what is not yet in the ring
// then needs not be held back by every daemon until the exchange is complete.
func (e *Engine) open(lane ring.Lane) bool {
	return lane == groups.OwnLane || e.groups.Ready()
}

// submit gives the ring what must not be lost, now or as soon as it can take
// it, and tells whether it took it now.
func (e *Engine) submit(now Time, s groups.Submission) bool {
	if e.backlog.waiting(s.Lane) == 0 && e.open(s.Lane) {
		// Any other error is final: after Leave nothing is ordered any more.
		if err := e.ring.Submit(now, s.Lane, s.Service, s.Payload); !errors.Is(err, ring.ErrWindowFull) {
			return true
		}
	}
	e.backlog.add(s)
	return false
}

// submitAll gives the ring what the groups have to say, and what waits if
// there is room where there was none. It tells whether anything was given.
func (e *Engine) submitAll(now Time) bool {
	given := false
	for _, s := range e.groups.Submissions() {
		given = e.submit(now, s) || given
	}
	ready := e.groups.Ready()
	retry := e.ring.Freed() || ready && !e.wasReady
	e.wasReady = ready
	if !retry {
		return given
	}
	if e.backlog.refused {
		e.backlog.refused = false
		e.out.Room = true
	}
	kept := e.backlog.order[:0]
	for _, lane := range e.backlog.order {
		done, some := e.submitLane(now, lane)
		given = given || some
		if !done {
			kept = append(kept, lane)
		}
	}
	e.backlog.order = kept
	return given
}

// submitLane gives the ring what waits in one lane, and tells whether the lane
// is empty now, and whether anything was given.
func (e *Engine) submitLane(now Time, lane ring.Lane) (done, some bool) {
	if !e.open(lane) {
		return false, false
	}
	waiting := e.backlog.lanes[lane]
	for len(waiting) > 0 {
		s := waiting[0]
		if err := e.ring.Submit(now, s.Lane, s.Service, s.Payload); errors.Is(err, ring.ErrWindowFull) {
			e.backlog.lanes[lane] = waiting
			return false, some
		}
		waiting[0] = groups.Submission{}
		waiting, some = waiting[1:], true
	}
	delete(e.backlog.lanes, lane)
	return true, some
}
