package multipath

import (
	"encoding/binary"
	"math"
)

// A hello tells who I am, that I am alive now, whom I hear, and the upper
// layer's beacon. Its packets carry the whole incarnation in clear (see
// envelope.go). A hello larger than a packet goes as several packets of kind
// KindHello; the body of each begins:
//
//	 0              4       5       6
//	+--------------+-------+-------+----------
//	| id           | index | count | chunk ...     count 1 to 32
//	+--------------+-------+-------+----------
//
// id counts the hellos of a life. The chunks together:
//
//	+-------+---------------------------------+
//	| flags | my challenge, 8                 |   flags: helloRedundancyLost, helloComplete
//	+-------+---------------------------------+
//	| n | n networks: hash 4, packet size 2   |   packet size 0: interface down
//	+-----------------------------------------+
//	| n, 2 bytes | n echoed challenges, 8     |
//	+-----------------------------------------+
//	| n | n reports, by ascending daemon id   |
//	+-----------------------------------------+
//	| n, 2 bytes | beacon, n bytes            |
//	+-----------------------------------------+
//
// and a report, of the life of another daemon that the sender has proven:
//
//	+----------+--------+-----------------+-------+--------------------------+
//	| daemon 4 | short 8| highest count 8 | flags | per network: state, size |
//	+----------+--------+-----------------+-------+--------------------------+
//
// highest is of the packets the sender has accepted; 2^64-1 if it has seen that
// daemon use a counter twice.
//
// state is one byte: the PathState of the path from that daemon to the sender
// in the low three bits, reportLate. size, two bytes, is the largest datagram
// of a probe that lately came over it.
const (
	helloPartHeader = 6
	challengeSize   = 8

	helloRedundancyLost = 0x01
	helloComplete       = 0x02 // who is not reported on is not known
	helloFlags          = helloRedundancyLost | helloComplete

	reportHeard = 0x01
	reportState = 0x07
	reportLate  = 0x08

	helloFixed  = 1 + challengeSize
	reportFixed = 4 + 8 + 8 + 1
	reportPath  = 3
	networkSize = 6
)

type challenge [challengeSize]byte

type helloNetwork struct {
	hash uint32
	size uint16
}

type pathReport struct {
	state PathState
	late  bool
	size  uint16
}

type report struct {
	daemon  DaemonID
	short   uint64
	highest uint64
	heard   bool
	paths   [maxNetworks]pathReport
}

type hello struct {
	redundancyLost bool
	complete       bool
	challenge      challenge
	networks       []helloNetwork
	echoes         []challenge
	reports        []report
	beacon         []byte
}

// maxBeacon is the longest beacon of the upper layer.
const maxBeacon = 16 << 10

func (h *hello) append(b []byte) []byte {
	var flags byte
	if h.redundancyLost {
		flags = helloRedundancyLost
	}
	if h.complete {
		flags |= helloComplete
	}
	b = append(b, flags)
	b = append(b, h.challenge[:]...)
	b = append(b, byte(len(h.networks)))
	for _, n := range h.networks {
		b = binary.BigEndian.AppendUint32(b, n.hash)
		b = binary.BigEndian.AppendUint16(b, n.size)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(h.echoes)))
	for i := range h.echoes {
		b = append(b, h.echoes[i][:]...)
	}
	b = append(b, byte(len(h.reports)))
	for i := range h.reports {
		b = h.reports[i].append(b, len(h.networks))
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(h.beacon)))
	return append(b, h.beacon...)
}

func (r *report) append(b []byte, networks int) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(r.daemon))
	b = binary.BigEndian.AppendUint64(b, r.short)
	b = binary.BigEndian.AppendUint64(b, r.highest)
	var flags byte
	if r.heard {
		flags = reportHeard
	}
	b = append(b, flags)
	for _, p := range r.paths[:networks] {
		state := byte(p.state)
		if p.late {
			state |= reportLate
		}
		b = append(b, state)
		b = binary.BigEndian.AppendUint16(b, p.size)
	}
	return b
}

// parse reads the chunks of a hello put together. beacon refers to b.
func (h *hello) parse(b []byte) bool {
	h.networks, h.echoes, h.reports, h.beacon = h.networks[:0], h.echoes[:0], h.reports[:0], nil
	if len(b) < helloFixed || b[0]&^helloFlags != 0 {
		return false
	}
	h.redundancyLost, h.complete = b[0]&helloRedundancyLost != 0, b[0]&helloComplete != 0
	h.challenge = challenge(b[1:])
	b, ok := h.parseNetworks(b[helloFixed:])
	if !ok {
		return false
	}
	if b, ok = h.parseEchoes(b); !ok {
		return false
	}
	if b, ok = h.parseReports(b); !ok {
		return false
	}
	if len(b) < 2 {
		return false
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > maxBeacon || len(b) != 2+n {
		return false
	}
	h.beacon = b[2:]
	return true
}

func (h *hello) parseNetworks(b []byte) ([]byte, bool) {
	if len(b) < 1 || b[0] < 1 || b[0] > maxNetworks || len(b) < 1+int(b[0])*networkSize {
		return nil, false
	}
	n := int(b[0])
	for b = b[1:]; n > 0; n-- {
		h.networks = append(h.networks, helloNetwork{hash: binary.BigEndian.Uint32(b), size: binary.BigEndian.Uint16(b[4:])})
		b = b[networkSize:]
	}
	return b, true
}

func (h *hello) parseEchoes(b []byte) ([]byte, bool) {
	if len(b) < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > maxEchoes || len(b) < 2+n*challengeSize {
		return nil, false
	}
	for b = b[2:]; n > 0; n-- {
		h.echoes = append(h.echoes, challenge(b))
		b = b[challengeSize:]
	}
	return b, true
}

func (h *hello) parseReports(b []byte) ([]byte, bool) {
	size := reportFixed + reportPath*len(h.networks)
	if len(b) < 1 || b[0] > maxDaemons || len(b) < 1+int(b[0])*size {
		return nil, false
	}
	n := int(b[0])
	for b = b[1:]; n > 0; n-- {
		r, ok := parseReport(b[:size])
		if !ok || len(h.reports) > 0 && h.reports[len(h.reports)-1].daemon >= r.daemon {
			return nil, false
		}
		h.reports = append(h.reports, r)
		b = b[size:]
	}
	return b, true
}

// parseReport reads one report, of which b holds exactly the bytes.
func parseReport(b []byte) (r report, ok bool) {
	r.daemon = DaemonID(binary.BigEndian.Uint32(b))
	r.short = binary.BigEndian.Uint64(b[4:])
	r.highest = binary.BigEndian.Uint64(b[12:])
	r.heard = b[20]&reportHeard != 0
	if b[20]&^reportHeard != 0 {
		return r, false
	}
	for i, b := 0, b[reportFixed:]; len(b) > 0; i, b = i+1, b[reportPath:] {
		state := PathState(b[0] & reportState)
		if b[0]&^(reportState|reportLate) != 0 || state > PathWrongNetwork {
			return r, false
		}
		r.paths[i] = pathReport{state: state, late: b[0]&reportLate != 0, size: binary.BigEndian.Uint16(b[1:])}
	}
	return r, true
}

// parseHelloPart reads the body of one KindHello packet.
func parseHelloPart(b []byte) (part, bool) {
	if len(b) <= helloPartHeader {
		return part{}, false
	}
	p := part{id: binary.BigEndian.Uint32(b), index: b[4], count: b[5], kind: KindHello, chunk: b[helloPartHeader:]}
	return p, p.count >= 1 && p.count <= maxParts && p.index < p.count
}

// reportOf returns the report on a daemon, or nil.
func (h *hello) reportOf(id DaemonID) *report {
	for i := range h.reports {
		if h.reports[i].daemon == id {
			return &h.reports[i]
		}
	}
	return nil
}

func clampSize(n int) uint16 { return uint16(min(n, math.MaxUint16)) }
