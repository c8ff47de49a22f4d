package engine

import (
	"mpspread/groups"
	"mpspread/multipath"
	"mpspread/ring"
)

// Status is a snapshot for operators.
type Status struct {
	Ring      ring.Status
	Multipath multipath.Status
	// Sessions of this daemon; groups of the whole membership.
	Sessions, Groups int
	// GroupsState is where the group layer stands: operational, transitional,
	// or exchange.
	GroupsState string
	// GroupLayer is the rest of what the group layer tells.
	GroupLayer groups.Status
	// Waiting counts requests and pieces that the ring has had no room for.
	Waiting int
}

// Status is a snapshot of all layers.
func (e *Engine) Status(now Time) Status {
	s := Status{
		Ring:      e.ring.Status(),
		Multipath: e.multipath.Status(now),
	}
	s.GroupLayer = e.groups.Status()
	s.Sessions, s.Groups, s.GroupsState = s.GroupLayer.Sessions, s.GroupLayer.Groups, s.GroupLayer.State
	for _, lane := range e.backlog.order {
		s.Waiting += e.backlog.waiting(lane)
	}
	return s
}

// Sizes are what an engine keeps for what is not finished (LIV-6).
type Sizes struct {
	Ring      ring.Sizes
	Multipath multipath.Sizes
	Waiting   int // requests and pieces that the ring has had no room for
}

// Sizes tells what is kept for what is not finished.
func (e *Engine) Sizes() Sizes {
	s := Sizes{Ring: e.ring.Sizes(), Multipath: e.multipath.Sizes()}
	for _, lane := range e.backlog.order {
		s.Waiting += e.backlog.waiting(lane)
	}
	return s
}

// Groups describes all groups of the membership, by name.
func (e *Engine) Groups() []groups.Info { return e.groups.List() }
