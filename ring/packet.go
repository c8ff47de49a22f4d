package ring

// A data packet, kinds data and recovered:
//
//	ring id      20   epoch 8, representative 4, its incarnation 8
//	origin        1   position of the originator among the ring's members
//	flags         1   bit 0: holds (part of) a safe message
//	recovery      4   0; in a recovered packet, which recovery it serves
//	seq           8
//	round         8   tseq of the token the originator held
//	counter       8   the originator's count of messages before this packet
//	chunks            one after another, to the end
//
// A chunk is a whole message or a fragment of one:
//
//	flags         1   bits 0-2 service, bit 3 fragment
//	length        2   of the bytes below
//	message       4   ┐ fragment only: number of the message,
//	total         4   │ its length,
//	offset        4   ┘ the place of these bytes in it
//	bytes
//
// Origin, seq and round never change, so a packet recovered is the packet
// that was sent (protocol rule 6).
const (
	dataHeader     = 50
	chunkHeader    = 3
	fragmentHeader = chunkHeader + 12
	minFragment    = 64 // do not split off less (protocol rule 6)

	offsetOrigin   = 20
	offsetRecovery = 22

	// longestMessage bounds messages, and all those begun together, whatever
	// the limits of this daemon's own clients are: what one member refuses
	// another must refuse as well (VS-1).
	longestMessage = 1 << 30

	flagSafe     = 1
	serviceMask  = 7
	flagFragment = 8
)

// header is a data packet's header.
type header struct {
	ring     RingID
	origin   int
	safe     bool
	recovery uint32
	seq      Seq
	round    uint64
	counter  uint64
}

func (h *header) append(b []byte) []byte {
	b = putRingID(b, h.ring)
	flags := byte(0)
	if h.safe {
		flags = flagSafe
	}
	b = append(b, byte(h.origin), flags)
	b = putU32(b, h.recovery)
	b = putU64(b, uint64(h.seq))
	b = putU64(b, h.round)
	return putU64(b, h.counter)
}

// parseHeader reads a header; chunks is what follows it.
func parseHeader(packet []byte) (h header, chunks []byte, ok bool) {
	r := reader{b: packet}
	h.ring = r.ringID()
	h.origin = int(r.u8())
	flags := r.u8()
	h.safe = flags&flagSafe != 0
	h.recovery = r.u32()
	h.seq = Seq(r.u64())
	h.round = r.u64()
	h.counter = r.u64()
	return h, r.b, !r.bad && flags&^flagSafe == 0
}

// chunk is one message, or a piece of one.
type chunk struct {
	service  Service
	fragment bool
	message  uint32
	total    uint32
	offset   uint32
	data     []byte
}

// last tells whether a message ends here.
func (c *chunk) last() bool {
	return !c.fragment || c.offset+uint32(len(c.data)) == c.total
}

func (c *chunk) append(b []byte) []byte {
	flags := byte(c.service)
	if c.fragment {
		flags |= flagFragment
	}
	b = putU16(append(b, flags), uint16(len(c.data)))
	if c.fragment {
		b = putU32(putU32(putU32(b, c.message), c.total), c.offset)
	}
	return append(b, c.data...)
}

// nextChunk takes the first chunk off b.
func nextChunk(b []byte) (c chunk, rest []byte, ok bool) {
	r := reader{b: b}
	flags := r.u8()
	n := int(r.u16())
	c.service = Service(flags & serviceMask)
	if flags&flagFragment != 0 {
		c.fragment = true
		c.message, c.total, c.offset = r.u32(), r.u32(), r.u32()
	}
	c.data = r.take(n)
	switch {
	case r.bad, flags&^(serviceMask|flagFragment) != 0, c.service > Safe:
		return chunk{}, nil, false
	case c.fragment && (n == 0 || n == int(c.total) || uint64(c.offset)+uint64(n) > uint64(c.total)):
		return chunk{}, nil, false // a whole message is never a fragment
	}
	return c, r.b, true
}

// wellFormed tells whether b is at least one chunk and nothing else, with
// the safe flag where it belongs and no message that is too long.
func wellFormed(b []byte, safe bool) bool {
	seen := false
	for rest := b; ; {
		c, r, ok := nextChunk(rest)
		if !ok || c.fragment && c.total > longestMessage {
			return false
		}
		seen = seen || c.service == Safe
		if rest = r; len(rest) == 0 {
			return seen == safe
		}
	}
}
