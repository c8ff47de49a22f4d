package ring

// The commit token goes round the members of an agreed proposal twice [T95
// section 5.2]: first each puts in what it knows of its old ring, then each
// learns that of all and enters Recovery.
//
//	ring id    20
//	round       1   1 or 2
//	retrans     1
//	entries         to the end, 89 bytes each, in configuration order:
//	                process 12, gather 8, filled 1, old ring 20,
//	                aru 8, high 8, delivered 8, stable 8, obligations 16
type commitToken struct {
	ring    RingID
	round   uint8
	retrans uint8
	entries []commitEntry
}

// commitEntry is one member's part in it.
type commitEntry struct {
	process   Process
	gather    uint64
	filled    bool
	old       RingID // the regular configuration it is in
	aru       Seq    // it has everything up to here of that ring,
	high      Seq    // something up to here,
	delivered Seq    // has delivered up to here
	stable    Seq    // and knows that all have everything up to here
	// obligations are the members of old that it owes deliveries of even if
	// they do not come along (protocol rule 8).
	obligations set
}

const (
	commitEntrySize = 89
	collectRound    = 1
	distributeRound = 2
	commitRoundAt   = 20
	commitRetrans   = 21
)

func (t *commitToken) append(b []byte) []byte {
	b = append(putRingID(b, t.ring), t.round, t.retrans)
	for i := range t.entries {
		e := &t.entries[i]
		filled := byte(0)
		if e.filled {
			filled = 1
		}
		b = append(putU64(putProcess(b, e.process), e.gather), filled)
		b = putRingID(b, e.old)
		b = putU64(putU64(b, uint64(e.aru)), uint64(e.high))
		b = putU64(putU64(b, uint64(e.delivered)), uint64(e.stable))
		b = putSet(b, e.obligations)
	}
	return b
}

func parseCommit(b []byte) (*commitToken, bool) {
	r := reader{b: b}
	t := &commitToken{ring: r.ringID(), round: r.u8(), retrans: r.u8()}
	if r.bad || t.round != collectRound && t.round != distributeRound || len(r.b)%commitEntrySize != 0 || len(r.b) > maxDaemons*commitEntrySize {
		return nil, false
	}
	for len(r.b) > 0 {
		e := commitEntry{process: r.process(), gather: r.u64()}
		filled := r.u8()
		e.filled = filled == 1
		e.old = r.ringID()
		e.aru, e.high, e.delivered, e.stable = Seq(r.u64()), Seq(r.u64()), Seq(r.u64()), Seq(r.u64())
		e.obligations = r.set()
		if filled > 1 || e.aru > e.high || e.delivered > e.high || e.stable > e.aru || e.high-e.aru > maxSlots {
			return nil, false
		}
		t.entries = append(t.entries, e)
	}
	return t, len(t.entries) > 0 && t.entries[0].process == t.ring.Representative
}

// formation is a ring being formed, and the commit token as this member last
// sent it.
type formation struct {
	ring    *instance
	entries []commitEntry
	round   uint8 // of the last token accepted; the representative begins with 0
	retrans uint8 // likewise
	sent    []byte
	pause   Time // between resends
	againAt Time // the token is sent again then; NoDeadline: there was evidence
	sentAt  Time // the round's token was sent on
	failAt  Time // the formation is given up then
}

// filled is the positions of the members whose part is known here.
func (f *formation) filled() (s set) {
	for i := range f.entries {
		if f.entries[i].filled {
			s.add(i)
		}
	}
	return s
}

// form is the representative's: it makes the commit token for the agreed
// proposal. The epoch is beyond all that any member has known (CFG-4).
func (r *Ring) form(now Time) {
	t := commitToken{ring: RingID{r.epoch, r.cfg.Self}, round: collectRound}
	for i := r.proposal.lowest(); i >= 0; i = r.proposal.next(i + 1) {
		e := commitEntry{process: r.cfg.Self, gather: r.gatherNo}
		if i != r.self {
			e.process, e.gather = r.peers[i].process, r.joins[i].gather
			t.ring.Epoch = max(t.ring.Epoch, r.joins[i].epoch)
		}
		t.entries = append(t.entries, e)
	}
	t.ring.Epoch++
	in, ok := r.agreed(&t)
	if !ok {
		panic("ring: own commit token does not fit own proposal")
	}
	r.enterCommit(now, in, &t, 0)
	if in.alone() {
		r.sendJoin(now) // those left behind need not wait for a timer
		r.enterRecovery(now)
		r.install(now)
	} else {
		r.forwardCommit(now, collectRound)
	}
}

// agreed makes the ring of a commit token if that is what this member has
// agreed to, in this very Gather, and no other member is known to have begun
// another life or Gather since.
func (r *Ring) agreed(t *commitToken) (*instance, bool) {
	var members []member
	self, last := -1, -1
	for i := range t.entries {
		e := &t.entries[i]
		index, known := r.index[e.process.Daemon]
		if !known || index <= last || !r.proposal.has(index) {
			return nil, false
		}
		last = index
		switch {
		case index != r.self:
			if j := r.joins[index]; e.process != r.peers[index].process || j != nil && j.gather > e.gather {
				return nil, false
			}
		case e.process == r.cfg.Self && e.gather == r.gatherNo:
			self = i
		}
		members = append(members, member{index: index, process: e.process, gather: e.gather})
	}
	if self < 0 || len(members) != r.proposal.count() {
		return nil, false
	}
	return newInstance(t.ring, members, self, &r.cfg), true
}

// enterCommit takes part in a formation: it fixes what this member has of its
// old ring, and says it.
func (r *Ring) enterCommit(now Time, in *instance, t *commitToken, round uint8) {
	r.enter(now, Commit)
	r.n.Commits++
	r.epoch = t.ring.Epoch
	s := &r.cur.store
	t.entries[in.self] = commitEntry{
		process: r.cfg.Self, gather: r.gatherNo, filled: true, old: r.cur.id,
		aru: s.aru, high: s.high, delivered: r.cur.delivered, stable: r.cur.stable, obligations: r.obligations,
	}
	r.formation = &formation{ring: in, entries: t.entries, round: round, retrans: t.retrans}
}

// receiveCommit acts once on each round of a formation, however many copies
// of it come, and whenever (SCN-02).
func (r *Ring) receiveCommit(now Time, from Process, payload []byte) {
	t, ok := parseCommit(payload)
	if !ok {
		r.n.Malformed++
		return
	}
	if !r.credible(t) {
		r.n.CommitsIgnored++
		return
	}
	if r.state == Gather && t.round == collectRound && t.ring.Epoch > r.epoch {
		if in, ok := r.agreed(t); ok && from == in.predecessor().process && !in.representative() {
			r.enterCommit(now, in, t, collectRound)
			r.forwardCommit(now, collectRound)
			return
		}
	}
	f := r.formation
	if f == nil || t.ring != f.ring.id {
		r.gotCommit(from, t)
	}
	switch {
	case f == nil || t.ring != f.ring.id || from != f.ring.predecessor().process || !f.continues(t):
		r.n.CommitsIgnored++
	case t.round == f.round+1:
		f.round, f.retrans = t.round, t.retrans
		r.commitRound(now, t)
	case t.round == f.round && t.retrans > f.retrans && f.againAt != NoDeadline:
		f.retrans = t.retrans
		r.resendCommit(now)
	default:
		r.n.CommitsIgnored++
	}
}

// credible checks what a token says of this member's own old ring: parts that
// no member of it can have written would make recovery wait for ever.
func (r *Ring) credible(t *commitToken) bool {
	members := firstN(len(r.cur.members))
	for i := range t.entries {
		e := &t.entries[i]
		if !e.filled || e.old != r.cur.id {
			continue
		}
		if r.cur.position(e.process) < 0 || !e.obligations.within(members) ||
			e.high > r.cur.store.base+Seq(r.cur.store.limit) {
			return false
		}
	}
	return r.credibleEpoch(t.ring.Epoch)
}

// continues tells whether a later token is of this formation: the same lives,
// what this member has put in, and everybody's part in it.
func (f *formation) continues(t *commitToken) bool {
	if len(t.entries) != len(f.entries) {
		return false
	}
	for i := range t.entries {
		e := &t.entries[i]
		if e.process != f.entries[i].process || e.gather != f.entries[i].gather {
			return false
		}
		if t.round != f.round && (!e.filled || f.entries[i].filled && *e != f.entries[i]) {
			return false
		}
	}
	return true
}

// commitRound takes the next round: the second one, or at the representative
// the first one come back, tells everybody's part; the second one come back
// shows that all are in Recovery.
func (r *Ring) commitRound(now Time, t *commitToken) {
	f := r.formation
	if r.state == Commit {
		f.entries = t.entries
		r.enterRecovery(now)
		r.forwardCommit(now, distributeRound)
		return
	}
	f.againAt = NoDeadline
	r.firstToken(now, f.ring)
}

// forwardCommit passes the token on.
func (r *Ring) forwardCommit(now Time, round uint8) {
	f := r.formation
	t := commitToken{ring: f.ring.id, round: round, entries: f.entries}
	f.sent = t.append(f.sent[:0])
	f.pause = r.t.commitAgain
	f.sentAt, f.againAt, f.failAt = now, now+f.pause, now+r.t.commit
	r.send(KindCommit, f.ring.successor().process.Daemon, true, r.copied(f.sent))
}

// resendCommit tries the hop again.
func (r *Ring) resendCommit(now Time) {
	f := r.formation
	if f.sent[commitRetrans] < nobody {
		f.sent[commitRetrans]++
	}
	f.pause = min(2*f.pause, r.t.maxResend)
	f.againAt = now + f.pause
	r.send(KindCommit, 0, true, r.copied(f.sent)) // to all, like a token tried again
}

// advanceFormation is Advance in Commit and Recovery.
func (r *Ring) advanceFormation(now Time) {
	f := r.formation
	switch {
	case f.failAt <= now:
		r.enterGather(now)
	case f.againAt <= now:
		r.resendCommit(now)
	}
}
