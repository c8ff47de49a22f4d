package sim

import (
	"reflect"
	"slices"
	"time"
)

// clonePlan is a copy that shares nothing with p.
func clonePlan(p *Plan) *Plan {
	c := *p
	c.Order, c.Hops, c.Clocks, c.Boots = slices.Clone(p.Order), slices.Clone(p.Hops), slices.Clone(p.Clocks), slices.Clone(p.Boots)
	c.Transports, c.Absent = slices.Clone(p.Transports), slices.Clone(p.Absent)
	for i := range c.Absent {
		c.Absent[i] = slices.Clone(c.Absent[i])
	}
	c.Load, c.Core = slices.Clone(p.Load), slices.Clone(p.Core)
	for i := range c.Load {
		c.Load[i].More, c.Load[i].Private = slices.Clone(c.Load[i].More), slices.Clone(c.Load[i].Private)
	}
	c.Faults = slices.Clone(p.Faults)
	for i := range c.Faults {
		c.Faults[i].Groups = slices.Clone(c.Faults[i].Groups)
	}
	return &c
}

func samePlan(p, q *Plan) bool { return reflect.DeepEqual(p, q) }

// Entries counts the faults and requests of a plan: what a reader of it has to
// understand.
func (p *Plan) Entries() int { return len(p.Faults) + len(p.Load) }

// begin drops what is over before a time, and moves what is left to begin at
// another.
func (p *Plan) begin(from, at time.Duration) {
	p.Faults = slices.DeleteFunc(p.Faults, func(f Fault) bool { return !f.Permanent && f.At+f.For < from })
	p.Load = slices.DeleteFunc(p.Load, func(l Load) bool { return l.At < from })
	for i := range p.Faults {
		p.Faults[i].At = max(p.Faults[i].At-from+at, 0)
	}
	for i := range p.Load {
		p.Load[i].At += at - from
	}
	p.RunFor = max(p.RunFor-from+at, at)
}

// dropDaemon takes a daemon and all that is only about it out of the plan.
func (p *Plan) dropDaemon(d int) {
	p.Daemons--
	p.Order, p.Clocks, p.Boots = slices.Delete(p.Order, d, d+1), slices.Delete(p.Clocks, d, d+1), slices.Delete(p.Boots, d, d+1)
	if p.Absent != nil {
		p.Absent = slices.Delete(p.Absent, d, d+1)
	}
	p.Faults = slices.DeleteFunc(p.Faults, func(f Fault) bool { return f.Role == "" && (f.From == d || f.To == d) })
	p.Load = slices.DeleteFunc(p.Load, func(l Load) bool { return l.Daemon == d })
	p.Core = slices.DeleteFunc(p.Core, func(c int) bool { return c == d })
	for i := range p.Faults {
		f := &p.Faults[i]
		f.From, f.To = lower(f.From, d), lower(f.To, d)
		if f.Groups != nil {
			f.Groups = slices.Delete(f.Groups, d, d+1)
		}
	}
	for i := range p.Load {
		l := &p.Load[i]
		l.Daemon = lower(l.Daemon, d)
		l.Private = slices.DeleteFunc(l.Private, func(to Target) bool { return to.Daemon == d })
		for j := range l.Private {
			l.Private[j].Daemon = lower(l.Private[j].Daemon, d)
		}
	}
	for i := range p.Core {
		p.Core[i] = lower(p.Core[i], d)
	}
}

func (p *Plan) dropNetwork(net int) {
	p.Networks--
	p.Hops, p.Transports = slices.Delete(p.Hops, net, net+1), slices.Delete(p.Transports, net, net+1)
	for i, list := range p.Absent {
		list = slices.DeleteFunc(list, func(n int) bool { return n == net })
		for j := range list {
			list[j] = lower(list[j], net)
		}
		p.Absent[i] = list
	}
	p.Faults = slices.DeleteFunc(p.Faults, func(f Fault) bool { return f.Network == net })
	for i := range p.Faults {
		p.Faults[i].Network = lower(p.Faults[i].Network, net)
	}
}

// lower is a position after the one at dropped has gone. A fault's role may
// stand for the dropped one: its place is then taken by the next.
func lower(at, dropped int) int {
	if at > dropped || at == dropped && at > 0 {
		return at - 1
	}
	return at
}
