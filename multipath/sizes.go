package multipath

// Sizes are what is kept for what is not finished; all are 0 when every payload
// is whole and every life that talks is proven (LIV-6).
type Sizes struct {
	Parts      int // begun payloads, of lives let in and not
	Candidates int // lives not let in
}

// Sizes tells what is kept for what is not finished.
func (m *Multipath) Sizes() Sizes {
	var s Sizes
	for _, d := range m.daemons {
		if d.life != nil {
			s.Parts += len(d.life.parts.open) + len(d.life.hellos.open)
		}
		for _, l := range d.candidates {
			s.Parts += len(l.hellos.open)
		}
		s.Candidates += len(d.candidates)
	}
	return s
}
