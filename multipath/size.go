package multipath

import "time"

// Headers of IP and UDP: a datagram is that much smaller than the packet.
const (
	headersIPv4 = 28
	headersIPv6 = 48

	// smallestMTU: a path that carries less is for small packets only (protocol
	// rule 6; RFC 8200 section 5 has the same number).
	smallestMTU = 1280
)

// commonMTUs are the sizes tried when full packets do not get through: usual
// Ethernet, PPPoE, tunnels, and the minima of IPv6 and IPv4.
var commonMTUs = []int{9000, 8000, 4352, 2304, 1500, 1492, 1480, 1450, 1420, 1400, 1360, 1280, 1024, 768, 576, 296}

// Times of the search for a size (A2, A4). A peer remembers the largest probe
// for sizeBuckets times two intervals of padded probes; so at 30 % loss a size
// is given up wrongly once in about 10^5 times, and a real drop shows within
// 3.5 s.
const (
	sizeBuckets = 6

	searchEvery = time.Second // all sizes, while something is too small
	searchFor   = 2400 * time.Millisecond
	sizeGrace   = 700 * time.Millisecond // for a new path's first reports
	raiseAfter  = 3 * time.Second
)

// sizeMeter remembers the largest probe of the last few seconds.
type sizeMeter struct {
	width   time.Duration // of a bucket, two intervals
	buckets [sizeBuckets]int
	at      int
	begun   Time
}

func (s *sizeMeter) turn(now Time) {
	if now-s.begun >= s.width*sizeBuckets {
		s.buckets, s.begun = [sizeBuckets]int{}, now
	}
	for now-s.begun >= s.width {
		s.begun += s.width
		s.at = (s.at + 1) % sizeBuckets
		s.buckets[s.at] = 0
	}
}

func (s *sizeMeter) add(now Time, size int) {
	s.turn(now)
	s.buckets[s.at] = max(s.buckets[s.at], size)
}

func (s *sizeMeter) largest(now Time) (size int) {
	s.turn(now)
	for _, b := range s.buckets {
		size = max(size, b)
	}
	return size
}

func (s *sizeMeter) memory() time.Duration { return s.width * sizeBuckets }

// sizing is the verified size of a network's packets.
type sizing struct {
	verified    int  // largest datagram that reaches all peers that are not small
	higher      Time // since when all peers have reported more
	higherSize  int  // the least they reported meanwhile
	searchFrom  Time
	searchUntil Time
	lastSearch  Time
}

// smallest is the datagram below which the network carries small packets only.
func (n *network) smallest() int { return smallestMTU - n.headers }

// search makes probes of all sizes go out for a while.
func (n *network) search(now Time) {
	if now >= n.searchUntil {
		n.searchFrom = now
	}
	n.searchUntil = now + searchFor*time.Duration(n.slowdown())
}

// searched tells whether probes of all sizes have gone out for long enough to
// show in the peers' reports.
func (n *network) searched(now Time) bool {
	return now < n.searchUntil && now-n.searchFrom >= sizeGrace*time.Duration(n.slowdown())
}

// restartSizing takes the interface's word until probes say otherwise.
func (n *network) restartSizing(now Time) {
	n.verified, n.higher, n.higherSize = n.PacketSize, never, 0
	n.search(now)
}

// reach is the largest datagram known to reach a peer over the network, 0 if
// none does; known tells that it has been measured.
func (n *network) reach(now Time, d *daemon) (size int, known bool) {
	p := &d.paths[n.id]
	if !n.up() || d.life == nil || !d.life.heard || !p.alive || !p.carriesOut() {
		return 0, false
	}
	// A peer whose interface is down, as it still says just after it came up
	// again, has measured nothing: that is no reason to make packets small.
	if !p.reverseKnown || p.peerSize == 0 || now-p.reverseFrom < sizeGrace*time.Duration(n.slowdown()) {
		return n.verified, false
	}
	return min(max(p.reverseSize, probeSize), n.PacketSize, max(p.peerSize, probeSize)), true
}

// ceiling is the largest size worth trying: what the interfaces of this daemon
// and of some peer take.
func (n *network) ceiling() int {
	size := 0
	for _, d := range n.peers {
		p := &d.paths[n.id]
		if !p.reverseKnown {
			return n.PacketSize
		}
		size = max(size, p.peerSize)
	}
	return min(n.PacketSize, max(size, n.smallest()))
}

// verify sets the network's size from what the peers report: down after a
// search for the size that does get through, up when it has held for a while.
// A peer that can take only small packets does
// not make them small for all, unless there is no other kind of peer. Peers
// that are not there count for nothing.
func (n *network) verify(now Time) (changed bool) {
	least, leastSmall := 0, 0
	for _, d := range n.peers {
		size, known := n.reach(now, d)
		switch {
		case !known:
		case size < n.smallest():
			leastSmall = least0(leastSmall, size)
		default:
			least = least0(least, size)
		}
	}
	if least == 0 {
		least = leastSmall
	}
	switch {
	case least == 0 || least == n.verified:
		n.higher = never
	case least < n.verified:
		n.higher = never
		if n.searched(now) {
			n.verified = least
			changed = true
		}
		n.search(now)
	case n.higher == never:
		n.higher, n.higherSize = now, least
	default:
		n.higherSize = min(n.higherSize, least)
		if now-n.higher >= raiseAfter {
			n.verified, n.higher = n.higherSize, never
			changed = true
		}
	}
	return changed
}

// least0 is the smaller of two sizes of which the first may be missing.
func least0(a, b int) int {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// probeSizes lists the sizes of padded probes due now: always the verified
// one, so that a drop is noticed, and never less than the minimum, so that a
// peer can tell a small path; and all of them while searching.
func (n *network) probeSizes(now Time, sizes []int) []int {
	ceiling := n.ceiling()
	sizes = append(sizes, min(ceiling, max(n.verified, n.smallest())))
	if now >= n.searchUntil && (!n.wanting(now, ceiling) || now-n.lastSearch < searchEvery) {
		return sizes
	}
	n.lastSearch = now
	if sizes[0] != ceiling {
		sizes = append(sizes, ceiling)
	}
	for _, mtu := range commonMTUs {
		if size := mtu - n.headers; size < ceiling && size != sizes[0] {
			sizes = append(sizes, size)
		}
	}
	return sizes
}

// wanting tells whether the network carries less to some peer that is there
// than the interfaces take.
func (n *network) wanting(now Time, ceiling int) bool {
	if n.verified < ceiling {
		return true
	}
	for _, d := range n.peers {
		if size, known := n.reach(now, d); known && size < ceiling {
			return true
		}
	}
	return false
}
