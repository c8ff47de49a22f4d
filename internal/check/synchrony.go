package check

import (
	"mpspread/ring"
)

// sums describe the messages (not unreliable) delivered in one configuration:
// as a set and as a sequence.
type sums struct {
	n        int
	set      uint64
	sequence uint64
}

func (s *sums) add(m *message) {
	h := (uint64(m.seq)*0x9e3779b97f4a7c15 ^ m.count) * 0xbf58476d1ce4e5b9
	h ^= h >> 31
	s.n++
	s.set += h
	s.sequence = (s.sequence ^ h) * 0x94d049bb133111eb
}

// pair is one passage from a regular configuration to the next, as the first
// process that made it saw it.
type pair struct {
	who        ring.Process
	deliveries [2]sums
}

// selfDelivery judges SELF-1 when p leaves its regular configuration.
func (c *Checker) selfDelivery(p *process) {
	t := p.part
	if !c.holds(SELF1, t.own >= t.originated) {
		c.fail(SELF1, of(p.id).at(t.ring.id, t.sent.seq), "%v leaves %v with %d of its %d messages delivered", p.id, t.ring.id, t.own, t.originated)
	}
}

// sameDeliveries judges VS-1 to VS-3 against the first process that went the
// same way: the same set over both configurations, the same split between
// them, the same sequence.
func (c *Checker) sameDeliveries(p *process, conf *ring.Configuration) {
	t := p.part
	other := t.ring.pairs[conf.New]
	if other == nil {
		t.ring.pairs[conf.New] = &pair{p.id, t.deliveries}
		return
	}
	a, b := t.deliveries, other.deliveries
	about := both(p.id, other.who).at(t.ring.id, t.last.seq)
	if !c.holds(VS1, a[0].set+a[1].set == b[0].set+b[1].set && a[0].n+a[1].n == b[0].n+b[1].n) {
		c.fail(VS1, about, "%v and %v go from %v to %v with %d and %d messages delivered, not the same set", p.id, other.who, t.ring.id, conf.New, a[0].n+a[1].n, b[0].n+b[1].n)
	}
	if !c.holds(VS2, a[0].set == b[0].set && a[0].n == b[0].n) {
		c.fail(VS2, about, "%v and %v go from %v to %v with %d and %d messages delivered before the transitional configuration, not the same", p.id, other.who, t.ring.id, conf.New, a[0].n, b[0].n)
	}
	if !c.holds(VS3, a == b) {
		c.fail(VS3, about, "%v and %v go from %v to %v with different sequences", p.id, other.who, t.ring.id, conf.New)
	}
}
