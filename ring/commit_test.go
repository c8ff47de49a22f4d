package ring

import "testing"

// gathering member 1 of an old ring of two, and the commit token it waits for.
func awaitingCommit() (*Ring, commitToken) {
	r, in := turningRing(2, 1)
	r.peers[0] = peer{process: in.members[0].process, mutual: true, known: true, beacon: beacon{willing: true}}
	r.enterGather(0)
	r.proposal = setOf(0, 1)
	t := commitToken{ring: RingID{3, in.members[0].process}, round: collectRound, entries: []commitEntry{
		{process: in.members[0].process, gather: 7, filled: true, old: in.id},
		{process: in.members[1].process, gather: r.gatherNo},
	}}
	return r, t
}

func TestCommitTokenAgreed(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *Ring, t *commitToken)
		want   State
	}{
		{"as agreed", func(*Ring, *commitToken) {}, Commit},
		{"of an earlier Gather of mine", func(_ *Ring, t *commitToken) { t.entries[1].gather-- }, Gather},
		{"of another life of mine", func(_ *Ring, t *commitToken) { t.entries[1].process.Incarnation++ }, Gather},
		{"of an earlier Gather of another", func(r *Ring, _ *commitToken) { r.joins[0] = &join{gather: 8} }, Gather},
		{"of an earlier life of another", func(r *Ring, _ *commitToken) { r.peers[0].process.Incarnation++ }, Gather},
		{"other members", func(r *Ring, _ *commitToken) { r.proposal = setOf(1) }, Gather},
		{"an epoch of the past", func(_ *Ring, t *commitToken) { t.ring.Epoch = 1 }, Gather},
		{"an epoch near its limit", func(_ *Ring, t *commitToken) { t.ring.Epoch = ^uint64(0) }, Gather},
		{"beyond the window of the old ring", func(_ *Ring, t *commitToken) { t.entries[0].aru, t.entries[0].high = 1<<50, 1<<50 }, Gather},
		{"obligations to no member of the old ring", func(_ *Ring, t *commitToken) { t.entries[0].obligations.add(2) }, Gather},
		{"a companion that was not in the old ring", func(r *Ring, _ *commitToken) { r.cur.members = r.cur.members[1:]; r.cur.self = 0 }, Gather},
	}
	for _, test := range tests {
		r, tok := awaitingCommit()
		r.epoch = 1
		test.change(r, &tok)
		r.Receive(0, tok.entries[0].process, KindCommit, tok.append(nil))
		if r.state != test.want {
			t.Errorf("%s: state %v, want %v", test.name, r.state, test.want)
		}
		if ignored := r.n.CommitsIgnored; (ignored == 1) != (test.want == Gather) {
			t.Errorf("%s: counted %d", test.name, ignored)
		}
	}
}

// CFG-4: nobody can make epochs wrap.
func TestEpochsDoNotWrap(t *testing.T) {
	r, _ := awaitingCommit()
	j := join{gather: 8, epoch: ^uint64(0), hears: setOf(0, 1), proposal: setOf(0, 1)}
	r.Receive(0, r.peers[0].process, KindJoin, j.append(nil))
	if r.joins[0] != nil || r.n.Malformed != 1 {
		t.Errorf("an epoch next to the limit was taken")
	}
	j.epoch = 1 << 33 // a clock five centuries fast
	r.Receive(0, r.peers[0].process, KindJoin, j.append(nil))
	if r.joins[0] == nil {
		t.Errorf("an epoch of a fast clock was refused")
	}
}
