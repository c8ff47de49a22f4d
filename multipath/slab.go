package multipath

// Sizes of the slab that outgoing packets are sealed into.
const (
	slabChunk = 256 << 10
	slabKeep  = 16 // chunks kept for reuse after a burst
)

// slab hands out space for the packets of one drain and is reused for the
// next, so that sending allocates nothing. The bytes handed out stay valid
// until reset.
type slab struct {
	chunks [][]byte
	chunk  int // the one being filled
	used   int
}

// take returns an empty slice with room for exactly n bytes.
func (s *slab) take(n int) []byte {
	if n > slabChunk {
		return make([]byte, 0, n)
	}
	if s.chunk < len(s.chunks) && s.used+n > slabChunk {
		s.chunk, s.used = s.chunk+1, 0
	}
	if s.chunk == len(s.chunks) {
		s.chunks = append(s.chunks, make([]byte, slabChunk))
	}
	b := s.chunks[s.chunk][s.used : s.used : s.used+n]
	s.used += n
	return b
}

func (s *slab) reset() {
	s.chunk, s.used = 0, 0
	if len(s.chunks) > slabKeep {
		clear(s.chunks[slabKeep:])
		s.chunks = s.chunks[:slabKeep]
	}
}
