package scenario

import (
	"time"

	"mpspread/internal/sim"
	"mpspread/ring"
)

// formed is when a cluster without faults has come together for good.
const formed = 1500 * time.Millisecond

// everyone stands for all daemons, or all networks.
const everyone = -1

// both makes a case for bare rings and one for whole engines.
func both(name string, make func(mode sim.Mode) Case) []Case {
	var list []Case
	for _, mode := range []sim.Mode{sim.RingMode, sim.EngineMode} {
		c := make(mode)
		c.Name = string(mode)
		if name != "" {
			c.Name = name + " " + string(mode)
		}
		list = append(list, c)
	}
	return list
}

// together joins lists of cases.
func together(lists ...[]Case) (all []Case) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// busy is traffic of all services from all daemons.
func busy(p *sim.Plan, from, to time.Duration) (list []sim.Load) {
	for i, at := 0, from; at < to; i, at = i+1, at+7*time.Millisecond {
		list = append(list, sim.Load{At: at, Daemon: i % p.Daemons, Lane: i % 2, Service: ring.Service(i % 6), Size: i * 37 % 2000, Count: 2})
	}
	return list
}

// steady is one small agreed message every so often, from all daemons in turn.
func steady(p *sim.Plan, from, to, every time.Duration) (list []sim.Load) {
	for i, at := 0, from; at < to; i, at = i+1, at+every {
		list = append(list, sim.Load{At: at, Daemon: i % p.Daemons, Service: ring.Agreed, Size: 100, Count: 1})
	}
	return list
}

// cut is a directed cut, on one network or on all.
func cut(at, lasts time.Duration, network, from, to int) sim.Fault {
	return sim.Fault{Kind: sim.Cut, At: at, For: lasts, Network: network, From: from, To: to}
}

// partition puts the daemons into groups that do not hear each other.
func partition(at, lasts time.Duration, groups ...int) sim.Fault {
	return sim.Fault{Kind: sim.Partition, At: at, For: lasts, Network: everyone, From: everyone, To: everyone, Groups: groups}
}

// crash kills a daemon; it is back after a while.
func crash(at, back time.Duration, daemon int) sim.Fault {
	return sim.Fault{Kind: sim.Crash, At: at, For: back, Network: everyone, From: daemon, To: everyone}
}
