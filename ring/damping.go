package ring

import "time"

// damping is what is remembered of the troubles of the link to another daemon,
// so that one that fails again and again does not break a ring as often
// (LIV-5). It is the damping of flapping routes [RFC 2439] with a proof of
// good conduct in place of a decaying penalty.
//
// A trouble is that mutual hearing ended while both were in one ring, that a hop
// to the daemon failed, or that it did not come though a ring was left for it.
// After a few lately the link counts only when it has been free of
// them for a while, which doubles with each. That takes no link out of a ring
// that turns, and none that has no troubles: a core of well connected daemons
// is never damped, whatever others do. And a link that has become good counts
// again within a bounded time (LIV-1).
type damping struct {
	troubles int  // lately
	last     Time // trouble
	since    Time // when mutual hearing began, or a hop failed after that
}

const (
	// freeTroubles pass without consequence: a crash, a cable, a partition.
	freeTroubles = 3
	// mostSilences bounds how many times silence counts, and so how long a link
	// that is heard has to prove itself: 8 fd.
	mostSilences = 6
	// mostHops does for failed hops: 16 fd. Where hellos come and tokens do not,
	// being heard proves less.
	mostHops = 7
)

// trouble counts one; most is how many of the kind are counted.
func (d *damping) trouble(now Time, most int, t timing) {
	d.troubles = max(d.troubles-int((now-d.last)/t.forgive), 0)
	if d.troubles < most {
		d.troubles++
	}
	d.last = now
}

// failed is the trouble that a hop to the daemon failed. The link has to prove
// itself anew, however well it is heard. It is never the first: what it cost is
// a ring, or fd of a formation, not only hearing.
func (d *damping) failed(now Time, t timing) {
	d.trouble(now, mostHops, t)
	d.troubles = max(d.troubles, 2)
	d.since = now
}

// proof is how long the link has to be free of troubles before it counts.
func (d *damping) proof(t timing) time.Duration {
	if d.troubles <= freeTroubles {
		return 0
	}
	return t.proof << (d.troubles - freeTroubles - 1)
}

// provenAt is when it counts, if there is no trouble until then.
func (d *damping) provenAt(t timing) Time {
	if d.troubles <= freeTroubles {
		return 0
	}
	return d.since + d.proof(t)
}

// setMutual notes whether the daemon at position i and I hear each other. That
// it ends is a trouble if we share a ring.
func (r *Ring) setMutual(now Time, i int, mutual bool) {
	p := &r.peers[i]
	if p.mutual == mutual {
		return
	}
	p.mutual = mutual
	switch {
	case mutual:
		p.since = now
		r.recheckAt = min(r.recheckAt, max(now, p.provenAt(r.t)))
	case r.cur.daemons.has(i):
		p.trouble(now, mostSilences, r.t)
	}
}

// notAdmitted counts it against those for whom this member, as representative,
// left its ring, but who are not in the next one.
func (r *Ring) notAdmitted(now Time, in *instance) {
	missed := r.admitting.minus(in.daemons)
	for i := missed.lowest(); i >= 0; i = missed.next(i + 1) {
		r.peers[i].trouble(now, mostSilences, r.t)
	}
	r.admitting = set{}
}

// steadiness is for how long each link has worked without trouble, in units of
// fd, at most 255.
func (r *Ring) steadiness(now Time) []uint8 {
	ages := make([]uint8, len(r.peers))
	for i := range r.peers {
		p := &r.peers[i]
		ages[i] = uint8(min((now-p.since)/r.t.loss, 255))
	}
	return ages
}
