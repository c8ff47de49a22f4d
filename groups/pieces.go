package groups

import (
	"slices"

	"mpspread/ring"
)

// pieceSize is the length of all pieces of a table but the last: small enough
// that clients' messages of other daemons interleave, large enough that
// headers do not count.
const pieceSize = 32 << 10

// maxTableSize bounds an encoded table; 64 million memberships fit.
const maxTableSize = 256 << 20

// piecesInFlight is how many pieces a daemon has in the ring's queue at a time.
// They are worthless after a configuration change, and the next announcement
// stands behind them.
const piecesInFlight = 8

// sendPieces submits pieces of the own table if this daemon sends for a set in
// scope, as many as may be under way.
func (g *Groups) sendPieces() {
	ex := &g.ex
	if ex.mine.processes[0] != g.self || !slices.Contains(ex.scope, ex.mine) {
		return
	}
	size := uint32(len(ex.own))
	for ex.sent < pieces(size) && ex.sent < ex.known+piecesInFlight {
		start := int(ex.sent) * pieceSize
		p := piece{
			conf:   g.conf.New,
			step:   ex.step,
			index:  ex.sent,
			size:   size,
			digest: ex.mine.announcement.digest,
			bytes:  ex.own[start : start+pieceLength(size, ex.sent)],
		}
		g.submit(p.encode())
		ex.sent++
	}
}

// receivePiece stages a piece. Pieces of a set come in order, since the ring
// keeps the order of a lane; anything else is refused.
func (g *Groups) receivePiece(sender ring.Process, p *piece) {
	at := slices.IndexFunc(g.ex.scope, func(s *syncedSet) bool { return s.processes[0] == sender })
	if at < 0 {
		g.counters.Unexpected++
		return
	}
	s := g.ex.scope[at]
	if s.staging == 0 {
		s.size = p.size
	}
	if s.table != nil || p.index != s.staging || p.size != s.size || p.digest != s.announcement.digest {
		g.counters.Unexpected++
		return
	}
	s.staged = append(s.staged, p.bytes...)
	s.staging++
	if sender == g.self {
		g.ex.known = s.staging
		g.sendPieces()
	}
	if s.staging == pieces(p.size) {
		g.unpack(s)
	}
}

// unpack reads a table whose pieces are all there. One that does not hold what
// was announced leaves the exchange incomplete, at every daemon alike, until
// the next configuration.
func (g *Groups) unpack(s *syncedSet) {
	image, err := parseTable(s.staged, g.order)
	if err == nil && (digestOf(s.staged) != s.announcement.digest || !image.within(g.conf.Members)) {
		err = errMalformed
	}
	s.staged = nil
	if err != nil {
		g.counters.Malformed++
		return
	}
	s.table = image
	for _, other := range g.ex.scope {
		if other.table == nil {
			return
		}
	}
	g.completeStep()
}
