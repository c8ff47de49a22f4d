package sim

// filter is the duplicate filter in front of a bare ring: a window of packet
// counters of one sender's life, as multipath keeps it.
type filter struct {
	top  uint64
	seen [filterSize / 64]uint64
}

// filterSize is the window's length in packets (protocol rule 2).
const filterSize = 4096

// fresh tells whether a counter has not been seen, and notes it. Below the
// window nothing is fresh.
func (f *filter) fresh(n uint64) bool {
	if n > f.top {
		for c := max(f.top+1, n-min(n, filterSize-1)); c <= n; c++ {
			f.seen[c%filterSize/64] &^= 1 << (c % 64)
		}
		f.top = n
	}
	if f.top-n >= filterSize {
		return false
	}
	word, bit := &f.seen[n%filterSize/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
