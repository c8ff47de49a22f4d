package ring

// The trace is what a checker judges the protocol by. Nothing is made for it
// while nobody listens.

func (r *Ring) trace(now Time, e *TraceEvent) { r.cfg.Trace(now, e) }

func (r *Ring) traceToken(now Time, kind TraceKind, from Process, v Verdict) {
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: kind, Ring: r.token.ring, TSeq: r.token.tseq, From: from, Verdict: v})
	}
}

// traceVisit reports what flow control did with the token in hand.
func (r *Ring) traceVisit(now Time, in *instance, t *token) {
	if r.cfg.Trace == nil {
		return
	}
	r.trace(now, &TraceEvent{Kind: TraceVisit, Ring: in.id, TSeq: r.roundOf(in, t), Seq: t.seq, Visit: Visit{
		Window: in.lastWindow, Used: int(t.fcc), Own: int(in.fccMine), Packet: max(cost(in.lastSize), r.resentMost), Stable: in.stable, Stored: r.stored(in),
	}})
}

// traceAnswer reports that a packet was sent again for a request.
func (r *Ring) traceAnswer(now Time, in *instance, seq Seq, q *request) {
	if r.cfg.Trace == nil {
		return
	}
	attempt := 0
	if q.attempt != unclear {
		attempt = int(q.attempt) + 1
	}
	asker := r.turning().members[q.asker].process
	r.trace(now, &TraceEvent{Kind: TraceAnswer, Ring: in.id, Seq: seq, From: asker, Attempt: attempt})
}
