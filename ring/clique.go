package ring

// The candidates for a ring are the cliques of mutual hearing. All members
// compute the same one from the same joins: the largest, then the one with
// most of one old ring, then the one with the lowest positions (protocol
// rule 3).

// graph holds, for each vertex, whom it hears mutually.
type graph struct {
	vertices set
	edges    [maxDaemons]set
	old      [maxDaemons]RingID
	steady   [maxDaemons][]uint8 // how long each link has had no trouble
}

// cliqueSteps bounds the search; beyond it the best clique found so far is
// taken. Real hearing graphs are nearly complete and need few steps.
const cliqueSteps = 2000

// partition returns the clique that vertex self is in when the best clique is
// taken out again and again.
func (g *graph) partition(self int) set {
	left := g.vertices
	for {
		best := g.best(left)
		if best.has(self) || best.empty() {
			return best
		}
		left = left.minus(best)
	}
}

// best returns the best clique among some vertices.
func (g *graph) best(among set) set {
	s := search{graph: g, steps: cliqueSteps}
	s.extend(set{}, among, set{})
	return s.best
}

// cliqueWith returns the best clique that a vertex is in, among some.
func (g *graph) cliqueWith(v int, among set) set {
	var clique set
	clique.add(v)
	s := search{graph: g, steps: cliqueSteps}
	s.extend(clique, among.and(g.edges[v]), set{})
	return s.best
}

// keepMutual takes out the edges that not both ends have.
func (g *graph) keepMutual() {
	for v := g.vertices.lowest(); v >= 0; v = g.vertices.next(v + 1) {
		for w := g.edges[v].lowest(); w >= 0; w = g.edges[v].next(w + 1) {
			if !g.vertices.has(w) || !g.edges[w].has(v) {
				g.edges[v].remove(w)
			}
		}
	}
}

type search struct {
	*graph
	best  set
	steps int
}

// extend is Bron and Kerbosch's algorithm with Tomita's pivot [Tomita, Tanaka,
// Takahashi, 2006].
func (s *search) extend(clique, candidates, excluded set) {
	if s.steps--; s.steps < 0 || clique.count()+candidates.count() < s.best.count() {
		return
	}
	if candidates.empty() {
		if excluded.empty() && s.better(clique) {
			s.best = clique
		}
		return
	}
	pivot := s.pivot(candidates, excluded)
	branch := candidates.minus(s.edges[pivot])
	for v := branch.lowest(); v >= 0; v = branch.next(v + 1) {
		bigger := clique
		bigger.add(v)
		s.extend(bigger, candidates.and(s.edges[v]), excluded.and(s.edges[v]))
		candidates.remove(v)
		excluded.add(v)
	}
}

// pivot is the vertex with most neighbours among the candidates.
func (s *search) pivot(candidates, excluded set) int {
	best, most := -1, -1
	all := candidates.or(excluded)
	for v := all.lowest(); v >= 0; v = all.next(v + 1) {
		if n := candidates.and(s.edges[v]).count(); n > most {
			best, most = v, n
		}
	}
	return best
}

// better compares a clique with the best so far.
func (s *search) better(c set) bool {
	if n, m := c.count(), s.best.count(); n != m {
		return n > m
	}
	if n, m := s.together(c), s.together(s.best); n != m {
		return n > m
	}
	if n, m := s.steadiest(c), s.steadiest(s.best); n != m {
		return n > m
	}
	return c.less(s.best)
}

// steadiest is how long no link in a clique has had a trouble, as far as known.
func (s *search) steadiest(c set) uint8 {
	least := uint8(255)
	for v := c.lowest(); v >= 0; v = c.next(v + 1) {
		for w, age := range s.steady[v] {
			if w != v && age < least && c.has(w) {
				least = age
			}
		}
	}
	return least
}

// together is how many of a clique come from one old ring, at most.
func (s *search) together(c set) int {
	most := 0
	for v := c.lowest(); v >= 0; v = c.next(v + 1) {
		n := 0
		for w := v; w >= 0; w = c.next(w + 1) {
			if s.old[w] == s.old[v] {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
