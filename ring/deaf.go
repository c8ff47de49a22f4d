package ring

// deafAttempts is how many requests for one packet go unanswered before their
// asker looks for the fault. When half of all packets are lost on two networks,
// 32 misses in a row have a chance of 10^-4 or less.
const deafAttempts = 32

// leaveDeaf leaves a ring in which a packet does not come however often it is
// asked for (LIV-7, SCN-17). If a single member holds it, the fault is in the
// link from there: it is left out, by all who lack the packet. Otherwise
// several have tried, and this member is the deaf one. asked is the ring of the
// packet, turning the one whose members were asked.
func (r *Ring) leaveDeaf(now Time, asked, turning *instance, seq Seq) {
	s := asked.store.at(seq)
	holder := int(s.holder)
	if len(turning.members) == 2 {
		s.able, holder = 1, 1-turning.self
	}
	if s.able != 1 || holder >= len(turning.members) {
		r.isolate(now)
		return
	}
	i := turning.members[holder].index
	r.peers[i].failed(now, r.t)
	r.enterGather(now)
	r.dropped.add(i)
}

// isolate makes this daemon go on alone for a while: packets of others do not
// get through to it, and it must not keep them from going on (LIV-5, SCN-17).
func (r *Ring) isolate(now Time) {
	r.isolated = true
	r.isolatedUntil = now + r.t.isolation
	r.enterGather(now)
}
