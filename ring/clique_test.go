package ring

import "testing"

func setOf(members ...int) (s set) {
	for _, m := range members {
		s.add(m)
	}
	return s
}

func graphOf(n int, edges ...[2]int) *graph {
	g := &graph{vertices: firstN(n)}
	for _, e := range edges {
		g.edges[e[0]].add(e[1])
		g.edges[e[1]].add(e[0])
	}
	return g
}

func TestPartition(t *testing.T) {
	ringA, ringB := RingID{Epoch: 1}, RingID{Epoch: 2}
	tests := []struct {
		name  string
		have  *graph
		old   map[int]RingID
		wants []set // of each vertex
	}{
		{"alone", graphOf(1), nil, []set{setOf(0)}},
		{"all hear all", graphOf(3, [2]int{0, 1}, [2]int{1, 2}, [2]int{0, 2}), nil, []set{setOf(0, 1, 2), setOf(0, 1, 2), setOf(0, 1, 2)}},
		{"in a row: the lowest", graphOf(3, [2]int{0, 1}, [2]int{1, 2}), nil, []set{setOf(0, 1), setOf(0, 1), setOf(2)}},
		{"in a row: most of one old ring", graphOf(3, [2]int{0, 1}, [2]int{1, 2}), map[int]RingID{0: ringA, 1: ringB, 2: ringB},
			[]set{setOf(0), setOf(1, 2), setOf(1, 2)}},
		{"the largest first", graphOf(5, [2]int{0, 1}, [2]int{2, 3}, [2]int{3, 4}, [2]int{2, 4}, [2]int{1, 2}), nil,
			[]set{setOf(0, 1), setOf(0, 1), setOf(2, 3, 4), setOf(2, 3, 4), setOf(2, 3, 4)}},
	}
	for _, test := range tests {
		for i := range test.have.old {
			test.have.old[i] = RingID{Epoch: uint64(100 + i)}
		}
		for i, id := range test.old {
			test.have.old[i] = id
		}
		for v, want := range test.wants {
			if got := test.have.partition(v); got != want {
				t.Errorf("%s: %d is with %b, want %b", test.name, v, got[0], want[0])
			}
		}
	}
}

// 128 daemons, complete but for some links: the search must stay short.
func TestPartitionOfManyIsBounded(t *testing.T) {
	g := &graph{vertices: firstN(maxDaemons)}
	for v := range maxDaemons {
		g.edges[v] = firstN(maxDaemons)
		g.edges[v].remove(v)
		g.edges[v].remove(v ^ 1) // every pair is cut: 2^64 maximal cliques
	}
	got := g.partition(0)
	if got.count() != 64 || !got.has(0) {
		t.Errorf("clique of %d", got.count())
	}
}

func TestSet(t *testing.T) {
	s := setOf(0, 5, 63, 64, 127)
	var got []int
	for i := s.lowest(); i >= 0; i = s.next(i + 1) {
		got = append(got, i)
	}
	if len(got) != 5 || got[0] != 0 || got[2] != 63 || got[3] != 64 || got[4] != 127 {
		t.Errorf("members %v", got)
	}
	if (set{}).lowest() != -1 || s.next(128) != -1 {
		t.Error("an end that is not there")
	}
	if !setOf(0, 3).less(setOf(1, 2)) || setOf(1, 2).less(setOf(0, 3)) || s.less(s) {
		t.Error("order of sets")
	}
}
