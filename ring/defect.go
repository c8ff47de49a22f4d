package ring

import "time"

// defecting is a member's watch for a larger ring that it could be in without
// the rest of its own. Rings merge whole; where the members of one do not all
// hear the other, the one that does would be kept from the larger clique for
// ever by the ring it happens to be in (protocol rule 3, LIV-5).
//
// It goes to rings of at least as many as its own only, so that each such step
// makes a ring larger than the one left behind: they come to an end.
type defecting struct {
	to    set  // the ring it would go to
	since Time // when that last changed
	tries int  // in a row that have led nowhere
}

// mostTries bounds how often the wait before defecting is doubled.
const mostTries = 3

// wait is how long such a ring must have been there: merging comes first.
func (d *defecting) wait(t timing) time.Duration { return 2 * t.loss << min(d.tries, mostTries) }

// due is when this member defects, if nothing changes.
func (d *defecting) due(t timing) Time {
	if d.to.empty() {
		return NoDeadline
	}
	return d.since + d.wait(t)
}

// defects tells whether it is time to leave the ring for a larger one.
func (r *Ring) defects(now Time, in *instance) bool {
	d := &r.defecting
	if to := r.largerRing(now, in); to != d.to {
		d.to, d.since = to, now
	}
	return now >= d.due(r.t)
}

// defect leaves the ring for the larger one. For a time those who stay behind
// are not considered, or the old ring would form again at once.
func (r *Ring) defect(now Time) {
	to := r.defecting.to
	r.defecting.tries++
	r.enterGather(now)
	r.only = to
	r.only.add(r.self)
}

// largerRing is the largest ring of strangers, as large as the own one or
// larger, that this member could be in: it hears them all.
func (r *Ring) largerRing(now Time, in *instance) (best set) {
	if in.alone() {
		return best // merging does all that can be done
	}
	strangers := r.around(now).minus(in.daemons)
	for i := strangers.lowest(); i >= 0; i = strangers.next(i + 1) {
		members, _ := r.standing(i)
		if members.lowest() != i || !members.within(strangers) || members.count() < max(len(in.members), best.count()+1) {
			continue
		}
		together := true
		for j := members.lowest(); j >= 0; j = members.next(j + 1) {
			other, _ := r.standing(j)
			together = together && other == members
		}
		if together {
			best = members
		}
	}
	return best
}
