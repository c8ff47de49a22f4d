//go:build !portable

package datalink

import "net/netip"

// A run is datagrams for one destination, all of one length but the last, which
// may be shorter, that the kernel takes as one and cuts apart as late as it
// can, at best in the card or not at all (UDP_SEGMENT, Linux 4.18).

const (
	// mostSegments is what a run has at most on new kernels, and olderSegments
	// on others, which refuse more (UDP_MAX_SEGMENTS).
	mostSegments, olderSegments = 128, 64
	// One system call takes at most so many datagrams, in so many runs, and
	// unless it is a single datagram so many bytes: three full runs. More would
	// make the other networks wait for it (MPX-7).
	turnSegments, turnRuns, turnBytes = 128, 32, 3 * maxPayload
)

// run is one run, or a single datagram.
type run struct {
	to      netip.AddrPort
	segment int // length of the first datagram
	count   int
	bytes   int
	first   int // place of the first datagram
}

// open tells whether its last datagram is as long as the others.
func (r *run) open() bool { return r.bytes == r.count*r.segment }

// takes tells whether a datagram of n bytes can be the next.
func (r *run) takes(n int) bool {
	return r.open() && 0 < n && n <= r.segment && r.count < mostSegments && r.bytes+n <= maxPayload
}

// plan is how the datagrams of one system call go out. The order for each
// destination is that in which they were added.
type plan struct {
	segments int // most in a run; 1: no runs
	largest  int // what is longer than a packet of the network never goes in a run (A1)
	runs     []run
	belongs  []uint8 // for each datagram added, its run
	bytes    int
}

func (p *plan) reset(segments, largest int) {
	if p.runs == nil {
		p.runs, p.belongs = make([]run, 0, turnRuns), make([]uint8, 0, turnSegments)
	}
	p.segments, p.largest, p.bytes = segments, largest, 0
	p.runs, p.belongs = p.runs[:0], p.belongs[:0]
}

// add takes a datagram of n bytes in, or returns false: it is for the next call.
func (p *plan) add(to netip.AddrPort, n int) bool {
	if len(p.belongs) == turnSegments || len(p.belongs) > 0 && p.bytes+n > turnBytes {
		return false
	}
	k := p.find(to, n)
	if k < 0 {
		if k = len(p.runs); k == turnRuns {
			return false
		}
		p.runs = append(p.runs, run{to: to, segment: n})
	}
	r := &p.runs[k]
	r.count++
	r.bytes += n
	p.bytes += n
	p.belongs = append(p.belongs, uint8(k))
	return true
}

// find returns the run that the datagram can join, or -1. Where a packet for
// all is sent to each daemon, their runs grow side by side. But nothing
// overtakes a run of another kind: of another length or at its end. So a token
// is not kept waiting by the data that was to follow it.
func (p *plan) find(to netip.AddrPort, n int) int {
	last := len(p.runs) - 1
	for k := last; k >= 0; k-- {
		r := &p.runs[k]
		switch {
		case r.segment != p.runs[last].segment:
			return -1
		case r.to == to:
			if r.segment <= p.largest && r.count < p.segments && r.takes(n) {
				return k
			}
			return -1
		case !r.open():
			return -1
		}
	}
	return -1
}

// layout gives each run its places, so that its datagrams lie side by side.
func (p *plan) layout() {
	place := 0
	for k := range p.runs {
		p.runs[k].first = place
		place += p.runs[k].count
	}
}
