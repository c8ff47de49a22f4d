package multipath

import (
	"crypto/cipher"
	"net/netip"
	"time"
)

// Bounds of what operators can make a daemon keep and do (protocol rule 9).
const (
	receiptLife  = 10 * time.Minute
	maxReceipts  = 256
	receiptBytes = 8 << 20

	// The challenge of a command counts for this long; only a receipt older
	// than that may go early, so that no command ever runs twice.
	receiptLeast = 2 * challengeLife

	operatorRate  = 100 // datagrams a second of one source, and at once
	operatorSlots = 64  // sources share these by a hash of their address
)

// operators is the daemon's side of the exchange with operators' tools.
type operators struct {
	limits   [operatorSlots]bucket
	receipts []*receipt // oldest first
	bytes    int
	commands []Command
}

// bucket limits the rate of a source by tokens.
type bucket struct {
	tokens time.Duration // of time saved up
	last   Time
}

func (b *bucket) take(now Time) bool {
	const cost = time.Second / operatorRate
	b.tokens = min(b.tokens+(now-b.last), time.Second)
	b.last = now
	if b.tokens < cost {
		return false
	}
	b.tokens -= cost
	return true
}

// receipt remembers a command and its answer.
type receipt struct {
	id      [16]byte
	at      Time
	done    bool
	reply   []byte
	network *network // by which the first copy came
	// Where the latest copy came from: the answer goes there first.
	via  *network
	from netip.AddrPort
}

// limit picks the bucket of a source. It keeps no state for unknown sources
// but this fixed table.
func (o *operators) limit(from netip.Addr) *bucket {
	h := uint32(2166136261) // FNV-1a
	for _, b := range from.As16() {
		h = (h ^ uint32(b)) * 16777619
	}
	return &o.limits[h%operatorSlots]
}

// receiveOperator takes a datagram that says it is from an operator's tool. It
// may come from anywhere; the cluster key is what counts.
func (m *Multipath) receiveOperator(now Time, n *network, from netip.AddrPort, h header, data []byte) {
	switch {
	case h.kind != KindOperator:
		m.counters.WrongKind++
		return
	case !m.env.knows(h.key):
		m.counters.UnknownKey++
		return
	case !m.limit(from.Addr()).take(now):
		m.counters.OperatorLimited++
		return
	}
	var aead cipher.AEAD
	if m.env.sealed() {
		aead = m.env.ring.derive(m.env.ring.find(h.key), OperatorID, h.incarnation(data), epochOf(h.counter))
	}
	body, ok := m.env.open(aead, h.bodyAt(), data)
	if !ok {
		m.counters.Authentication++
		return
	}
	if target, token, ok := parseAsk(body); ok {
		if target == m.cfg.Self {
			m.body = appendOffer(m.body[:0], token, m.challenges.current)
			m.datagram(n, from, m.sealOwn(KindOperator, m.body))
		}
		return
	}
	c, ok := parseCommand(body)
	if !ok {
		m.counters.Malformed++
		return
	}
	if c.target == m.cfg.Self {
		m.takeCommand(now, n, from, &c)
	}
}

// takeCommand hands a command up once, and answers every copy.
func (m *Multipath) takeCommand(now Time, n *network, from netip.AddrPort, c *opCommandMsg) {
	if c.inc != m.cfg.Incarnation {
		m.replyStatus(n, n, from, c.id, replyRestart, nil)
		return
	}
	if r := m.receipt(c.id); r != nil {
		r.via, r.from = n, from
		m.answerCopy(r, int(c.next))
		return
	}
	if !m.challenges.accepts([]challenge{c.challenge}, never) {
		m.replyStatus(n, n, from, c.id, replyExpired, m.challenges.current[:])
		return
	}
	if !m.makeRoom(now) {
		m.replyStatus(n, n, from, c.id, replyBusy, nil)
		return
	}
	r := &receipt{id: c.id, at: now, network: n, via: n, from: from}
	m.receipts = append(m.receipts, r)
	m.counters.Commands++
	m.commands = append(m.commands, Command{
		ID: c.id, Network: n.id, From: from, Unsealed: !m.env.sealed(), Body: append([]byte(nil), c.text...),
	})
	m.answerCopy(r, 0)
}

func (m *Multipath) receipt(id [16]byte) *receipt {
	for _, r := range m.receipts {
		if r.id == id {
			return r
		}
	}
	return nil
}

// makeRoom sees to it that one more receipt can be kept.
func (m *Multipath) makeRoom(now Time) bool {
	for len(m.receipts) >= maxReceipts || m.bytes > receiptBytes {
		old := m.receipts[0]
		if !old.done || now-old.at < receiptLeast {
			return false
		}
		m.dropReceipt()
	}
	return true
}

// dropReceipt forgets the oldest receipt.
func (m *Multipath) dropReceipt() {
	m.bytes -= len(m.receipts[0].reply)
	m.receipts[0] = nil
	m.receipts = m.receipts[1:]
}

func (m *Multipath) expireReceipts(now Time) {
	for len(m.receipts) > 0 && now-m.receipts[0].at > receiptLife {
		m.dropReceipt()
	}
}

// Commands returns the commands that came since the last call, each once.
func (m *Multipath) Commands() []Command {
	c := m.commands
	m.commands = nil
	return c
}

// Answer stores the reply to a command, at most MaxReply bytes, and sends it
// to where the latest copy of the command came from. An unknown id, or one
// answered before, is ignored. reply is copied.
func (m *Multipath) Answer(now Time, id [16]byte, reply []byte) {
	m.begin(now)
	r := m.receipt(id)
	if r == nil || r.done {
		return
	}
	r.done = true
	r.reply = append([]byte(nil), reply...)
	m.bytes += len(reply)
	m.answerCopy(r, 0)
}

// answerCopy answers one copy of a command from its receipt, over the network
// it came on; of a long reply it sends a burst from part next on.
func (m *Multipath) answerCopy(r *receipt, next int) {
	switch {
	case !r.done:
		m.replyStatus(r.network, r.via, r.from, r.id, replyRunning, nil)
		return
	case len(r.reply) > MaxReply:
		m.replyStatus(r.network, r.via, r.from, r.id, replyTooLarge, nil)
		return
	}
	count := max(1, (len(r.reply)+replyChunk-1)/replyChunk)
	if next >= count {
		next = 0
	}
	for i := next; i < min(count, next+replyBurst); i++ {
		msg := opReplyMsg{
			id: r.id, network: r.network.hash, index: uint16(i), count: uint16(count),
			chunk: r.reply[i*replyChunk : min(len(r.reply), (i+1)*replyChunk)],
		}
		m.body = msg.append(m.body[:0])
		m.datagram(r.via, r.from, m.sealOwn(KindOperator, m.body))
	}
}

// replyStatus answers with a status alone.
func (m *Multipath) replyStatus(came, via *network, to netip.AddrPort, id [16]byte, s replyStatus, chunk []byte) {
	msg := opReplyMsg{id: id, status: s, network: came.hash, chunk: chunk}
	m.body = msg.append(m.body[:0])
	m.datagram(via, to, m.sealOwn(KindOperator, m.body))
}
