package check

import (
	"mpspread/ring"
)

// got is a first reception of a packet with some bytes.
func (s *script) got(at ring.Process, m note, digest uint64) {
	s.recv(at, m)
	s.events[len(s.events)-1].Message.Digest = digest
}

var goodCarried = []run{
	{"carried over as it was", RNG9, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.states(q, ring.Operational, ring.Gather, ring.Commit, ring.Recovery)
		s.got(q, m, 0)
		return s
	}},
	{"late to a ring that all have left", RNG9, func() *script {
		s := two()
		m := s.everywhere(p, ring.Agreed, p, q)
		s.form(11, p, q)
		m.seq = 7
		s.recv(q, m)
		s.originate(p, ring.Agreed)
		return s
	}},
	{"hosts whose clocks disagree", RNG10, func() *script {
		s := two()
		s.states(p, ring.Operational)
		s.options.WhiteBox = false
		s.recv(q, note{ring: id(10, p), seq: 3})
		s.originate(p, ring.Agreed)
		s.got(q, note{ring: id(10, p), seq: 1}, 5)
		return s
	}},
}

var badCarried = []run{
	{"carried over with other bytes", RNG9, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.states(q, ring.Operational, ring.Gather, ring.Commit, ring.Recovery)
		s.got(q, m, 1)
		return s
	}},
	{"carried over to another position", RNG9, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.states(q, ring.Operational, ring.Gather, ring.Commit, ring.Recovery)
		m.seq++
		s.got(q, m, 0)
		return s
	}},
	{"carried over to before the first position", RNG9, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.states(q, ring.Operational, ring.Gather, ring.Commit, ring.Recovery)
		m.seq = 0
		s.got(q, m, 0)
		return s
	}},
	{"counted as one of the new ring's", RNG9, func() *script {
		s := two()
		s.seq[id(10, p)] = 1
		s.originate(p, ring.Agreed)
		return s
	}},
	{"a position left out", INT3, func() *script {
		s := two()
		s.originate(p, ring.Agreed)
		s.seq[id(10, p)] = 2
		s.originate(p, ring.Agreed)
		return s
	}},
	{"one position, two packets", INT3, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		s.got(q, m, 1)
		return s
	}},
	{"a packet of a position that nobody has given out", INT3, func() *script {
		s := two()
		m := s.originate(p, ring.Agreed)
		m.seq = 2
		s.got(q, m, 0)
		return s
	}},
}
