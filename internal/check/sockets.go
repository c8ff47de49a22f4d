package check

import (
	"mpspread/internal/trace"
)

// sends is the batch a process is handing to the networks' sockets (MPX-7).
type sends struct {
	batch   uint64
	waiting [256]uint64     // datagrams handed in and not yet dealt with, by network
	calls   [256][256]uint8 // since a network's last turn, on each other one
}

// batch begins with the datagrams of a batch for one network.
func (c *Checker) batch(p *process, e *trace.Event) {
	if p.sends == nil {
		p.sends = &sends{}
		c.senders = append(c.senders, p)
	}
	if s := p.sends; e.Counter != s.batch {
		c.allSent(p)
		*s = sends{batch: e.Counter}
	}
	p.sends.waiting[e.Network] += uint64(e.Seq)
}

// send is one call to the system. While a network has something to send, each
// other one may make one call, be it that it fails, before it is its turn.
func (c *Checker) send(p *process, e *trace.Event) {
	s := p.sends
	if s == nil {
		return
	}
	for other := range s.waiting {
		if other == int(e.Network) || s.waiting[other] == 0 {
			continue
		}
		calls := &s.calls[other][e.Network]
		*calls++
		if !c.holds(MPX7, *calls <= 1) {
			c.fail(MPX7, of(p.id), "%v makes a second call on network %d while network %d waits with %d datagrams of batch %d", p.id, e.Network, other, s.waiting[other], s.batch)
		}
	}
	s.calls[e.Network] = [256]uint8{}
	s.waiting[e.Network] -= min(uint64(e.Seq), s.waiting[e.Network])
}

// allSent judges that no network was left out: what went wrong on another one
// is no reason.
func (c *Checker) allSent(p *process) {
	for network, n := range p.sends.waiting {
		if !c.holds(MPX7, n == 0) {
			c.fail(MPX7, of(p.id), "%v never tried to send %d datagrams of batch %d on network %d", p.id, n, p.sends.batch, network)
		}
	}
}

func (c *Checker) allBatchesSent() {
	for _, p := range c.senders {
		c.allSent(p)
	}
}
