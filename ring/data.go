package ring

// receiveData takes a data packet: of the installed ring, or of the one whose
// recovery this member has not finished yet while others have.
func (r *Ring) receiveData(now Time, from Process, payload []byte) {
	h, chunks, ok := parseHeader(payload)
	if !ok || h.recovery != 0 || !wellFormed(chunks, h.safe) {
		r.n.Malformed++
		return
	}
	in := r.cur
	if r.next != nil && h.ring == r.next.id {
		in = r.next
	}
	switch {
	case h.ring != in.id || in == r.cur && r.frozen():
		// Once this member has said what it has, only what a recovery brings
		// again may change it, or members would disagree on the holes.
		r.n.DataForeign++
		return
	case h.origin >= len(in.members):
		r.n.Malformed++
		return
	case !in.store.fits(h.seq):
		if h.seq <= in.store.base {
			r.n.DataDuplicate++
		} else {
			r.n.DataBeyondWindow++
		}
		return
	}
	if r.keep(now, in, &h, from, payload) && r.state == Operational {
		r.evidence(now, in, &h)
		in.noteLateness(now, &h)
		r.deliverOrdered(now, in)
	}
}

// noteLateness measures how far behind its round's token a first copy came.
// One that was asked for shows nothing [Karn, Partridge, SIGCOMM 1987].
func (in *instance) noteLateness(now Time, h *header) {
	if in.store.at(h.seq).attempts > 0 || in.acceptedAt < 0 {
		return
	}
	if h.round > in.lastTSeq {
		in.lateness.note(0)
		return
	}
	in.lateness.note(now - in.acceptedAt + in.smoothed*Time(min(in.lastTSeq-h.round, 1<<20)))
}

// receiveRecovered takes a packet of the old ring that a companion sent again
// in this very recovery.
func (r *Ring) receiveRecovered(now Time, from Process, payload []byte) {
	h, chunks, ok := parseHeader(payload)
	if !ok || h.recovery == 0 || !wellFormed(chunks, h.safe) {
		r.n.Malformed++
		return
	}
	if r.state != Recovery || h.ring != r.cur.id || h.recovery != r.recovery.tag || h.seq > r.recovery.high || !r.cur.store.fits(h.seq) {
		r.n.DataForeign++
		return
	}
	if h.origin >= len(r.cur.members) {
		r.n.Malformed++
		return
	}
	r.keep(now, r.cur, &h, from, payload)
}

// keep stores a packet, as it was sent first, and tells whether it is new.
func (r *Ring) keep(now Time, in *instance, h *header, from Process, payload []byte) bool {
	first := in.store.put(h.seq, payload)
	packet := in.store.at(h.seq).buf
	if first {
		r.n.DataReceived++
		putU32(packet[:offsetRecovery], 0)
	} else {
		r.n.DataDuplicate++
	}
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: TraceRecv, Ring: in.id, Seq: h.seq, From: from, First: first, Packet: packet})
	}
	return first
}

// recovered is a kept packet marked for the present recovery.
func (r *Ring) recovered(packet []byte) []byte {
	b := append(r.room(len(packet)), packet...)
	putU32(b[:offsetRecovery], r.recovery.tag)
	return b
}
