package ring

import (
	"testing"
	"time"
)

// LIV-5: the members of a larger clique leave the rings they happen to be in
// together, however many of each. groups are the rings before, missing the
// pairs that do not hear each other for ever.
func TestCoalition(t *testing.T) {
	tests := []struct {
		name    string
		groups  []int
		missing [][2]int
		core    []int
		most    uint64 // membership changes of a member of the core
	}{
		{"one of each ring is in the other's way", []int{0, 0, 1, 1}, [][2]int{{1, 2}, {1, 0}}, []int{0, 2, 3}, 4},
		{"two of a ring of three", []int{0, 0, 0, 1, 1}, [][2]int{{0, 3}, {0, 4}}, []int{1, 2, 3, 4}, 4},
		{"two of a ring of three, its representative stays", []int{0, 0, 0, 1, 1}, [][2]int{{2, 3}, {2, 4}}, []int{0, 1, 3, 4}, 4},
		{"some of three rings", []int{0, 0, 1, 1, 2, 2, 2}, [][2]int{{0, 2}, {0, 4}, {0, 5}, {0, 6}, {3, 1}, {3, 4}, {3, 5}, {3, 6}}, []int{1, 2, 4, 5, 6}, 6},
		{"two outsiders that are in a ring with half of it", []int{0, 0, 0, 0, 1, 1, 1}, [][2]int{{0, 4}, {0, 5}, {0, 6}, {1, 4}, {1, 5}, {1, 6}}, []int{2, 3, 4, 5, 6}, 4},
	}
	for _, test := range tests {
		w := newNetwork(t, len(test.groups))
		w.cut = func(a, b int) bool { return test.groups[a] != test.groups[b] }
		w.run(time.Second)
		w.cut = func(a, b int) bool {
			for _, p := range test.missing {
				if a == p[0] && b == p[1] || a == p[1] && b == p[0] {
					return true
				}
			}
			return false
		}
		before := w.nodes[test.core[0]].n.MembershipChanges
		w.run(16 * testFD)
		if p := w.apart(testFD, test.core...); p > 0 {
			t.Errorf("%s: the core is apart", test.name)
		}
		for _, i := range test.core {
			n := w.nodes[i].n.MembershipChanges
			if i == test.core[0] && n-before > test.most {
				t.Errorf("%s: %d membership changes", test.name, n-before)
			}
			w.run(10 * testFD)
			if w.nodes[i].n.MembershipChanges != n {
				t.Errorf("%s: node %d changes again though nothing changed", test.name, i)
			}
		}
	}
}

// LIV-5: a ring may turn although two of its members do not hear each other.
// It must not keep the others from a clique of as many as it has members.
func TestCoalitionOutOfACrippledRing(t *testing.T) {
	w := newNetwork(t, 4)
	w.cut = func(a, b int) bool { return a == 3 || b == 3 }
	w.run(time.Second)
	w.wantRing(0, 1, 2)
	w.cut = func(a, b int) bool {
		return a == 0 && b == 2 || // the token does not go this way
			a == 2 && b == 3 || a == 3 && b == 2
	}
	w.run(12 * testFD)
	w.wantRing(0, 1, 3)
}

// What a ring is worth to its members.
func TestWorth(t *testing.T) {
	r, in := turningRing(4, 0)
	hearing := []set{{}, setOf(0, 1, 3), setOf(0, 2, 3), setOf(0, 1, 2, 3)}
	for i := 1; i < 4; i++ {
		r.peers[i] = peer{process: in.members[i].process, mutual: true, known: true, beacon: beacon{willing: true, hears: hearing[i], worth: 2}}
	}
	r.coalesces(0)
	if got := r.coalition.worth; got != 3 {
		t.Errorf("1 and 2 do not hear each other: worth %d, want 3", got)
	}
	hearing[1], hearing[2] = firstN(4), firstN(4)
	for i := 1; i < 3; i++ {
		r.peers[i].beacon.hears = hearing[i]
	}
	r.coalesces(0)
	if got := r.coalition.worth; got != 4 {
		t.Errorf("all hear all: worth %d, want 4", got)
	}
}
