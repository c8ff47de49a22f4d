package ring

// Sizes tells what is kept for what is not finished (LIV-6).
func (r *Ring) Sizes() Sizes {
	s := Sizes{Waiting: r.lanes.bytes}
	if r.cur == nil {
		return s
	}
	in := r.cur
	s.Stored = r.stored(in)
	for seq := in.store.aru + 1; seq < in.store.high; seq++ {
		if !in.store.held(seq) {
			s.Missing++
		}
	}
	s.Missing += int(max(in.store.high, in.visits.last.seq) - in.store.high)
	// While the token goes round, a loss timer and either a resend or a hold
	// timer are armed.
	for _, armed := range []bool{
		in.hurryAt != NoDeadline, r.formation != nil, r.isolated,
		r.merging.due(r.t) != NoDeadline, r.coalition.due(r.t) != NoDeadline,
	} {
		if armed {
			s.Timers++
		}
	}
	return s
}

// stored is what is kept of a ring. Of each member one message of ordinary size
// may be begun at a time, and of all of them large ones within the budget.
func (r *Ring) stored(in *instance) Stored {
	return Stored{
		Held: int(in.store.aru-in.store.base) + in.store.beyond(), Room: in.store.limit,
		Begun: in.reassembly.bytes, Budget: r.cfg.ReassemblyBudget + len(in.members)*largeMessage,
	}
}

// beyond counts what is held above the first gap.
func (s *store) beyond() int {
	n := 0
	for seq := s.aru + 1; seq <= s.high; seq++ {
		if s.at(seq).held {
			n++
		}
	}
	return n
}
