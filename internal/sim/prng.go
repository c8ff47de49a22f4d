package sim

import "time"

// prng is xoshiro256** seeded through splitmix64 (Blackman, Vigna, "Scrambled
// Linear Pseudorandom Number Generators", 2021). It is the simulator's own, so
// that a change of the Go library cannot change old runs; ranges are derived
// from raw 64-bit draws for the same reason.
type prng struct {
	s [4]uint64
}

// splitmix advances *x and returns the next number of its sequence.
func splitmix(x *uint64) uint64 {
	*x += 0x9e3779b97f4a7c15
	z := *x
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// stream returns the generator of one named purpose: streams of different
// names are independent, so that drawing more from one shifts no other.
func stream(seed uint64, name string, numbers ...int) prng {
	x := seed
	for _, b := range []byte(name) {
		x = splitmix(&x) ^ uint64(b)
	}
	for _, n := range numbers {
		x = splitmix(&x) ^ uint64(n)
	}
	var r prng
	for i := range r.s {
		r.s[i] = splitmix(&x)
	}
	return r
}

// next is the next raw number.
func (r *prng) next() uint64 {
	s := &r.s
	out := rotl(s[1]*5, 7) * 9
	t := s[1] << 17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = rotl(s[3], 45)
	return out
}

func rotl(x uint64, k int) uint64 { return x<<k | x>>(64-k) }

// below draws from 0 to n-1; n is at least 1. The bias of the remainder is
// below 2^-32 for every n used here.
func (r *prng) below(n int) int { return int(r.next() % uint64(n)) }

// between draws from low to high, both included.
func (r *prng) between(low, high int) int { return low + r.below(high-low+1) }

// time draws from low to high in steps of a microsecond.
func (r *prng) time(low, high time.Duration) time.Duration {
	const step = time.Microsecond
	if high <= low {
		return low
	}
	return low + time.Duration(r.below(int((high-low)/step)+1))*step
}

// chance is true in n of 1000 draws.
func (r *prng) chance(n int) bool {
	return n > 0 && r.below(1000) < n
}

// pick draws one of some durations.
func (r *prng) pick(from ...time.Duration) time.Duration { return from[r.below(len(from))] }

// Read fills p: the entropy of a simulated daemon. It never fails.
func (r *prng) Read(p []byte) (int, error) {
	for i := 0; i < len(p); i += 8 {
		v := r.next()
		for j := i; j < i+8 && j < len(p); j++ {
			p[j] = byte(v)
			v >>= 8
		}
	}
	return len(p), nil
}
