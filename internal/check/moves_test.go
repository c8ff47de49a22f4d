package check

import (
	"testing"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// states are moves of a process.
func (s *script) states(at ring.Process, list ...ring.State) {
	for _, to := range list {
		s.state[at] = to
		s.add(trace.Event{Kind: trace.State, Process: at, State: to})
	}
}

var goodMoves = []run{
	{"alone, then with another", RNG10, func() *script {
		s := newScript()
		s.states(p, ring.Operational)
		s.born(p)
		s.states(p, ring.Gather, ring.Operational, ring.Gather, ring.Gather, ring.Commit, ring.Gather, ring.Commit, ring.Recovery, ring.Gather, ring.Commit, ring.Recovery)
		s.commit(p, id(10, p), p)
		s.install(p, s.next(p, id(10, p), p))
		s.states(p, ring.Operational)
		s.install(p, regular(id(1, p), id(10, p), p, q))
		return s
	}},
}

var badMoves = []run{
	{"born to gather", RNG10, func() *script {
		s := newScript()
		s.states(p, ring.Gather)
		return s
	}},
	{"to the Operational state from a ring of two that is lost", RNG10, func() *script {
		s := two()
		s.states(p, ring.Gather, ring.Operational)
		return s
	}},
	{"to the Operational state before any ring", RNG10, func() *script {
		s := newScript()
		s.states(p, ring.Operational, ring.Gather, ring.Operational)
		return s
	}},
	{"positions given out while gathering", RNG10, func() *script {
		s := two()
		s.states(p, ring.Gather)
		s.originate(p, ring.Agreed)
		return s
	}},
	{"a configuration installed while gathering", RNG10, func() *script {
		s := two()
		s.states(p, ring.Gather)
		s.install(p, regular(id(10, p), id(11, p), p))
		return s
	}},
	{"a transitional configuration in the Operational state", RNG10, func() *script {
		s := two()
		s.states(p, ring.Operational)
		s.install(p, s.next(p, id(11, p), p))
		return s
	}},
	{"a regular configuration in Recovery", RNG10, func() *script {
		s := two()
		s.states(p, ring.Gather, ring.Commit, ring.Recovery)
		s.install(p, s.next(p, id(11, p), p))
		s.install(p, regular(id(10, p), id(11, p), p))
		return s
	}},
}

// The written table: what may follow each state, and what may happen in it.
func TestStateTable(t *testing.T) {
	const o, g, c, r = ring.Operational, ring.Gather, ring.Commit, ring.Recovery
	legal := map[[2]ring.State]bool{{o, g}: true, {g, c}: true, {g, g}: true, {c, r}: true, {c, g}: true, {r, o}: true, {r, g}: true}
	for from := g; from <= o; from++ {
		for to := g; to <= o; to++ {
			s := two()
			s.states(p, from)
			s.states(p, to)
			if judged := s.judge(RNG10); (judged.Verdict() == nil) != legal[[2]ring.State{from, to}] {
				t.Errorf("%v to %v: %v", from, to, judged.Verdict())
			}
		}
	}
	table := []struct {
		kind   trace.Kind
		states []ring.State
	}{
		{trace.Originate, []ring.State{o}}, {trace.Stable, []ring.State{o}}, {trace.Discard, []ring.State{o}}, {trace.Visit, []ring.State{o}},
		{trace.Recv, []ring.State{o, g, r}}, {trace.Deliver, []ring.State{o, r}},
		{trace.TokenIn, []ring.State{o, r}}, {trace.TokenOut, []ring.State{o, r}},
		{trace.Request, []ring.State{o, r}}, {trace.Answer, []ring.State{o, r}}, {trace.Commit, []ring.State{r}},
		{trace.Drain, []ring.State{o, g, c, r}}, {trace.Path, []ring.State{o, g, c, r}},
	}
	for _, row := range table {
		for in := g; in <= o; in++ {
			legal := false
			for _, may := range row.states {
				legal = legal || may == in
			}
			s := two()
			s.states(p, in)
			s.add(trace.Event{Kind: row.kind, Process: p, First: true, Verdict: ring.TokenAccepted, Ring: id(10, p), Sizes: &trace.Sizes{}})
			if judged := s.judge(RNG10); (judged.Verdict() == nil) != legal {
				t.Errorf("%v in %v: %v", row.kind, in, judged.Verdict())
			}
		}
	}
	for _, e := range []trace.Event{{Kind: trace.TokenIn, Verdict: ring.TokenStale}, {Kind: trace.Recv}} {
		s := two()
		s.states(p, c)
		e.Process, e.Ring = p, id(10, p)
		s.add(e)
		wantGood(t, "refused in any state", s.judge(RNG10))
	}
}
