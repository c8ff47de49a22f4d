package check

import (
	"mpspread/internal/trace"
)

func (s *script) batch(n uint64, counts ...int) *script {
	for network, count := range counts {
		s.add(trace.Event{Kind: trace.Batch, Process: p, Counter: n, Network: uint8(network), Seq: seqOf(count)})
	}
	return s
}

func (s *script) send(network uint8, count int, ok bool) *script {
	s.add(trace.Event{Kind: trace.Send, Process: p, Network: network, Seq: seqOf(count), First: ok})
	return s
}

var goodSends = []run{
	{"in turn, whatever goes wrong", MPX7, func() *script {
		s := newScript().batch(1, 3, 2, 4)
		s.send(0, 3, true).send(1, 1, false).send(2, 4, true).send(1, 1, true)
		return s.batch(2, 1, 0, 1).send(2, 1, false).send(0, 1, true).finish()
	}},
	{"often, when no other has anything", MPX7, func() *script {
		return newScript().batch(1, 1, 9).send(0, 1, true).send(1, 3, true).send(1, 3, true).send(1, 3, true).finish()
	}},
	{"calls that no batch explains", RNG10, func() *script {
		s := two()
		s.states(p, 3)
		return s.send(0, 1, true).send(0, 1, true)
	}},
}

var badSends = []run{
	{"a network that fails is tried again before the other", MPX7, func() *script {
		return newScript().batch(1, 2, 2).send(0, 1, false).send(0, 1, true)
	}},
	{"the other one waits for two calls after its turn", MPX7, func() *script {
		return newScript().batch(1, 5, 5).send(0, 1, true).send(1, 1, true).send(0, 1, true).send(0, 1, true)
	}},
	{"a failure ends the batch", MPX7, func() *script {
		return newScript().batch(1, 1, 1).send(0, 1, false).batch(2, 1)
	}},
	{"a failure ends the last batch", MPX7, func() *script {
		return newScript().batch(1, 1, 1).send(0, 1, false).finish()
	}},
}
