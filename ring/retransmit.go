package ring

// answer sends again what is asked for of one store and takes it out of the
// list. Requests that ask for what has been discarded, or was never given
// out, change nothing but a counter (RNG-6, S7, S8): no packet content is
// fatal. of selects the requests that concern this store; known is the
// highest position given out. An answer that leaves gaps cuts a request up;
// what the token has no room for then is left to be asked for again.
func (r *Ring) answer(now Time, in *instance, t *token, of uint8, known Seq, budget int) {
	known = min(known, in.store.base+Seq(in.store.limit))
	to := soleAsker(t.requests, of)
	kept := r.requests[:0]
	for _, q := range t.requests {
		switch last := q.first + Seq(q.count) - 1; {
		case q.of != of && of == ofThisRing:
			r.n.RequestsIgnored++ // no old ring is being recovered any more
		case q.of != of:
			kept = append(kept, q)
		case last > known || last <= in.store.base:
			r.n.RequestsIgnored++
		default:
			if q.first <= in.store.base {
				r.n.RequestsIgnored++
				q.first, q.count = in.store.base+1, uint32(last-in.store.base)
			}
			kept, budget = r.answerOne(now, in, kept, q, to, budget)
		}
	}
	t.requests, r.requests = kept[:min(len(kept), r.requestLimit(t))], t.requests
}

// soleAsker returns the one member that asks about a store, or -1 if several
// do: what it asks for need not go to all.
func soleAsker(requests []request, of uint8) int {
	asker := -1
	for i := range requests {
		if q := &requests[i]; q.of == of {
			if asker >= 0 && asker != int(q.asker) {
				return -1
			}
			asker = int(q.asker)
		}
	}
	return asker
}

// answerOne answers one request and appends what is left of it to kept.
func (r *Ring) answerOne(now Time, in *instance, kept []request, q request, to int, budget int) ([]request, int) {
	lag := in.lag(r.t.maxLag)
	if q.attempt > 0 {
		to = -1 // an answer to that member alone did not arrive
	}
	later := q // for what is held here and not sent now
	later.able = uint8(r.turning().self) + 1
	if q.skip > 0 {
		later.skip--
	} else {
		later.attempt = unclear
	}
	start := len(kept)
	for i := range q.count {
		seq := q.first + Seq(i)
		if !in.store.held(seq) {
			kept = appendRequest(kept, start, q, seq)
			continue
		}
		s := in.store.at(seq)
		switch {
		case q.skip > 0 || budget <= 0:
			kept = appendRequest(kept, start, later, seq)
		case s.wasSent && now-s.resent <= 2*lag:
			// It is on its way already.
		default:
			s.wasSent, s.resent = true, now
			budget -= cost(len(s.buf))
			r.resend(s.buf, to)
			r.traceAnswer(now, in, seq, &q)
		}
	}
	return kept, budget
}

// appendRequest puts one position of q on the list; from index start on, it
// extends the last entry where that continues it.
func appendRequest(list []request, start int, q request, seq Seq) []request {
	if n := len(list); n > start {
		last := &list[n-1]
		if last.attempt == q.attempt && last.able == q.able && last.skip == q.skip && last.first+Seq(last.count) == seq {
			last.count++
			return list
		}
	}
	q.first, q.count = seq, 1
	return append(list, q)
}

// ask adds requests for the positions up to limit that this member lacks, at
// most room entries. holders is how many others may have them, unless it is
// known how many did: attempt k passes over the first k of these (protocol
// rule 5), so that the one that answers changes. deaf is a packet that has been
// asked for so often and for so long that this member cannot be hearing those
// that hold it; 0: none.
func (r *Ring) ask(now Time, in *instance, t *token, q request, limit Seq, holders, room int) (deaf Seq) {
	lag := in.lag(r.t.maxLag)
	start := len(t.requests)
	for seq := in.store.aru + 1; seq <= limit && in.store.fits(seq); seq++ {
		s := in.store.at(seq)
		if s.held || s.hole || s.attempts > 0 && now-s.asked < 2*lag {
			continue
		}
		able := holders
		if s.able > 0 {
			able = min(int(s.able)+1, holders) // by now it may be one more
		}
		q.attempt = uint8(s.attempts % unclear)
		q.skip = uint8(int(s.attempts) % max(able, 1))
		s.skip = q.skip
		t.requests = appendRequest(t.requests, start, q, seq)
		if len(t.requests)-start > room {
			t.requests = t.requests[:start+room]
			return deaf
		}
		if s.attempts == 0 {
			s.since = now
		}
		s.attempts++
		s.asked = now
		r.n.Requested++
		if r.cfg.Trace != nil {
			r.trace(now, &TraceEvent{Kind: TraceRequest, Ring: in.id, Seq: seq, Attempt: int(s.attempts)})
		}
		if s.attempts > deafAttempts && now-s.since > 2*r.t.loss {
			deaf = seq
		}
	}
	return deaf
}

// take removes a member's own requests about one ring: the token has been all
// the way round with them. Those removed are valid until the next use of the
// token's list.
func (t *token) take(asker int, of uint8) []request {
	keep := t.requests[:0:0]
	var mine []request
	for _, q := range t.requests {
		if int(q.asker) == asker && q.of == of {
			mine = append(mine, q)
		} else {
			keep = append(keep, q)
		}
	}
	if mine != nil {
		t.requests = keep
	}
	return mine
}

// noteHolders learns from a request that has come back how many hold the
// packets, and one that does: those that were passed over.
func (in *instance) noteHolders(q *request) {
	for i := range q.count {
		seq := q.first + Seq(i)
		if !in.store.fits(seq) || in.store.held(seq) {
			continue
		}
		s := in.store.at(seq)
		if s.attempts == 0 || q.able == 0 || q.skip > s.skip {
			continue
		}
		if s.able = s.skip - q.skip; q.attempt == unclear {
			s.able++
		}
		s.holder = q.able - 1
	}
}

// unclear is the attempt number of a request that a holder could not answer
// for want of budget: whoever answers it, it is out of turn.
const unclear = 255

// requestLimit is how many requests the token has room for: it always fits one
// packet.
func (r *Ring) requestLimit(t *token) int {
	return (r.payloadSize(t) - tokenHeader) / requestSize
}

// requestRoom is how many of them one member may add: its part of them, at
// least one however many members there are, if that is free.
func (r *Ring) requestRoom(in *instance, t *token) int {
	all := r.requestLimit(t)
	return max(min(max(all/len(in.members), 1), all-len(t.requests)), 0)
}
