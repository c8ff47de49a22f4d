package sim

import (
	"time"

	"mpspread/ring"
)

// Arenas are the small rings that are explored: at most three daemons, two
// networks, three messages and two faults.
func Arenas() []*Arena {
	return []*Arena{
		{Name: "order", Plan: arenaPlan(3, 1, ring.Agreed, ring.Safe, ring.Agreed), From: arenaFormed, Depth: 60, Faults: 1},
		{Name: "networks", Plan: arenaPlan(2, 2, ring.Safe, ring.Agreed), From: arenaFormed, Depth: 50, Faults: 1},
		{Name: "change", Plan: arenaPlan(3, 1, ring.Safe, ring.Safe), From: arenaFormed, Depth: 80, Faults: 2},
		{Name: "forming", Plan: arenaPlan(3, 1, ring.Safe), From: 0, Depth: 60, Faults: 1},
		mergingArena(),
	}
}

// arenaFormed is when the ring of an arena has formed.
const arenaFormed = 600 * time.Millisecond

// arenaPlan is a cluster with one message of each service given, from one
// daemon after the other. All copies of a packet go up, so that what the ring
// itself makes of each is explored, and packet counters do not tell states
// apart.
func arenaPlan(daemons, networks int, services ...ring.Service) *Plan {
	p := NewPlan(RingMode, daemons, networks)
	p.FailureDetection = 200 * time.Millisecond
	p.Converge = 10*p.FailureDetection + 3*time.Second
	p.Unfiltered = true
	for i, s := range services {
		p.Load = append(p.Load, Load{Daemon: i % daemons, Service: s, Size: headerSize, Count: 1})
	}
	return p
}

// mergingArena begins when a ring of two and a daemon alone find each other.
func mergingArena() *Arena {
	p := arenaPlan(3, 1, ring.Safe, ring.Agreed)
	p.Faults = []Fault{{Kind: Partition, For: arenaFormed, Network: -1, From: -1, To: -1, Groups: []int{0, 0, 1}}}
	return &Arena{Name: "merging", Plan: p, From: arenaFormed, Depth: 80, Faults: 1}
}
