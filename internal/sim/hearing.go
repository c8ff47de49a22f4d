package sim

import (
	"encoding/binary"
	"slices"
	"time"

	"mpspread/ring"
)

// hearing works out for a bare ring what multipath would: which lives there
// are, which of them are proven, and who hears whom (protocol rule 1).
//
// A hello carries the sender's clock and, for each life it has heard a hello
// of, that life's clock as it was then, aged. A life is proven, and a path
// timely, when such an echo comes back younger than half the failure
// detection time: a recording of a dead life, or a network that is seconds
// late, proves nothing.
type hearing struct {
	self  int
	fd    time.Duration
	peers []peer
	list  []ring.Hearing
	dirty bool // the list must be handed to the ring again
}

// peer is what is known of one other daemon.
type peer struct {
	life    ring.Incarnation // proven; 0: none
	claims  []claim          // lives that hellos came from, the latest first
	heard   time.Duration    // last packet of the proven life on a timely path
	timely  []time.Duration  // per network: own clock of the last timely hello
	hearsMe bool             // its last timely hello said so
	mutual  bool
	beacon  []byte
	past    []ring.Incarnation // superseded lives
	filter  filter
}

// claim is a life that says it is the daemon's.
type claim struct {
	life  ring.Incarnation
	clock time.Duration // its clock in its latest hello
	at    time.Duration // own clock when that came
}

// maxClaims is how many lives of one daemon are echoed at once.
const maxClaims = 4

func newHearing(self, daemons, networks int, fd time.Duration) hearing {
	h := hearing{self: self, fd: fd, peers: make([]peer, daemons)}
	for i := range h.peers {
		p := &h.peers[i]
		p.heard = -never
		p.timely = make([]time.Duration, networks)
		for n := range p.timely {
			p.timely[n] = -never
		}
	}
	return h
}

// within tells whether something was less than d ago.
func within(now, then, d time.Duration) bool { return then != -never && now-then < d }

// known tells whether a packet of a life goes up, and counts it as heard.
func (h *hearing) known(now time.Duration, network, from int, life ring.Incarnation) bool {
	p := &h.peers[from]
	if p.life == 0 || p.life != life {
		return false
	}
	if within(now, p.timely[network], h.fd) {
		p.heard = now
		h.judge(now, from)
	}
	return true
}

// hello reads a hello's body:
//
//	clock 8, beacon length 2, beacon, then per daemon but the sender:
//	daemon position 1, incarnation 8, its clock 8 (aged), heard 1
func (h *hearing) hello(now time.Duration, network, from int, life, me ring.Incarnation, body []byte) {
	p := &h.peers[from]
	for _, old := range p.past {
		if old == life {
			return
		}
	}
	clock := time.Duration(binary.BigEndian.Uint64(body))
	n := int(binary.BigEndian.Uint16(body[8:]))
	beacon, echoes := body[10:10+n], body[10+n:]
	p.claim(claim{life, clock, now})
	for ; len(echoes) > 0; echoes = echoes[18:] {
		if int(echoes[0]) != h.self || ring.Incarnation(binary.BigEndian.Uint64(echoes[1:])) != me {
			continue
		}
		if now-time.Duration(binary.BigEndian.Uint64(echoes[9:])) < h.fd/2 {
			h.proven(now, network, from, life, echoes[17] != 0, beacon)
		}
	}
}

// claim notes a hello of a life.
func (p *peer) claim(c claim) {
	for i := range p.claims {
		if p.claims[i].life == c.life {
			if c.clock > p.claims[i].clock {
				p.claims[i] = c
			}
			return
		}
	}
	if len(p.claims) == maxClaims {
		p.claims = p.claims[:maxClaims-1]
	}
	p.claims = slices.Insert(p.claims, 0, c)
}

// proven notes a timely hello. A new life is admitted only after the old one
// has been silent for a while.
func (h *hearing) proven(now time.Duration, network, from int, life ring.Incarnation, hearsMe bool, beacon []byte) {
	p := &h.peers[from]
	if p.life != life {
		if p.life != 0 && within(now, p.heard, h.fd/4) {
			return
		}
		if p.life != 0 {
			p.past = append(p.past, p.life)
		}
		p.life, p.filter = life, filter{}
		h.dirty = true
	}
	p.timely[network] = now
	p.heard, p.hearsMe = now, hearsMe
	if string(p.beacon) != string(beacon) {
		p.beacon = append([]byte(nil), beacon...)
		h.dirty = true
	}
	h.judge(now, from)
}

// judge works out again whether hearing is mutual.
func (h *hearing) judge(now time.Duration, from int) {
	p := &h.peers[from]
	mutual := p.life != 0 && p.hearsMe && within(now, p.heard, h.fd*3/4)
	if mutual != p.mutual {
		p.mutual = mutual
		h.dirty = true
	}
}

// appendHello makes a hello's body.
func (h *hearing) appendHello(b []byte, now time.Duration, beacon []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(now))
	b = binary.BigEndian.AppendUint16(b, uint16(len(beacon)))
	b = append(b, beacon...)
	for i := range h.peers {
		p := &h.peers[i]
		h.judge(now, i)
		for _, c := range p.claims {
			if !within(now, c.at, h.fd) {
				continue
			}
			b = append(b, byte(i))
			b = binary.BigEndian.AppendUint64(b, uint64(c.life))
			b = binary.BigEndian.AppendUint64(b, uint64(c.clock+now-c.at))
			heard := byte(0)
			if p.life == c.life && within(now, p.heard, h.fd*3/4) {
				heard = 1
			}
			b = append(b, heard)
		}
	}
	return b
}

// hearings is the list for the ring, in file order.
func (h *hearing) hearings(order []ring.DaemonID) []ring.Hearing {
	h.list = h.list[:0]
	for i := range h.peers {
		if p := &h.peers[i]; p.life != 0 {
			h.list = append(h.list, ring.Hearing{Process: ring.Process{Daemon: order[i], Incarnation: p.life}, Mutual: p.mutual, Beacon: p.beacon})
		}
	}
	h.dirty = false
	return h.list
}
