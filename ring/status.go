package ring

// Status returns a snapshot for operators.
func (r *Ring) Status() Status {
	s := Status{State: r.state, Counters: r.n, Backlog: r.lanes.bytes}
	if r.cur == nil {
		return s
	}
	in := r.cur
	s.Ring, s.Members = in.id, in.processes(firstN(len(in.members)))
	s.Rotation, s.Window = in.smoothed, in.lastWindow
	s.Seq, s.Aru, s.Stable = in.store.high, in.store.aru, in.stable
	for i := range r.peers {
		p := &r.peers[i]
		switch {
		case i == r.self || !p.known:
		case !r.agrees(p.beacon.hash, p.beacon.staged):
			s.Refused = append(s.Refused, r.cfg.Daemons[i])
		case p.mutual && r.state == Operational && in.representative() && !in.alone() && !in.daemons.has(i) && !in.reach.has(i):
			s.PartialReach = append(s.PartialReach, r.cfg.Daemons[i])
		}
	}
	return s
}
