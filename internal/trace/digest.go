package trace

import (
	"encoding/binary"

	"mpspread/ring"
)

// Digest is a rolling digest of a trace: two runs are the same run exactly if
// their digests are equal (correctness reference, 5.2). The zero value is
// ready. It finds differences; it is no defence against an adversary.
type Digest struct {
	sum uint64
}

// Sum is the digest of all events added so far.
func (d *Digest) Sum() uint64 { return d.sum }

const (
	mixA = 0x9e3779b97f4a7c15
	mixB = 0xbf58476d1ce4e5b9
)

func (d *Digest) word(v uint64) {
	h := (d.sum ^ v) * mixA
	d.sum = (h ^ h>>29) * mixB
}

func (d *Digest) text(s string) {
	d.word(uint64(len(s)))
	for _, b := range []byte(s) {
		d.word(uint64(b))
	}
}

func (d *Digest) process(p ring.Process) {
	d.word(uint64(p.Daemon))
	d.word(uint64(p.Incarnation))
}

func (d *Digest) ring(id ring.RingID) {
	d.word(id.Epoch)
	d.process(id.Representative)
}

// Add rolls e in. Index and Place follow from the order of the events and are
// left out.
func (d *Digest) Add(e *Event) {
	d.word(uint64(e.Kind)<<56 | uint64(e.Verdict)<<48 | uint64(e.State)<<40 | uint64(e.Network)<<32 | uint64(e.Fate)<<8 | bit(e.First))
	d.word(uint64(e.Time))
	d.process(e.Process)
	d.ring(e.Ring)
	d.word(uint64(e.Seq))
	d.word(e.TSeq)
	d.process(e.From)
	switch {
	case e.Kind == Recv:
		d.word(e.Message.Digest)
	case e.Message.Counter != 0 || e.Message.ClientCounter != 0 || e.Message.Act != 0:
		d.message(&e.Message)
	}
	if e.Sizes != nil {
		d.sizes(e.Sizes)
	}
	if e.In != (ConfID{}) {
		d.word(uint64(e.In.Kind))
		d.ring(e.In.Old)
		d.ring(e.In.New)
	}
	if e.Conf != nil {
		d.conf(e.Conf)
	}
	if e.View != nil {
		d.view(e.View)
	}
	d.word(e.Client)
	d.word(e.Counter)
	d.word(uint64(e.Bound))
	d.word(uint64(len(e.Members)))
	for _, p := range e.Members {
		d.process(p)
	}
	d.text(e.Text)
}

func (d *Digest) sizes(s *Sizes) {
	for _, n := range [...]int{s.Window, s.Used, s.Own, s.Packet, s.Gap, s.Held, s.Room, s.Begun, s.Budget, s.Missing, s.Waiting, s.Parts, s.Timers} {
		d.word(uint64(n))
	}
}

func (d *Digest) message(m *Message) {
	d.process(m.Sender)
	d.word(m.Counter)
	d.word(uint64(m.Service))
	d.word(uint64(m.Length))
	d.word(m.Digest)
	d.word(m.Client)
	d.word(m.ClientCounter)
	d.word(uint64(len(m.Groups)))
	for _, g := range m.Groups {
		d.text(g)
	}
	if m.Act != 0 {
		d.word(uint64(m.Act)<<1 | bit(m.Discard))
		d.text(m.Name)
	}
}

func (d *Digest) conf(c *ring.Configuration) {
	d.word(uint64(c.Kind))
	d.ring(c.Old)
	d.ring(c.New)
	d.word(uint64(len(c.Members)))
	for _, p := range c.Members {
		d.process(p)
	}
	for _, r := range c.Came {
		d.ring(r)
	}
}

func (d *Digest) view(v *View) {
	d.text(v.Group)
	for _, n := range v.ID {
		d.word(uint64(uint32(n)))
	}
	d.word(uint64(v.Cause)<<32 | uint64(v.Own))
	d.names(v.Members)
	d.word(uint64(len(v.Sets)))
	for _, s := range v.Sets {
		d.names(s)
	}
}

func (d *Digest) names(names []string) {
	d.word(uint64(len(names)))
	for _, n := range names {
		d.text(n)
	}
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// DigestOf is the digest of a payload, as Message.Digest holds it.
func DigestOf(payload []byte) uint64 {
	var d Digest
	d.word(uint64(len(payload)))
	for len(payload) >= 8 {
		d.word(binary.LittleEndian.Uint64(payload))
		payload = payload[8:]
	}
	for _, b := range payload {
		d.word(uint64(b))
	}
	return d.sum
}
