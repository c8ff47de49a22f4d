package multipath

import "encoding/binary"

// A payload larger than a packet goes as parts: packets of kind KindPart, each
// with a counter of its own, resent only as a whole under a new id by whoever
// resends the payload (protocol rule 3). The body of a part:
//
//	 0              4       5       6       7
//	+--------------+-------+-------+-------+----------
//	| id           | index | count | kind  | chunk ...
//	+--------------+-------+-------+-------+----------
//
// index counts from 0, count is 2 to 32, kind is that of the whole payload,
// the chunk is not empty.
const (
	partHeader = 7
	maxParts   = 32
)

// Bounds of what one life can make a daemon keep of begun payloads (A21,
// SEC-9): open sets, their bytes, and how long.
const (
	maxOpenSets  = 8
	maxOpenBytes = 1 << 20
	maxHelloSets = 2 // only the latest hello matters
	rememberSets = 16
)

type part struct {
	id    uint32
	index uint8
	count uint8
	kind  Kind
	chunk []byte
}

func (p *part) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, p.id)
	b = append(b, p.index, p.count, byte(p.kind))
	return append(b, p.chunk...)
}

// parsePart reads the body of a KindPart packet.
func parsePart(b []byte) (part, bool) {
	if len(b) <= partHeader {
		return part{}, false
	}
	p := part{id: binary.BigEndian.Uint32(b), index: b[4], count: b[5], kind: Kind(b[6]), chunk: b[partHeader:]}
	ok := p.count >= 2 && p.count <= maxParts && p.index < p.count && p.kind >= KindUpper
	return p, ok
}

// partSet is a payload of which not all parts have come.
type partSet struct {
	id      uint32
	count   uint8
	kind    Kind
	missing int
	bytes   int
	begun   Time
	chunks  [maxParts][]byte
}

// reassembly collects the parts of one life's payloads. A payload is complete
// once; its id is then remembered, so that it is acted on once.
type reassembly struct {
	sets  int        // how many may be open
	open  []*partSet // oldest first
	bytes int
	done  [rememberSets]uint32
	ended int // how many ids were remembered so far
}

// add takes a part, whose chunk it copies. It returns the whole payload if the
// part completes one, appended to buf; dropped is how many parts were thrown
// away.
func (r *reassembly) add(now Time, p part, buf []byte) (whole []byte, complete bool, dropped int) {
	if r.remembers(p.id) {
		return buf, false, 1
	}
	s := r.find(p.id)
	if s == nil {
		if len(r.open) >= r.sets {
			dropped += r.drop(0)
		}
		s = &partSet{id: p.id, count: p.count, kind: p.kind, missing: int(p.count), begun: now}
		r.open = append(r.open, s)
	}
	if s.count != p.count || s.kind != p.kind || s.chunks[p.index] != nil {
		return buf, false, dropped + 1
	}
	s.chunks[p.index] = append([]byte(nil), p.chunk...)
	s.missing--
	s.bytes += len(p.chunk)
	r.bytes += len(p.chunk)
	if s.missing == 0 {
		for _, c := range s.chunks[:s.count] {
			buf = append(buf, c...)
		}
		r.end(s)
		return buf, true, dropped
	}
	for r.bytes > maxOpenBytes/maxOpenSets*r.sets {
		dropped += r.drop(0)
	}
	return buf, false, dropped
}

func (r *reassembly) find(id uint32) *partSet {
	for _, s := range r.open {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (r *reassembly) remembers(id uint32) bool {
	for i := range min(r.ended, rememberSets) {
		if r.done[i] == id {
			return true
		}
	}
	return false
}

// end forgets a complete set but its id.
func (r *reassembly) end(s *partSet) {
	r.done[r.ended%rememberSets] = s.id
	r.ended++
	for i := range r.open {
		if r.open[i] == s {
			r.drop(i)
			return
		}
	}
}

// drop throws a set away and returns how many parts of it there were.
func (r *reassembly) drop(i int) int {
	s := r.open[i]
	r.bytes -= s.bytes
	r.open = append(r.open[:i], r.open[i+1:]...)
	return int(s.count) - s.missing
}

// expire throws sets away that were begun before a time.
func (r *reassembly) expire(before Time) (dropped int) {
	for len(r.open) > 0 && r.open[0].begun < before {
		dropped += r.drop(0)
	}
	return dropped
}
