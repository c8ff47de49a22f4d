package ring

// peer is what is known of another configured daemon, by its position in the
// configuration.
type peer struct {
	process  Process // its proven life; zero: none
	mutual   bool
	beacon   beacon
	known    bool   // a beacon of this life has come
	gather   uint64 // of its last join, and whom it hears as that says
	hears    set
	departed bool // this life has announced that it leaves
	damping       // of the link to it
}

// A beacon travels in the hellos of its sender, so that a ring need not break
// up for somebody it could not ring with:
//
//	hash      8   of the configuration in force
//	staged    8   of the one about to be; 0: none
//	flags     1   bit 0: may be asked to join
//	gather    8   number of the sender's last Gather: tells whether a join is
//	              older or newer than this
//	members  16   the ring it is in, by configuration index; itself alone
//	              while it has none
//	worth     1   size of the largest clique of mutual hearing in it that the
//	              sender is in
//	wants    16   daemons it would ring with beyond that: while it gathers,
//	              all it hears; the representative's, those that all hear
//	hears    16   daemons that could ring with the sender, itself included
//	proving  16   others that could, but for the troubles of their links lately
type beacon struct {
	hash, staged uint64
	willing      bool
	gather       uint64
	members      set
	worth        uint8
	wants        set
	hears        set
	proving      set
}

const beaconSize = 90

// Beacon is what this daemon's hellos have to carry. It changes with the
// state; the slice stays as it is.
func (r *Ring) Beacon() []byte {
	b := beacon{hash: r.cfg.Hash, staged: r.cfg.StagedHash, willing: !r.left && !r.isolated, gather: r.gatherNo, hears: r.hears, proving: r.proving}
	b.members.add(r.self)
	if r.state == Operational {
		b.members, b.wants, b.worth = r.cur.daemons, r.merging.ready, uint8(r.coalition.worth)
	} else {
		b.wants, b.worth = r.hears, 1
	}
	if b != r.beacon || r.beaconBytes == nil {
		r.beacon = b
		r.beaconBytes = b.append(make([]byte, 0, beaconSize))
	}
	return r.beaconBytes
}

func (b *beacon) append(to []byte) []byte {
	flags := byte(0)
	if b.willing {
		flags = 1
	}
	to = append(putU64(putU64(to, b.hash), b.staged), flags)
	to = append(putSet(putU64(to, b.gather), b.members), b.worth)
	return putSet(putSet(putSet(to, b.wants), b.hears), b.proving)
}

func parseBeacon(b []byte) (beacon, bool) {
	r := reader{b: b}
	p := beacon{hash: r.u64(), staged: r.u64()}
	flags := r.u8()
	p.willing = flags == 1
	p.gather, p.members, p.worth = r.u64(), r.set(), r.u8()
	p.wants, p.hears, p.proving = r.set(), r.set(), r.set()
	return p, r.done() && flags <= 1
}

// FastHello tells that hellos should be frequent: this daemon looks for others.
func (r *Ring) FastHello() bool {
	return r.state != Operational || r.cur.alone() || !r.merging.ready.empty()
}

// SetHearing takes the multipath layer's present knowledge of all other
// daemons. Call it whenever that changed.
func (r *Ring) SetHearing(now Time, list []Hearing) {
	if !r.begin(now) {
		return
	}
	for _, h := range list {
		i, ok := r.index[h.Process.Daemon]
		if !ok || i == r.self {
			continue
		}
		p := &r.peers[i]
		if h.Process.Incarnation == 0 { // none is proven now
			r.setMutual(now, i, false)
			continue
		}
		if p.process != h.Process {
			*p = peer{process: h.Process}
			r.joins[i] = nil
		}
		r.setMutual(now, i, h.Mutual)
		if h.Beacon == nil {
			continue
		}
		if b, ok := parseBeacon(h.Beacon); ok && b.members.has(i) {
			p.beacon, p.known = b, true
		} else {
			r.n.Malformed++
		}
	}
	r.hearingChanged(now)
}

// hearingChanged draws the conclusions.
func (r *Ring) hearingChanged(now Time) {
	switch r.state {
	case Operational:
		switch {
		case r.replaced(r.cur):
			r.enterGather(now)
		case r.strangerReady(now, r.cur):
			r.enterGather(now)
		case r.coalesces(now):
			r.coalesce(now)
		}
	case Gather:
		r.consider(now)
	case Commit, Recovery:
		if r.replaced(r.forming()) {
			r.enterGather(now)
		}
	}
}

// replaced tells whether some member of a ring lives a new life, or has gone.
func (r *Ring) replaced(in *instance) bool {
	for i := range in.members {
		m := &in.members[i]
		if m.index == r.self {
			continue
		}
		if p := &r.peers[m.index]; p.departed || p.process != m.process && p.process != (Process{}) {
			return true
		}
	}
	return false
}

// standing is the ring the daemon at position i is in, as far as is known, and
// whom it would ring with beyond that. A join newer than its beacon shows that
// it has left that ring to look for all it hears.
func (r *Ring) standing(i int) (members, wants set) {
	p := &r.peers[i]
	if r.gathers(i) {
		members.add(i)
		return members, p.hears
	}
	return p.beacon.members, p.beacon.wants
}

// gathers tells that the daemon at position i has sent a join since its last
// beacon.
func (r *Ring) gathers(i int) bool { return r.peers[i].gather > r.peers[i].beacon.gather }

// agrees tells whether two configurations may ring together: any of the hashes
// in force or staged match (protocol rule 3).
func (r *Ring) agrees(hash, staged uint64) bool {
	c := &r.cfg
	return hash == c.Hash || hash == c.StagedHash && hash != 0 || staged == c.Hash && staged != 0
}

// available tells whether a daemon could be in a ring with me now, had its link
// no troubles.
func (r *Ring) available(i int) bool {
	p := &r.peers[i]
	return i != r.self && p.mutual && p.known && p.beacon.willing && !p.departed &&
		!r.isolated && !r.left && r.agrees(p.beacon.hash, p.beacon.staged)
}

// around is the set of daemons that could be in a ring with me now. It notes
// who could but for the troubles of its link.
func (r *Ring) around(now Time) (s set) {
	r.proving = set{}
	for i := range r.peers {
		switch {
		case !r.available(i):
		case r.peers[i].provenAt(r.t) <= now:
			s.add(i)
		default:
			r.proving.add(i)
		}
	}
	return s
}
