package ring

import "time"

// visit is what a member does with the token [T95 section 4.2], in this order:
// answer requests, number new packets, bring Aru up to date, ask for what is
// missing, mark what the ring must agree on, pass the token on — before the
// last part of the new packets [B16 section 3] — and only then deliver.
func (r *Ring) visit(now Time, in *instance, t *token) {
	idle := r.idle(in, t)
	in.hurried = false
	all := t.aru == t.seq // on receipt everybody had everything
	limit := in.visits.visit(now, t.seq, in.lag(r.t.maxLag), r.t.maxLag)

	for _, q := range t.take(in.self, ofThisRing) { // what came back is asked for anew
		in.noteHolders(&q)
	}
	r.answer(now, in, t, ofThisRing, t.seq, r.resendBudget(in, t))
	first := t.seq + 1
	r.originate(now, in, t)
	in.visits.last.seq = t.seq
	in.updateAru(t, all)
	q := request{asker: uint8(in.self), of: ofThisRing}
	deaf := r.ask(now, in, t, q, min(limit, first-1), len(in.members)-1, r.requestRoom(in, t))
	r.mark(now, in, t)
	r.announceHold(in, t, idle && t.seq < first)
	r.traceVisit(now, in, t)
	r.resentMost = 0

	if in.alone() {
		r.multicast(in, first, t.seq)
		in.lastTSeq++
	} else {
		early := r.beforeToken(first, t.seq)
		r.multicast(in, first, early)
		r.forward(now, in, t)
		r.multicast(in, early+1, t.seq)
	}
	r.stabilize(now, in, t.aru)
	r.deliverOrdered(now, in)
	r.discard(now, in)
	switch {
	case deaf > 0:
		r.leaveDeaf(now, in, in, deaf)
	case r.strangerReady(now, in):
		r.enterGather(now)
	}
}

// updateAru applies [T95 section 4.2] with the rule that only its setter
// raises Aru, and that it follows Seq only if it was equal on receipt
// (protocol rule 5).
func (in *instance) updateAru(t *token, all bool) {
	mine := in.store.aru
	switch {
	case mine < t.aru:
		t.aru, t.setter = mine, uint8(in.self)
	case int(t.setter) == in.self || all:
		t.aru, t.setter = mine, uint8(in.self)
		if mine == t.seq {
			t.setter = nobody
		}
	}
}

// stabilize raises the stable mark: what both of the last two tokens I sent
// say all have, and I have, everybody has (protocol rule 5, RNG-4).
func (r *Ring) stabilize(now Time, in *instance, aru Seq) {
	stable := min(aru, in.sentAru, in.store.aru)
	if in.alone() {
		stable = in.store.aru
	}
	in.sentAru = aru
	if stable > in.stable {
		in.stable = stable
		if r.cfg.Trace != nil {
			r.trace(now, &TraceEvent{Kind: TraceStable, Ring: in.id, Seq: stable})
		}
	}
}

// discard frees what all have and the local clients have been given (RNG-5).
func (r *Ring) discard(now Time, in *instance) {
	upto := min(in.stable, in.delivered)
	if upto <= in.store.base {
		return
	}
	in.store.discard(upto)
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: TraceDiscard, Ring: in.id, Seq: upto})
	}
}

// originate numbers new packets, as many as flow control allows, and keeps
// them as received. They are sent later in the visit.
func (r *Ring) originate(now Time, in *instance, t *token) {
	size := r.payloadSize(t)
	w := r.window(in, t)
	left := in.left(w, t)
	mine := share(w, r.lanes.bytes, int(t.backlog)-int(min(in.backlogMine, t.backlog)), len(in.members))
	used := r.resent
	for used < left && used+cost(size) <= in.credit+mine && !r.lanes.empty() && t.seq-in.stable < maxSlots/2 {
		n := r.packet(now, in, t, size)
		if n == 0 {
			break
		}
		used += cost(n)
	}
	in.spent(mine, used, cost(size))
	r.account(in, t, used)
	t.backlog = swapShare(t.backlog, in.backlogMine, r.lanes.bytes)
	in.backlogMine = uint32(r.lanes.bytes)
	in.lastWindow, in.lastSize = w, size
	if t.large += uint64(r.largeBegun); t.large >= uint64(r.largeDone) {
		t.large -= uint64(r.largeDone)
	}
	r.largeBegun, r.largeDone = 0, 0
}

// account puts the bytes multicast at this visit on the token, those sent again
// among them.
func (r *Ring) account(in *instance, t *token, used int) {
	t.fcc = swapShare(t.fcc, in.fccMine, used)
	in.fccMine = uint32(used)
	r.resent = 0
}

// swapShare replaces this member's share in one of the token's sums.
func swapShare(sum, was uint32, now int) uint32 {
	return sum - min(was, sum) + uint32(now)
}

// packet fills one packet from the lanes and gives it the next number. It
// returns the packet's length, 0 if there was nothing that may be sent.
func (r *Ring) packet(now Time, in *instance, t *token, size int) int {
	h := header{ring: in.id, origin: in.self, seq: t.seq + 1, round: r.roundOf(in, t), counter: r.originated}
	f := &r.filling
	*f = filling{finished: f.finished[:0], large: max(r.cfg.ReassemblyBudget-int(t.large)-r.largeBegun, 0)}
	b := r.lanes.fill(h.append(in.store.buffer()), size, f)
	r.largeBegun += f.begun
	if len(b) == dataHeader {
		in.store.free = append(in.store.free, b)
		return 0
	}
	if f.safe {
		b[offsetOrigin+1] |= flagSafe
	}
	t.seq++
	in.store.fits(t.seq)
	in.store.own(t.seq, b)
	r.n.DataSent++
	for i := range f.finished {
		r.originated++
		r.n.MessagesOriginated++
		if r.cfg.Trace != nil {
			s := &f.finished[i]
			r.trace(now, &TraceEvent{Kind: TraceOriginate, Ring: in.id, Seq: t.seq, Message: Delivery{
				Sender: r.cfg.Self, Counter: r.originated, Service: s.service, Ring: in.id, Seq: t.seq, Index: i, Payload: s.payload}})
		}
		f.finished[i] = submission{}
	}
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: TraceRecv, Ring: in.id, Seq: t.seq, From: r.cfg.Self, First: true, Packet: b})
	}
	return len(b)
}

// roundOf is the number the token will carry when it leaves here.
func (r *Ring) roundOf(in *instance, t *token) uint64 {
	if in.representative() {
		return t.tseq + 1
	}
	return t.tseq
}

// beforeToken returns the last of the packets first to last that goes out
// before the token. With next to nothing to send acceleration gains nothing
// and costs Safe messages a round (performance reference 2.9).
func (r *Ring) beforeToken(first, last Seq) Seq {
	n := last + 1 - first
	if n <= 2 {
		return last
	}
	return first - 1 + n/2
}

// multicast sends own packets, from the store.
func (r *Ring) multicast(in *instance, first, last Seq) {
	if in.alone() {
		return
	}
	for seq := first; seq <= last; seq++ {
		r.send(KindData, 0, false, in.store.at(seq).buf)
	}
}

// resend sends a kept packet again, to one member or to all (-1).
func (r *Ring) resend(packet []byte, to int) {
	r.n.DataResent++
	r.resent += cost(len(packet))
	r.resentMost = max(r.resentMost, cost(len(packet)))
	kind, daemon := KindData, DaemonID(0)
	if r.state == Recovery {
		kind = KindRecovered
		packet = r.recovered(packet)
	}
	if to >= 0 {
		daemon = r.turning().members[to].process.Daemon
	}
	r.send(kind, daemon, true, packet)
}

// resendBudget caps the bytes sent again in one visit (protocol rule 7).
func (r *Ring) resendBudget(in *instance, t *token) int {
	w := r.window(in, t)
	return min(w/2, in.left(w, t))
}

// window is the flow control window in force. In a ring's first rotation only
// the own receive budget is known.
func (r *Ring) window(in *instance, t *token) int {
	budget := r.budget
	if t.budgetLast != 0 {
		budget = min(budget, int(t.budgetLast))
	}
	return in.window(len(in.members), r.payloadSize(t), budget)
}

// payloadSize is the size of packet the ring has agreed on; never one too small
// for the token, whatever a faulty member has put on it (RNG-6).
func (r *Ring) payloadSize(t *token) int {
	if t.sizeLast == 0 {
		return r.payload
	}
	return min(r.payload, max(int(t.sizeLast), minPayload))
}

func clamp(d, least, most time.Duration) time.Duration { return min(max(d, least), most) }
