package ring

import "time"

// addressAgain is how often a host asks again for the address of another one on
// its network (RFC 4861, section 10: RETRANS_TIMER; the same for RFC 826 in
// practice). One whose cable was out for a moment cannot send to that one alone
// for as long, while what is for all passes at once.
const addressAgain = time.Second

// narrowFailures is how many tokens in a row must have needed a second try until
// the next ones go to all members. One alone was lost by chance.
const narrowFailures = 2

// forward sends the token to the successor. The representative begins a new
// round; forwarding resets the retries of the hop (protocol rule 4). At rest it
// goes on every network, under failover too: a lost hop shows only after a rest
// then, and where the network in use is dead all are lost, one after the other,
// until that is known (MPX-5). It is one small packet a member and rest.
func (r *Ring) forward(now Time, in *instance, t *token) {
	if in.representative() {
		t.tseq++
		t.arq = uint8(t.tseq)
	}
	t.retrans = 0
	to, rests := in.hopTo(now), holdOf(t) > 0
	in.sent = t.append(in.sent[:0])
	in.sentRound, in.forwardedAt = t.tseq, now
	r.send(KindToken, to, rests, r.copied(in.sent))
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: TraceTokenOut, Ring: in.id, TSeq: in.sentRound})
	}
	in.resendDelay = clamp(2*in.smoothed, r.t.minResend, r.t.maxResend)
	if in.smoothed == 0 {
		in.resendDelay = r.t.maxResend
	}
	in.firstResend = in.resendDelay
	if hold := holdOf(t); hold > 0 {
		// Lost tokens lengthen what is measured: bounded, and only for the first
		// try, or there would be too few of them before the ring is lost.
		in.firstResend = hold + max(in.resendDelay, min(2*in.waking, r.t.maxWaking))
	}
	in.sentAt, in.resendAt = now, now+in.firstResend
}

// hopTo is whom the next token is for: the successor, or all (0) as long as it
// seems that the successor cannot be reached alone. The others take no notice.
func (in *instance) hopTo(now Time) DaemonID {
	switch {
	case now < in.wideUntil:
		return 0
	case len(in.sent) == 0 || in.sent[tokenRetrans] == 0 || in.sentAt < in.wideUntil:
		in.retried = 0
	default:
		if in.retried++; in.retried >= narrowFailures {
			in.retried, in.wideUntil = 0, now+addressAgain
			return 0
		}
	}
	return in.successor().process.Daemon
}

// resendToken tries the last hop again because nothing was heard of it, and
// doubles the timer.
func (r *Ring) resendToken(now Time, in *instance) {
	r.repeatToken(now, in)
	in.resendDelay = min(2*in.resendDelay, r.t.maxResend)
	in.resendAt = now + in.resendDelay
}

// mayBeLost tells whether my token may have been lost, now that the predecessor
// tries its own again: there is no evidence that it went on, and it went out as
// long ago as evidence may take. What was tried again once would otherwise
// follow the token from member to member for ever.
func (in *instance) mayBeLost(now Time) bool {
	return in.resendAt != NoDeadline && now-in.sentAt >= in.firstResend
}

// repeatToken sends my token once more, to all members: it may be that the
// successor cannot be reached alone.
func (r *Ring) repeatToken(now Time, in *instance) {
	in.sentAt = now
	if in.sent[tokenRetrans] < nobody {
		in.sent[tokenRetrans]++
	}
	r.n.TokensResent++
	r.send(KindToken, 0, true, r.copied(in.sent))
}
