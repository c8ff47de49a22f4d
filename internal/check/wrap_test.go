package check

import (
	"testing"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// nearLimit is p and q in a ring whose numbers began below 2^31 and 2^32.
func nearLimit() *script {
	s := two()
	s.options.StartSeq, s.options.StartTSeq, s.options.StartCounter = 1<<31-2, 1<<32-2, 1<<31-2
	s.seq[id(10, p)] = s.options.StartSeq
	return s
}

var goodWrap = []run{
	{"positions pass the limit", RNG11, func() *script {
		s := nearLimit()
		for range 3 {
			s.everywhere(p, ring.Safe, p, q)
		}
		return s.finish()
	}},
	{"tokens pass it", RNG11, func() *script {
		s := nearLimit()
		for n := range uint64(3) {
			s.token(trace.TokenIn, q, p, 1<<32-1+n, ring.TokenAccepted)
			s.token(trace.TokenOut, q, ring.Process{}, 1<<32-1+n, 0)
		}
		return s.finish()
	}},
	{"packets pass it", RNG11, func() *script {
		s := nearLimit()
		s.datagram(q, p, 1<<31, trace.FateFresh, true)
		return s.finish()
	}},
}

var badWrap = []run{
	{"a position wraps", RNG11, func() *script {
		s := nearLimit()
		s.seq[id(10, p)] = 0
		s.originate(p, ring.Agreed)
		return s
	}},
	{"a token wraps", RNG11, func() *script {
		s := nearLimit()
		s.token(trace.TokenIn, q, p, 1<<32-2, ring.TokenAccepted)
		return s
	}},
	{"a packet counter wraps", RNG11, func() *script {
		s := nearLimit()
		s.datagram(q, p, 0, trace.FateFresh, true)
		return s
	}},
}

// A run counts when it is over and has passed a limit, and only then.
func TestWrapSafeIsCounted(t *testing.T) {
	passed := func() *script {
		s := nearLimit()
		s.everywhere(p, ring.Agreed, p, q)
		s.everywhere(p, ring.Agreed, p, q)
		return s
	}
	short := nearLimit()
	short.everywhere(p, ring.Agreed, p, q)
	for name, test := range map[string]struct {
		s    *script
		want uint64
	}{
		"over": {passed().finish(), 1}, "not over": {passed(), 0}, "not so far": {short.finish(), 0}, "from zero": {good(), 0},
	} {
		c := test.s.judge()
		wantGood(t, name, c)
		if n := c.Exercised()[RNG11]; n != test.want {
			t.Errorf("%s: counted %d times", name, n)
		}
	}
}
