package ring

import "math/bits"

// set is a set of small numbers: positions of daemons in the configuration or
// of members in a ring. The zero value is empty; == compares.
type set [2]uint64

// maxDaemons is the most a set, and so a configuration, can hold.
const maxDaemons = 128

func (s *set) add(i int)     { s[i>>6] |= 1 << (i & 63) }
func (s *set) remove(i int)  { s[i>>6] &^= 1 << (i & 63) }
func (s set) has(i int) bool { return s[i>>6]>>(i&63)&1 == 1 }
func (s set) empty() bool    { return s == set{} }
func (s set) count() int     { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }
func (s set) and(o set) set  { return set{s[0] & o[0], s[1] & o[1]} }
func (s set) or(o set) set   { return set{s[0] | o[0], s[1] | o[1]} }
func (s set) minus(o set) set {
	return set{s[0] &^ o[0], s[1] &^ o[1]}
}
func (s set) within(o set) bool { return s.minus(o).empty() }

// next returns the smallest element not below i, or -1.
func (s set) next(i int) int {
	for ; i < maxDaemons; i = (i | 63) + 1 {
		if rest := s[i>>6] >> (i & 63); rest != 0 {
			return i + bits.TrailingZeros64(rest)
		}
	}
	return -1
}

// lowest returns the smallest element, or -1.
func (s set) lowest() int { return s.next(0) }

// less orders sets of equal size: the one with the lower members comes first.
func (s set) less(o set) bool {
	diff := set{s[0] ^ o[0], s[1] ^ o[1]}
	i := diff.lowest()
	return i >= 0 && s.has(i)
}

// firstN is the set of 0 to n-1.
func firstN(n int) (s set) {
	for i := range n {
		s.add(i)
	}
	return s
}
