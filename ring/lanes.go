package ring

// lanes holds what local clients have submitted until the token comes. Lanes
// are served by deficit round robin [Shreedhar, Varghese, SIGCOMM 1995], so
// that a client with a lot to say does not hold the others up; messages of
// one lane stay in order and are never interleaved (protocol rule 7).
type lanes struct {
	byID     map[Lane]*lane
	turn     []*lane // those with something to send, the next one first
	bytes    int     // waiting in all lanes
	limit    int     // of bytes in one lane
	messages uint32  // numbers given to fragmented messages
	large    *lane   // the one whose large message has begun
	freed    bool    // a full lane got room since it was last asked
}

// lane is one queue. It exists while it is not empty.
type lane struct {
	id      Lane
	queue   []submission
	bytes   int
	deficit int
	full    bool // a submission was refused since it last had room
}

// submission is a message waiting, and how much of it has gone out.
type submission struct {
	service Service
	payload []byte
	sent    int
	number  uint32 // of a fragmented message
}

// largeMessage is the length above which only one message at a time may be
// under way from one daemon: what a client of the Spread protocol can send
// (protocol rule 7).
const largeMessage = 144000

func newLanes(limit int) lanes {
	return lanes{byID: make(map[Lane]*lane), limit: limit}
}

// submit queues a message; it owns payload from then on.
func (l *lanes) submit(id Lane, service Service, payload []byte) error {
	q := l.byID[id]
	if q == nil {
		q = &lane{id: id}
		l.byID[id] = q
		l.turn = append(l.turn, q)
	} else if q.bytes+len(payload) > l.limit {
		q.full = true
		return ErrWindowFull
	}
	q.queue = append(q.queue, submission{service: service, payload: payload})
	q.bytes += len(payload)
	l.bytes += len(payload)
	return nil
}

// room tells whether a lane would take a small message.
func (l *lanes) room(id Lane) bool {
	q := l.byID[id]
	return q == nil || q.bytes < l.limit
}

func (l *lanes) empty() bool { return len(l.turn) == 0 }

// restart makes begun messages begin again: a message is never sent in two
// rings (INT-5).
func (l *lanes) restart() {
	for _, q := range l.turn {
		head := &q.queue[0]
		q.bytes += head.sent
		l.bytes += head.sent
		head.sent = 0
	}
	l.large = nil
}

// fill appends chunks to a packet until it has size bytes or nothing more may
// be sent. A lane keeps its turn until its deficit is used up and no message
// of ordinary size is left half sent, so that a daemon has at most one of
// those and one large message under way.
func (l *lanes) fill(packet []byte, size int, f *filling) []byte {
	skipped := 0 // lanes in a row that may not send now
	for len(l.turn) > skipped {
		q := l.turn[0]
		head := &q.queue[0]
		large := len(head.payload) > largeMessage
		switch {
		case q.deficit <= 0 && (large || head.sent == 0):
			l.rotate(size)
			skipped = 0 // it may be the turn of one that can send now
			continue
		case large && !l.begin(q, f):
			l.rotate(0)
			skipped++
			continue
		}
		before := len(packet)
		packet = l.chunk(packet, size-before, q, head)
		if len(packet) == before {
			return packet // full; the lane keeps its turn
		}
		skipped = 0
		f.safe = f.safe || head.service == Safe
		q.deficit -= len(packet) - before
		if head.sent < len(head.payload) {
			return packet // full: a fragment runs to the edge
		}
		l.finish(q, f)
		if len(q.queue) == 0 {
			l.turn = l.turn[1:]
			delete(l.byID, q.id)
		}
	}
	return packet
}

// filling is what one packet learns from, and tells about, the messages in it.
type filling struct {
	safe     bool // some chunk is of a safe message
	large    int  // bytes of large messages that may still begin
	begun    int  // of which begun in this packet
	finished []submission
}

// begin claims the one place for a large message.
func (l *lanes) begin(q *lane, f *filling) bool {
	size := len(q.queue[0].payload)
	if l.large == q {
		return true
	}
	if l.large != nil || f.begun+size > f.large {
		return false
	}
	l.large = q
	f.begun += size
	return true
}

// chunk appends the next piece of a lane's first message, if enough of it
// fits into room.
func (l *lanes) chunk(packet []byte, room int, q *lane, s *submission) []byte {
	c := chunk{service: s.service, data: s.payload}
	if s.sent > 0 || len(s.payload)+chunkHeader > room {
		fits := min(room-fragmentHeader, len(s.payload)-s.sent)
		if fits < minFragment && fits < len(s.payload)-s.sent || fits <= 0 {
			return packet
		}
		if s.sent == 0 {
			l.messages++
			s.number = l.messages
		}
		c.fragment = true
		c.message, c.total, c.offset = s.number, uint32(len(s.payload)), uint32(s.sent)
		c.data = s.payload[s.sent : s.sent+fits]
	}
	s.sent += len(c.data)
	q.bytes -= len(c.data)
	l.bytes -= len(c.data)
	return c.append(packet)
}

// finish takes a lane's first message off the queue.
func (l *lanes) finish(q *lane, f *filling) {
	f.finished = append(f.finished, q.queue[0])
	q.queue[0] = submission{}
	q.queue = q.queue[1:]
	if l.large == q {
		l.large = nil
	}
	if q.full && q.bytes < l.limit/2+1 {
		q.full, l.freed = false, true
	}
}

// rotate gives the turn to the next lane; the present one earns quantum for
// its next turn. Alone it need not wait for what it has overdrawn.
func (l *lanes) rotate(quantum int) {
	first := l.turn[0]
	first.deficit += quantum
	if len(l.turn) == 1 {
		first.deficit = max(first.deficit, quantum)
	}
	copy(l.turn, l.turn[1:])
	l.turn[len(l.turn)-1] = first
}
