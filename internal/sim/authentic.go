package sim

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"time"

	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/multipath"
	"mpspread/ring"
)

// sentPackets are checksums of all packets of one life, by counter: what the
// world knows of a datagram, whatever a receiver makes of it (MPX-1 to MPX-4).
type sentPackets struct {
	first uint64
	sums  []uint32
	twice bool // its machine was put back, and counts again: what it sends is no more certain
}

// Offsets in the envelope's clear header.
const (
	senderAt  = 4
	lifeAt    = 8
	counterAt = 16
	clearSize = 24
)

func headerOf(data []byte) (p ring.Process, counter uint64) {
	p.Daemon = ring.DaemonID(binary.BigEndian.Uint32(data[senderAt:]))
	p.Incarnation = ring.Incarnation(binary.BigEndian.Uint64(data[lifeAt:]))
	return p, binary.BigEndian.Uint64(data[counterAt:])
}

// noteSent remembers a datagram that a life sends. Counters grow by one.
func (w *World) noteSent(from ring.Process, data []byte) {
	_, counter := headerOf(data)
	s := w.sent[from]
	if s == nil {
		s = &sentPackets{first: counter}
		w.sent[from] = s
	}
	sum := crc32.ChecksumIEEE(data)
	switch at := counter - s.first; {
	case at == uint64(len(s.sums)):
		s.sums = append(s.sums, sum)
	case at < uint64(len(s.sums)) && s.sums[at] != sum:
		s.twice = true
	}
}

// authentic tells whether the life that a datagram names has sent it, with
// these very bytes.
func (w *World) authentic(data []byte) bool {
	if len(data) < clearSize {
		return false
	}
	p, counter := headerOf(data)
	s := w.sent[p]
	return s != nil && counter >= s.first && counter-s.first < uint64(len(s.sums)) && s.sums[counter-s.first] == crc32.ChecksumIEEE(data)
}

// installed tells whether a daemon has the key that a datagram names. What is
// sealed under a key that has been removed is as good as forged (SEC-7).
func (w *World) installed(d *daemon, data []byte) bool {
	return w.plan.Plaintext || slices.ContainsFunc(d.keysOf(), func(k multipath.Key) bool { return k.ID == data[envelopeKey] })
}

// fates are multipath's words in those of the trace.
var fates = [...]trace.Fate{
	multipath.Fresh: trace.FateFresh, multipath.Greeted: trace.FateGreeted, multipath.Copy: trace.FateCopy,
	multipath.Forged: trace.FateForged, multipath.Beyond: trace.FateBeyond, multipath.Refused: trace.FateRefused,
}

// traceAgreed is the callback of engine.Config.Agreed.
func (n *engineNode) traceAgreed(_ time.Duration, a groups.Agreement) {
	n.w.emit(n.d, &trace.Event{Kind: trace.Agree, Ring: a.Of, In: trace.ConfID{Kind: ring.Regular, New: a.In}})
}

// traceMultipath is the callback of multipath.Config.Trace.
func (n *engineNode) traceMultipath(_ multipath.Time, e *multipath.TraceEvent) {
	from := ring.Process{Daemon: ring.DaemonID(e.From), Incarnation: ring.Incarnation(e.Incarnation)}
	out := &n.out
	*out = trace.Event{From: from, Network: uint8(e.Network)}
	switch e.Kind {
	case multipath.TracePacket:
		if s := n.w.sent[from]; s != nil && s.twice {
			return
		}
		out.Kind, out.Counter, out.Fate, out.First, out.Seq = trace.Packet, e.Counter, fates[e.Fate], n.intact, ring.Seq(e.Highest)
	case multipath.TracePath:
		out.Kind, out.Text, out.First = trace.Path, e.State.String(), !e.Out
	}
	n.w.emit(n.d, out)
}
