package sim

import (
	"time"

	"mpspread/ring"
)

// NewPlan is the plan of a cluster in which nothing happens for two seconds:
// daemons that start together, on networks with hops of a millisecond, with
// the default failure detection time. Scenarios are made from it.
func NewPlan(mode Mode, daemons, networks int) *Plan {
	p := &Plan{
		Version: planVersion, Seed: 1, Mode: mode, Daemons: daemons, Networks: networks, FailureDetection: 500 * time.Millisecond,
		PayloadSize: 1400, RunFor: 2 * time.Second, Converge: 8 * time.Second, Drain: 10 * time.Second,
	}
	for range networks {
		p.Hops = append(p.Hops, time.Millisecond)
		p.Transports = append(p.Transports, Broadcast)
	}
	for i := range daemons {
		p.Order = append(p.Order, ring.DaemonID(10+i))
		p.Clocks = append(p.Clocks, 1000)
		p.Boots = append(p.Boots, 0)
	}
	return p
}
