package traffic

import "math/bits"

// checkpoint is after how many messages a Stream notes its hash.
const checkpoint = 1 << 14

// Stream judges what one receiver gets, in memory that does not grow with what
// arrives in order. It belongs to the receiver's goroutine.
type Stream struct {
	last    []uint64              // highest counter, by sender
	missing []map[uint64]struct{} // below last and not come, by sender
	came    uint64
	hash    uint64
	marks   []uint64 // hash after each checkpoint messages

	Damaged    uint64 // not as any sender made it
	Duplicated uint64 // came again
	Behind     uint64 // came after a later one of the same sender
}

// maxMissing bounds what a Stream remembers of each sender: beyond it a late
// message counts as a duplicate.
const maxMissing = 1 << 16

// NewStream judges messages of this many senders.
func NewStream(senders int) *Stream {
	s := &Stream{last: make([]uint64, senders), missing: make([]map[uint64]struct{}, senders)}
	for i := range s.missing {
		s.missing[i] = make(map[uint64]struct{})
	}
	return s
}

// Receive takes the next message and returns its sender and number; ok is
// false if it is damaged.
func (s *Stream) Receive(m []byte) (sender int, counter uint64, ok bool) {
	sender, counter, err := Read(m, len(s.last))
	if err != nil {
		s.Damaged++
		return 0, 0, false
	}
	if s.count(sender, counter) {
		s.came++
		s.mix(uint64(sender)<<56 ^ counter)
	}
	return sender, counter, true
}

// count judges a message by its number; false: it came before.
func (s *Stream) count(sender int, counter uint64) bool {
	missing := s.missing[sender]
	if last := s.last[sender]; counter > last {
		for c := last + 1; c < counter && len(missing) < maxMissing; c++ {
			missing[c] = struct{}{}
		}
		s.last[sender] = counter
		return true
	}
	if _, ok := missing[counter]; !ok {
		s.Duplicated++
		return false
	}
	delete(missing, counter)
	s.Behind++
	return true
}

// mix goes on with the hash over the whole sequence (a multiplicative hash
// with rotation: any one difference changes all that follows).
func (s *Stream) mix(x uint64) {
	s.hash = bits.RotateLeft64((s.hash^x)*0x9e3779b97f4a7c15, 29)
	if s.came%checkpoint == 0 {
		s.marks = append(s.marks, s.hash)
	}
}

// Came is how many different messages came.
func (s *Stream) Came() uint64 { return s.came }

// Hash is over all messages that came, in their order.
func (s *Stream) Hash() uint64 { return s.hash }

// Missing is how many of the messages sent, by sender, did not come.
func (s *Stream) Missing(sent []uint64) uint64 {
	var total uint64
	for _, n := range sent {
		total += n
	}
	return total - min(total, s.came)
}

// Wrong tells whether anything that came shows a fault already.
func (s *Stream) Wrong() bool {
	gaps := 0
	for _, m := range s.missing {
		gaps += len(m)
	}
	return s.Damaged+s.Duplicated+s.Behind > 0 || gaps > 0
}

// Parted tells whether two streams of equal length differ, and after how many
// messages at the latest.
func Parted(a, b *Stream) (at uint64, parted bool) {
	for i := range min(len(a.marks), len(b.marks)) {
		if a.marks[i] != b.marks[i] {
			return uint64(i+1) * checkpoint, true
		}
	}
	return a.came, a.came == b.came && a.hash != b.hash
}
