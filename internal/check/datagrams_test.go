package check

import (
	"mpspread/internal/trace"
	"mpspread/ring"
)

// datagram is one of from that arrives at a process. The window stands where
// accepted ones have put it.
func (s *script) datagram(at, from ring.Process, counter uint64, fate trace.Fate, intact bool) *trace.Event {
	pair := pairOf{from, at}
	switch {
	case fate == trace.FateFresh:
		s.highest[pair] = max(s.highest[pair], counter)
	case fate == trace.FateGreeted:
		s.highest[pair] = counter
	}
	return s.add(trace.Event{Kind: trace.Packet, Process: at, From: from, Counter: counter, Fate: fate, First: intact, Seq: ring.Seq(s.highest[pair])})
}

// newLife is another life of q's daemon.
var newLife = ring.Process{Daemon: q.Daemon, Incarnation: 0xbb}

var goodDatagrams = []run{
	{"first copies go up, others do not", MPX2, func() *script {
		s := two()
		for n := uint64(1); n < 5; n++ {
			s.datagram(p, q, n, trace.FateFresh, true)
			s.datagram(p, q, n, trace.FateCopy, true)
			s.datagram(p, q, n, trace.FateRefused, true) // again, with a key no longer known
		}
		return s
	}},
	{"out of order, as far as the window reaches", MPX2, func() *script {
		s := two()
		s.datagram(p, q, 10, trace.FateFresh, true)
		s.datagram(p, q, 5000, trace.FateFresh, true)
		s.datagram(p, q, 5000-4095, trace.FateFresh, true)
		s.datagram(p, q, 5000-4096, trace.FateBeyond, true)
		s.datagram(p, q, 5000-4096, trace.FateFresh, true) // a larger window
		return s
	}},
	{"from before it was let in", MPX2, func() *script {
		s := two()
		s.datagram(p, q, 7, trace.FateGreeted, true)
		s.datagram(p, q, 7, trace.FateCopy, true)
		s.datagram(p, q, 9, trace.FateRefused, true)
		s.datagram(p, q, 3, trace.FateGreeted, true) // forgotten meanwhile
		s.datagram(p, q, 10, trace.FateFresh, true)
		s.datagram(p, q, 8, trace.FateBeyond, true)
		s.datagram(p, q, 7, trace.FateCopy, true)
		s.datagram(p, q, 11, trace.FateFresh, true)
		return s
	}},
	{"greeted, forgotten, and then taken", MPX1, func() *script {
		s := two()
		s.datagram(p, q, 7, trace.FateGreeted, true)
		s.datagram(p, q, 3, trace.FateGreeted, true)
		s.datagram(p, q, 8, trace.FateFresh, true)
		s.datagram(p, q, 7, trace.FateFresh, true)
		s.datagram(p, q, 7, trace.FateCopy, true)
		return s
	}},
	{"shut out, and let in again", MPX2, func() *script {
		s := two()
		s.datagram(p, q, 7, trace.FateFresh, true)
		s.datagram(p, q, 90, trace.FateFresh, true)
		s.datagram(p, q, 20, trace.FateGreeted, true)
		s.datagram(p, q, 21, trace.FateBeyond, true)
		s.datagram(p, q, 22, trace.FateFresh, true)
		s.datagram(p, q, 21, trace.FateBeyond, true)
		s.datagram(p, q, 23, trace.FateFresh, true)
		return s
	}},
	{"forged ones change nothing", MPX3, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 9, trace.FateRefused, false)
		s.datagram(p, q, 1, trace.FateForged, false)
		s.datagram(p, q, 1, trace.FateCopy, false)
		s.datagram(p, q, 9, trace.FateFresh, true)
		return s
	}},
	{"a new life counts again from the start", MPX4, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 100, trace.FateFresh, true)
		s.datagram(p, newLife, 1, trace.FateFresh, true)
		s.datagram(p, newLife, 100, trace.FateFresh, true)
		return s
	}},
}

var badDatagrams = []run{
	{"a packet goes up twice", MPX1, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 1, trace.FateFresh, true)
		return s
	}},
	{"a first copy is taken for another", MPX2, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 2, trace.FateCopy, true)
		return s
	}},
	{"a first copy at the edge of the window is refused", MPX2, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 5000, trace.FateFresh, true)
		s.datagram(p, q, 5000-4095, trace.FateBeyond, true)
		return s
	}},
	{"the first packet beyond the highest is refused", MPX2, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 100000, trace.FateRefused, true)
		return s
	}},
	{"another daemon's life has got further", MPX2, func() *script {
		s := three()
		s.datagram(p, r, 50, trace.FateFresh, true)
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 2, trace.FateCopy, true)
		return s
	}},
	{"a new life beyond where the old one got", MPX2, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, newLife, 1, trace.FateFresh, true)
		s.datagram(p, newLife, 2, trace.FateCopy, true)
		return s
	}},
	{"taken without authentication", MPX3, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, false)
		return s
	}},
	{"a hello taken without authentication", MPX3, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateGreeted, false)
		return s
	}},
	{"the window moves for a forged packet", MPX3, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 9, trace.FateRefused, false).Seq = 9
		return s
	}},
	{"the window moves too far", MPX3, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true).Seq = 2
		return s
	}},
	{"the bytes kept are not those sent", MPX3, func() *script {
		s := two()
		s.datagram(p, q, 1, trace.FateFresh, true)
		s.datagram(p, q, 1, trace.FateForged, true)
		return s
	}},
	{"a new life is judged by the old one's window", MPX4, func() *script {
		s := two()
		s.datagram(p, q, 100, trace.FateFresh, true)
		s.datagram(p, newLife, 1, trace.FateFresh, true)
		s.datagram(p, newLife, 100, trace.FateCopy, true)
		return s
	}},
}
