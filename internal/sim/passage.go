package sim

import (
	"encoding/binary"
	"time"

	"mpspread/multipath"
	"mpspread/ring"
)

// Passage is a packet on its way over one link, as Options.Packet sees it. It
// is valid during the call.
type Passage struct {
	Now               time.Duration
	Network, From, To int
	// Data is the packet as sent. Its bytes may not be written to; Replace
	// puts others in their place.
	Data []byte
	// At is when it arrives; it may be set.
	At time.Duration
	// Lost: a fault takes it. It may be set.
	Lost bool

	world    *World
	replaced bool
}

// seen shows a packet to whoever watches. There is room for one.
func (w *World) seen(p *Passage, is Passage) {
	*p = is
	if w.opt.Packet != nil {
		p.Now, p.world = w.now, w
		w.opt.Packet(p)
	}
}

// Replace puts other bytes in the packet's place, on this link only: what
// somebody with the cluster's key, or a cable, can do.
func (p *Passage) Replace(data []byte) { p.Data, p.replaced = data, true }

// Again makes the packet arrive once more, later than this copy, at any
// daemon.
func (p *Passage) Again(later time.Duration, to int) {
	p.world.fly(p.At+later, flight{network: int32(p.Network), from: int32(p.From), to: int32(to), buf: p.world.buffer(p.Data)})
}

// Where the envelope shows, in clear, what a packet is (package multipath).
const (
	envelopeKey     = 2
	envelopeKind    = 3
	envelopeCounter = 16
)

// RingKind is what the packet is to the ring; 0 if multipath alone reads it.
func (p *Passage) RingKind() ring.Kind { return p.world.ringKind(p.Data) }

func (w *World) ringKind(data []byte) ring.Kind {
	kind := data[0]
	if w.plan.Mode == EngineMode {
		if kind = data[envelopeKind]; kind <= byte(multipath.KindUpper) {
			return 0
		}
		kind -= byte(multipath.KindUpper)
	}
	return ring.Kind(kind)
}

// Counter is the sender's packet counter.
func (p *Passage) Counter() uint64 {
	at := 9
	if p.world.plan.Mode == EngineMode {
		at = envelopeCounter
	}
	return binary.BigEndian.Uint64(p.Data[at:])
}

// KeyID is the id of the key that seals the packet, in engine mode.
func (p *Passage) KeyID() byte { return p.Data[envelopeKey] }

// RingPayload is what the ring is given of the packet, in ring mode.
func (p *Passage) RingPayload() []byte { return p.Data[ringHeader:] }

// AppendToRingPayload puts something behind the ring's payload, in ring mode.
func (p *Passage) AppendToRingPayload(b ...byte) {
	p.Replace(append(append([]byte(nil), p.Data...), b...))
}
