package ring

// Leave announces that this life ends, so that the others need not find out.
// Nothing is delivered or sent afterwards but the announcement.
func (r *Ring) Leave(now Time) {
	if !r.begin(now) {
		return
	}
	r.left = true
	r.gatherNo++
	r.hears, r.proposal = set{}, set{}
	r.hears.add(r.self)
	r.proposal.add(r.self)
	for range leaveCopies {
		r.sendJoin(now)
	}
}

// leaveCopies is how often a farewell is said: nobody answers it.
const leaveCopies = 3
