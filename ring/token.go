package ring

// The token:
//
//	ring id      20
//	arq           1   low 8 bits of tseq
//	retrans       1   how often this hop has been tried again
//	tseq          8   number of the round, raised by the representative
//	seq           8   highest sequence number given out
//	aru           8   all members have everything up to here …
//	setter        1   … or this member does not; 255: nobody holds it down
//	fcc           4   bytes multicast in the last rotation
//	backlog       4   bytes waiting at all members
//	budget      2×4   least free receive buffer: this rotation so far; the last
//	size        2×4   least packet payload: this rotation so far; the last
//	large         8   bytes of large messages begun and not yet delivered
//	hold          4   microseconds the representative means to hold the next token
//	heard        16   strangers that all members so far hear, and are heard by
//	recovered    16   members that have recovered all of their old ring
//	requests          to the end, 17 bytes each: asker 1, of 1, attempt 1,
//	                  skip 1, first seq 8, count 4, able 1
//
// The number of requests follows from the length.
type token struct {
	ring       RingID
	arq        uint8
	retrans    uint8
	tseq       uint64
	seq        Seq
	aru        Seq
	setter     uint8
	fcc        uint32
	backlog    uint32
	budgetNow  uint32
	budgetLast uint32
	sizeNow    uint32
	sizeLast   uint32
	large      uint64
	hold       uint32
	heard      set
	recovered  set
	requests   []request
}

// request asks for the packets [first, first+count) of a ring.
type request struct {
	asker uint8 // position of the member that lacks them
	// of is the position of the first member that was in the ring asked
	// about, during recovery; 255 is the ring of the token.
	of      uint8
	attempt uint8 // how often the asker has asked before
	skip    uint8 // able holders still to be passed over (protocol rule 5)
	first   Seq
	count   uint32
	// able is 1 + the position of the last member that holds them and did not
	// send them; 0: nobody yet.
	able uint8
}

const (
	tokenHeader  = 20 + 2 + 8*3 + 1 + 4*2 + 8 + 8 + 8 + 4 + 32
	requestSize  = 17
	nobody       = 255
	ofThisRing   = 255
	arqAlphabet  = 256
	tokenRetrans = 21 // offset of retrans
)

func (t *token) append(b []byte) []byte {
	b = putRingID(b, t.ring)
	b = append(b, t.arq, t.retrans)
	b = putU64(b, t.tseq)
	b = putU64(b, uint64(t.seq))
	b = putU64(b, uint64(t.aru))
	b = append(b, t.setter)
	b = putU32(putU32(b, t.fcc), t.backlog)
	b = putU32(putU32(b, t.budgetNow), t.budgetLast)
	b = putU32(putU32(b, t.sizeNow), t.sizeLast)
	b = putU64(b, t.large)
	b = putU32(b, t.hold)
	b = putSet(putSet(b, t.heard), t.recovered)
	for _, q := range t.requests {
		b = append(b, q.asker, q.of, q.attempt, q.skip)
		b = append(putU32(putU64(b, uint64(q.first)), q.count), q.able)
	}
	return b
}

// parse reads a token; t.requests' memory is used again.
func (t *token) parse(b []byte) bool {
	requests := t.requests[:0]
	r := reader{b: b}
	*t = token{
		ring: r.ringID(), arq: r.u8(), retrans: r.u8(),
		tseq: r.u64(), seq: Seq(r.u64()), aru: Seq(r.u64()), setter: r.u8(),
		fcc: r.u32(), backlog: r.u32(),
		budgetNow: r.u32(), budgetLast: r.u32(), sizeNow: r.u32(), sizeLast: r.u32(),
		large: r.u64(), hold: r.u32(), heard: r.set(), recovered: r.set(),
	}
	for !r.bad && len(r.b) > 0 {
		q := request{asker: r.u8(), of: r.u8(), attempt: r.u8(), skip: r.u8(), first: Seq(r.u64()), count: r.u32(), able: r.u8()}
		if q.count == 0 || q.first == 0 || q.first+Seq(q.count) < q.first {
			return false
		}
		requests = append(requests, q)
	}
	t.requests = requests
	return r.done() && t.aru <= t.seq && t.arq == uint8(t.tseq)
}

// relation is how a token that arrived stands to the last one accepted (S4).
type relation uint8

const (
	tokenNext      relation = iota + 1 // the expected one
	tokenAgain                         // the last one, tried again by the predecessor
	tokenRepeated                      // the last one, nothing new
	tokenUnrelated                     // anything else: stale
)

// relate decides RNG-3 for a token of the right ring from the right
// predecessor. The 64-bit number is never compared modulo anything; the 8-bit
// ARQ is its low byte and must agree on its own as well (S3).
func (t *token) relate(lastTSeq uint64, lastRetrans uint8) relation {
	lastARQ := uint8(lastTSeq)
	switch {
	case t.arq == uint8((int(lastARQ)+1)%arqAlphabet) && t.tseq == lastTSeq+1:
		return tokenNext
	case t.arq == lastARQ && t.tseq == lastTSeq && t.retrans > lastRetrans:
		return tokenAgain
	case t.arq == lastARQ && t.tseq == lastTSeq:
		return tokenRepeated
	}
	return tokenUnrelated
}
