package sim

import (
	"reflect"
	"slices"
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
