package ring

// A join, sent to all while in Gather:
//
//	flags      1   bit 0: this life leaves for good
//	gather     8   number of this Gather in this life
//	epoch      8   highest epoch known
//	old ring  20   the regular configuration the sender is in
//	hash       8   of the configuration; staged 8
//	hears     16   daemons that could ring with the sender, by configuration
//	               index, itself included
//	proposal  16   the ring it wants
//	ring      20   the ring it gathers from, formed or not, and the step of
//	               the last token it accepted there: 8
//	steady        to the end, 1 byte for each configured daemon: how long the
//	               link to it has had no trouble, in units of fd
type join struct {
	leaving      bool
	gather       uint64
	epoch        uint64
	old          RingID
	hash, staged uint64
	hears        set
	proposal     set
	progress
	steady []uint8

	at       Time // received
	excluded Time // since when its proposals have left me out; NoDeadline: they do not
}

const joinSize = 113

func (j *join) append(b []byte) []byte {
	flags := byte(0)
	if j.leaving {
		flags = 1
	}
	b = putU64(putU64(append(b, flags), j.gather), j.epoch)
	b = putU64(putU64(putRingID(b, j.old), j.hash), j.staged)
	b = putU64(putRingID(putSet(putSet(b, j.hears), j.proposal), j.ring), j.reached)
	return append(b, j.steady...)
}

// parseJoin reads the join of the daemon at position from. One that
// contradicts itself is refused: who joins hears itself and wants to be in
// its own ring, with nobody it does not hear.
func parseJoin(b []byte, from int) (*join, bool) {
	r := reader{b: b}
	flags := r.u8()
	j := &join{
		leaving: flags == 1, gather: r.u64(), epoch: r.u64(), old: r.ringID(),
		hash: r.u64(), staged: r.u64(), hears: r.set(), proposal: r.set(),
		progress: progress{r.ringID(), r.u64()}, excluded: NoDeadline,
	}
	j.steady = append(j.steady, r.take(len(r.b))...)
	ok := r.done() && len(j.steady) <= maxDaemons && flags <= 1 && j.gather > 0 &&
		j.hears.has(from) && j.proposal.has(from) && j.proposal.within(j.hears)
	return j, ok
}

// receiveJoin takes a join of a proven life.
func (r *Ring) receiveJoin(now Time, from Process, payload []byte) {
	i := r.index[from.Daemon]
	j, ok := parseJoin(payload, i)
	if !ok {
		r.n.Malformed++
		return
	}
	p := &r.peers[i]
	switch {
	case p.process != from || p.departed:
		r.n.JoinsIgnored++
		return
	case j.leaving:
		p.departed = true
		r.joins[i] = nil
		r.hearingChanged(now)
		return
	case !r.credibleEpoch(j.epoch):
		r.n.Malformed++
		return
	case !r.agrees(j.hash, j.staged):
		r.n.JoinsRefused++
		return
	case r.over(i, from, j.gather):
		r.n.JoinsIgnored++
		return
	}
	if j.gather >= p.gather {
		p.gather, p.hears = j.gather, j.hears
	}
	if old := r.joins[i]; old != nil && old.gather > j.gather {
		r.n.JoinsIgnored++
		return
	} else if old != nil {
		j.excluded = old.excluded
	}
	j.at = now
	switch {
	case j.proposal.has(r.self):
		j.excluded = NoDeadline
	case j.excluded == NoDeadline:
		j.excluded = now
	}
	r.joins[i] = j
	r.joined(now, i)
}

// epochJump is the most that epochs may differ: they are seconds since 1970 and
// a count of rings, from clocks that may be wrong.
const epochJump = 1 << 40

// credibleEpoch refuses an epoch that could make epochs wrap (CFG-4).
func (r *Ring) credibleEpoch(e uint64) bool { return e <= r.epoch || e-r.epoch <= epochJump }

// over tells whether a Gather of the daemon at position i has led to a ring or
// a formation already: what it said then no longer counts.
func (r *Ring) over(i int, p Process, gather uint64) bool {
	if s := &r.spent[i]; s.process == p && gather <= s.gather {
		return true
	}
	in := r.forming()
	if in == nil && r.state == Operational {
		in = r.cur
	}
	if in == nil || !in.daemons.has(i) {
		return false
	}
	at := in.position(p)
	return at >= 0 && gather <= in.members[at].gather
}

// joined acts on a new join of the daemon at position i.
func (r *Ring) joined(now Time, i int) {
	switch r.state {
	case Gather:
		r.consider(now)
	case Operational:
		// A member that gathers has left the ring; a stranger's wish is heard
		// when the whole ring can follow it.
		switch {
		case r.cur.daemons.has(i) || r.strangerReady(now, r.cur):
			r.enterGather(now)
		case r.coalesces(now):
			r.coalesce(now)
		}
	case Commit, Recovery:
		if !r.forming().daemons.has(i) {
			return
		}
		r.enterGather(now)
	}
}

// sendJoin tells everybody where this Gather stands.
func (r *Ring) sendJoin(now Time) {
	j := join{
		leaving: r.left, gather: r.gatherNo, epoch: r.epoch, old: r.cur.id,
		hash: r.cfg.Hash, staged: r.cfg.StagedHash, hears: r.hears, proposal: r.proposal,
		progress: r.progress, steady: r.steady,
	}
	r.send(KindJoin, 0, true, j.append(r.room(joinSize+len(r.steady))))
	r.joinAt = now + r.t.join
}
