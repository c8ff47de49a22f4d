package ring

// store keeps the packets of one ring by sequence number: what has arrived
// and may still be asked for, and what is known to be missing. It is the
// receive window: positions (base, base+capacity] are in it.
//
// Invariants: base <= delivered-by-the-ring <= aru <= high; every held packet
// lies in (base, high]; everything in (base, aru] is held.
type store struct {
	slots []slot // position seq is at seq & (len-1); len is a power of two
	limit int    // most slots
	base  Seq    // all up to here has been discarded
	aru   Seq    // all up to here has been received [T95 section 4.1, my_aru]
	high  Seq    // highest held

	free  [][]byte // buffers to use
	limbo [][]byte // buffers whose bytes may still be read until the next call
}

// slot is one position.
type slot struct {
	held     bool
	hole     bool // recovery: nobody who comes along has it
	attempts uint32
	buf      []byte
	asked    Time // when last requested, if attempts > 0
	since    Time // when first requested
	resent   Time // when last sent again, if wasSent
	wasSent  bool
	// Of the last request that came back: how many hold the packet (0: none
	// did), and the last of them. skip is what the last one asked for.
	skip, able, holder uint8
}

const (
	minSlots = 64
	maxSlots = 8192
)

func newStore(start Seq) store {
	return store{slots: make([]slot, minSlots), limit: maxSlots, base: start, aru: start, high: start}
}

func (s *store) at(seq Seq) *slot { return &s.slots[int(seq)&(len(s.slots)-1)] }

// fits tells whether seq lies in the window, and makes room for it if so.
func (s *store) fits(seq Seq) bool {
	if seq <= s.base || seq-s.base > Seq(s.limit) {
		return false
	}
	for seq-s.base > Seq(len(s.slots)) {
		s.grow()
	}
	return true
}

// grow doubles the window. What is known of each position moves along.
func (s *store) grow() {
	old := *s
	s.slots = make([]slot, 2*len(old.slots))
	for i := range old.slots {
		seq := old.base + 1 + Seq(i)
		*s.at(seq) = *old.at(seq)
	}
}

func (s *store) held(seq Seq) bool {
	return seq > s.base && seq <= s.high && s.at(seq).held
}

// put keeps a packet, in a buffer of the store's own, and tells whether it is
// new. The position must fit.
func (s *store) put(seq Seq, packet []byte) bool {
	if s.at(seq).held {
		return false
	}
	s.own(seq, append(s.buffer(), packet...))
	return true
}

// own keeps a packet whose bytes belong to the store already.
func (s *store) own(seq Seq, packet []byte) {
	at := s.at(seq)
	at.held, at.buf = true, packet
	s.high = max(s.high, seq)
	for s.aru < s.high && s.at(s.aru+1).held {
		s.aru++
	}
}

// buffer returns an empty buffer.
func (s *store) buffer() []byte {
	if n := len(s.free); n > 0 {
		b := s.free[n-1]
		s.free = s.free[:n-1]
		return b[:0]
	}
	return nil
}

// discard forgets everything up to upto, which must not exceed aru.
func (s *store) discard(upto Seq) {
	for s.base < upto {
		s.base++
		at := s.at(s.base)
		s.limbo = append(s.limbo, at.buf)
		*at = slot{}
	}
}

// recycle frees the buffers discarded in earlier calls.
func (s *store) recycle() {
	s.free = append(s.free, s.limbo...)
	s.limbo = s.limbo[:0]
}
