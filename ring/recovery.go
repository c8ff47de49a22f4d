package ring

import "hash/fnv"

// recovery is what the members that come along from one old ring owe each
// other before the new ring begins [T95 section 5.3, extended virtual
// synchrony]: every packet that any of them had when the commit token came by.
type recovery struct {
	tag        uint32 // marks the packets sent again for this recovery
	companions set    // positions in the new ring of those from my old ring
	of         uint8  // the first of them: names the old ring in requests
	high       Seq    // none has anything beyond
	stable     Seq    // some companion knows that all had everything up to here
	// owed are the positions in the old ring of members whose messages are
	// delivered even past a hole: companions and obligations (GAP-3).
	owed set
	done bool // everything is here, and this member has said so
}

// enterRecovery is entered when everybody's part is known.
func (r *Ring) enterRecovery(now Time) {
	r.enter(now, Recovery)
	r.n.Recoveries++
	f := r.formation
	in := f.ring
	for i := range in.members {
		in.members[i].came = f.entries[i].old
	}
	rec := &recovery{tag: tagOf(in.id), of: nobody}
	for i := range f.entries {
		e := &f.entries[i]
		if e.old != r.cur.id {
			continue
		}
		if rec.of == nobody {
			rec.of = uint8(i)
		}
		rec.companions.add(i)
		rec.owed.add(r.cur.position(e.process))
		rec.owed = rec.owed.or(e.obligations)
		rec.high, rec.stable = max(rec.high, e.high), max(rec.stable, e.stable)
	}
	r.recovery = rec
	r.next = in
	for seq := r.cur.store.aru + 1; seq <= rec.high && r.cur.store.fits(seq); seq++ {
		s := r.cur.store.at(seq)
		s.hole, s.attempts, s.wasSent, s.able = false, 0, false, 0
	}
	in.lossAt = now + r.t.loss
}

// tagOf marks a recovery, never 0.
func tagOf(id RingID) uint32 {
	h := fnv.New32a()
	h.Write(putRingID(nil, id))
	return h.Sum32() | 1
}

// firstToken is made by the representative when all members are in Recovery.
func (r *Ring) firstToken(now Time, in *instance) {
	r.token = token{
		ring: in.id, tseq: in.lastTSeq, seq: r.cfg.StartSeq, aru: r.cfg.StartSeq, setter: nobody,
		requests: r.token.requests[:0],
	}
	r.recoverVisit(now, in, &r.token)
}

// recoverVisit is what a member in Recovery does with the new ring's token:
// send again what companions lack, ask for what it lacks, and say when it has
// all. When all have said so the new ring begins.
func (r *Ring) recoverVisit(now Time, in *instance, t *token) {
	r.formation.againAt, r.formation.failAt = NoDeadline, NoDeadline
	rec := r.recovery
	r.noteHoles(t)
	r.answer(now, r.cur, t, rec.of, rec.high, r.resendBudget(in, t))
	deaf := Seq(0)
	if !rec.done && r.recoveredAll() {
		r.oblige(now)
	}
	if rec.done {
		t.recovered.add(in.self)
	} else {
		q := request{asker: uint8(in.self), of: rec.of}
		deaf = r.ask(now, r.cur, t, q, rec.high, rec.companions.count()-1, r.requestRoom(in, t))
	}
	if t.recovered == firstN(len(in.members)) {
		r.install(now)
		r.visit(now, in, t)
		return
	}
	r.account(in, t, r.resent)
	r.mark(now, in, t)
	in.visits.visit(now, t.seq, 0, r.t.maxLag)
	r.forward(now, in, t)
	if deaf > 0 {
		r.leaveDeaf(now, r.cur, in, deaf)
	}
}

// noteHoles takes this member's requests off the token. What has been all the
// way round and found nobody able is held by no companion: a hole, and the
// same one for all, because nobody takes in packets of the old ring but those
// sent again from what companions hold.
func (r *Ring) noteHoles(t *token) {
	rec := r.recovery
	for _, q := range t.take(r.next.self, rec.of) {
		if q.able > 0 {
			r.cur.noteHolders(&q)
			continue
		}
		if q.first > rec.high {
			continue
		}
		for i := range q.count {
			if seq := q.first + Seq(i); r.cur.store.fits(seq) && !r.cur.store.held(seq) {
				r.cur.store.at(seq).hole = true
			}
		}
	}
}

// recoveredAll tells whether every position up to high is here or a hole.
func (r *Ring) recoveredAll() bool {
	if r.recovery.companions.count() == 1 {
		return true // what is not here nobody who comes along has
	}
	for seq := r.cur.store.aru + 1; seq <= r.recovery.high; seq++ {
		if s := r.cur.store.at(seq); !s.held && !s.hole {
			return false
		}
	}
	return true
}

// oblige reports "all recovered". From now on companions may deliver what they
// hold together with this member, and what earlier attempts oblige any of them
// to, so it owes the same whatever becomes of this recovery (protocol rule 8).
func (r *Ring) oblige(now Time) {
	rec := r.recovery
	rec.done = true
	r.obligations = r.obligations.or(rec.owed)
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: TraceCommitted, Ring: r.cur.id, Conf: r.transitional()})
	}
}

// transitional is the configuration between the old ring and the new one.
func (r *Ring) transitional() *Configuration {
	c := &Configuration{Kind: Transitional, Old: r.cur.id, New: r.next.id, Members: r.next.processes(r.recovery.companions)}
	for range c.Members {
		c.Came = append(c.Came, r.cur.id)
	}
	return c
}

// install ends the old configuration and begins the new one, in the four steps
// of extended virtual synchrony: the rest of the old regular configuration,
// the transitional one, what can be promised only to its members, the new
// regular one.
func (r *Ring) install(now Time) {
	old, in, rec := r.cur, r.next, r.recovery
	if !rec.done {
		r.oblige(now)
	}
	s := &old.store
	for ; old.delivered < rec.high && s.held(old.delivered+1); old.delivered++ {
		packet := s.at(old.delivered + 1).buf
		if packet[offsetOrigin+1]&flagSafe != 0 && old.delivered+1 > max(rec.stable, old.stable) {
			break
		}
		r.deliverPacket(now, old, packet)
	}
	r.configure(now, r.transitional())
	hole := false
	for ; old.delivered < rec.high; old.delivered++ {
		if !s.held(old.delivered + 1) {
			hole = true
			continue
		}
		packet := s.at(old.delivered + 1).buf
		if hole && !rec.owed.has(int(packet[offsetOrigin])) {
			continue
		}
		r.deliverPacket(now, old, packet)
	}
	r.begins(now, in, old.id)
}

// begins installs a ring as the regular configuration in force.
func (r *Ring) begins(now Time, in *instance, old RingID) {
	if r.cur != nil {
		r.n.ReassemblyAbandoned += uint64(len(r.cur.begun)) // their senders begin again
	}
	r.cur, r.next, r.recovery, r.formation = in, nil, nil, nil
	r.obligations = set{}
	r.barren = 0
	r.hop.open = false
	r.notAdmitted(now, in)
	r.lanes.restart()
	r.largeBegun, r.largeDone = 0, 0
	r.merging, r.recheckAt = merging{from: now}, now // who else is there is looked at anew
	if r.conf != nil && len(in.members) > len(r.conf.Members) {
		r.coalition.tries = 0
	}
	r.enter(now, Operational)
	c := &Configuration{Kind: Regular, Old: old, New: in.id, Members: in.processes(firstN(len(in.members)))}
	for i := range in.members {
		c.Came = append(c.Came, in.members[i].came)
	}
	r.configure(now, c)
	if in.alone() {
		in.stop()
		r.wantAlone(now)
	}
}
