package ring

// progress is how far a ring came to a member: the last step of the token, or
// commit token, that its predecessor got through to it. It travels in joins.
type progress struct {
	ring    RingID
	reached uint64
}

// hop is the last step that a member sent on, in the ring that it gathers from.
// The successor's progress tells whether it was this hop that failed. One of
// its two ends is where the fault is, so it is a trouble of that link, and of no
// other: two that hear each other well never hold each other's failures against
// one another.
type hop struct {
	ring   RingID
	sent   uint64
	sentAt Time // first
	to     int  // whom it was sent to, by configuration index
	open   bool // tried for long enough to tell, and not judged yet
}

// step numbers the tokens of a ring from its formation on: the rounds of the
// commit token, then those of the token.
func (in *instance) step(tseq, startTSeq uint64) uint64 {
	return distributeRound + tseq - startTSeq
}

// noteHop remembers how far the ring came that this member is about to leave.
func (r *Ring) noteHop(now Time) {
	in, h, reached := r.cur, hop{sentAt: r.cur.forwardedAt}, uint64(0)
	if f := r.formation; f != nil {
		in, h.sentAt, reached = f.ring, f.sentAt, uint64(f.round)
		if f.sent != nil {
			h.sent = uint64(f.sent[commitRoundAt])
		}
	}
	if in.alone() {
		return
	}
	if in.lastTSeq > r.cfg.StartTSeq {
		reached = in.step(in.lastTSeq, r.cfg.StartTSeq)
	}
	if in.sent != nil {
		h.sent, h.sentAt = in.step(in.sentRound, r.cfg.StartTSeq), in.forwardedAt
	}
	h.ring, h.to = in.id, in.successor().index
	h.open = h.sent > 0 && now-h.sentAt >= r.t.loss/2
	r.hop = h
	r.got(in.id, reached)
}

// got notes progress of the latest ring.
func (r *Ring) got(ring RingID, reached uint64) {
	if ring.Epoch >= r.progress.ring.Epoch {
		r.progress = progress{ring, reached}
	}
}

// gotCommit notes that a commit token came, though not as agreed: it was not the
// hop that failed.
func (r *Ring) gotCommit(from Process, t *commitToken) {
	n := len(t.entries)
	for i := range t.entries {
		if t.entries[i].process == from && t.entries[(i+1)%n].process == r.cfg.Self {
			r.got(t.ring, uint64(t.round))
		}
	}
}

// judgeHop looks whether the successor's join tells what became of the hop.
func (r *Ring) judgeHop(now Time) {
	h := &r.hop
	if !h.open {
		return
	}
	j := r.joins[h.to]
	if j == nil || j.at-h.sentAt < r.t.loss/2 || j.ring.Epoch > h.ring.Epoch {
		return // not said, or forgotten
	}
	h.open = false
	if j.ring != h.ring || j.reached < h.sent {
		p := &r.peers[h.to]
		p.failed(now, r.t)
		r.recheckAt = min(r.recheckAt, max(now, p.provenAt(r.t)))
	}
}
