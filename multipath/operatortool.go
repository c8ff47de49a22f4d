package multipath

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// What an Operator's command can come to, other than a reply.
var (
	// ErrUnreachable: the daemon did not answer at all; the command did not run.
	ErrUnreachable = errors.New("multipath: daemon unreachable")
	// ErrOutcomeUnknown: the daemon restarted, or fell silent, after the command
	// was sent to it; it may have run.
	ErrOutcomeUnknown = errors.New("multipath: outcome unknown")
	// ErrRestarted is the ErrOutcomeUnknown of a daemon that restarted.
	ErrRestarted = fmt.Errorf("%w, restarted", ErrOutcomeUnknown)
	// ErrBusy: the daemon keeps too many commands already; this one did not run.
	ErrBusy = errors.New("multipath: daemon refuses more commands")
	// ErrReplyTooLarge: the command ran, its reply is longer than MaxReply.
	ErrReplyTooLarge = errors.New("multipath: reply too large")
)

// operatorRetry is the time between copies of what the tool sends (S26).
const operatorRetry = 200 * time.Millisecond

// OperatorNetwork is a network by which a tool may reach the daemon.
type OperatorNetwork struct {
	ID   NetworkID // as the driver names it in Receive and in Datagrams
	Name string
	To   []netip.AddrPort // the daemon's addresses there
}

// OperatorConfig is what an Operator is made with.
type OperatorConfig struct {
	Cluster   string
	Plaintext bool
	Cipher    Cipher
	Keys      []Key
	Target    DaemonID
	Networks  []OperatorNetwork // one, or several to use all at once
	Command   []byte            // at most MaxCommand bytes
	// Timeout bounds the whole exchange; default 5 s.
	Timeout time.Duration
	Entropy io.Reader
}

// Reply is the answer to a command.
type Reply struct {
	Body []byte
	// Came is the network by which the command reached the daemon, Network the
	// one by which the first of the answer came back.
	Came, Network string
	// RTT is the round trip of the first exchange.
	RTT time.Duration
}

// Operator carries one command from an operator's tool to one daemon
// (protocol rule 9). It asks for the daemon's life and challenge, sends the
// command until it is acknowledged, and collects the reply. It is pure like
// Multipath; one goroutine owns it.
type Operator struct {
	cfg     OperatorConfig
	env     *envelope
	inc     Incarnation
	aead    cipher.AEAD
	key     uint8
	counter uint64

	started bool
	begun   Time
	retry   Time
	asks    []Time // when each was sent
	token   uint64
	life    *subkeys // of the daemon; nil until offered
	command opCommandMsg

	parts   [][]byte
	missing int
	reply   Reply
	done    bool
	err     error
	out     []Datagram
	drained bool
}

// NewOperator prepares a command.
func NewOperator(cfg OperatorConfig) (*Operator, error) {
	switch {
	case len(cfg.Command) > MaxCommand:
		return nil, fmt.Errorf("multipath: command of %d bytes, at most %d", len(cfg.Command), MaxCommand)
	case len(cfg.Networks) == 0:
		return nil, errors.New("multipath: no network to reach the daemon by")
	case cfg.Entropy == nil:
		return nil, errors.New("multipath: no entropy")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	env, err := newEnvelope(cfg.Cluster, cfg.Plaintext, cfg.Cipher, cfg.Keys, cfg.Entropy)
	if err != nil {
		return nil, err
	}
	o := &Operator{cfg: cfg, env: env}
	var random [16 + 8 + 16]byte
	if _, err := io.ReadFull(cfg.Entropy, random[:]); err != nil {
		return nil, fmt.Errorf("multipath: no entropy: %w", err)
	}
	o.inc = Incarnation(random[:16])
	o.token = binary.BigEndian.Uint64(random[16:])
	o.command = opCommandMsg{target: cfg.Target, id: [16]byte(random[24:]), text: cfg.Command}
	if env.sealed() {
		k := &env.ring.keys[env.ring.active]
		o.key, o.aead = k.ID, env.ring.derive(k, OperatorID, o.inc, 0)
	}
	return o, nil
}

// Done tells whether the exchange is over.
func (o *Operator) Done() bool { return o.done }

// Result returns the outcome once Done.
func (o *Operator) Result() (Reply, error) { return o.reply, o.err }

// Deadline returns when Advance is needed next.
func (o *Operator) Deadline() Time {
	switch {
	case o.done:
		return NoDeadline
	case !o.started:
		return 0
	}
	return min(o.retry, o.begun+o.cfg.Timeout)
}

// Advance sends what is due again.
func (o *Operator) Advance(now Time) {
	o.begin()
	if !o.started {
		o.started, o.begun, o.retry = true, now, now
	}
	switch {
	case o.done:
	case now >= o.begun+o.cfg.Timeout:
		if o.life == nil {
			o.finish(ErrUnreachable)
		} else {
			o.finish(ErrOutcomeUnknown)
		}
	case now >= o.retry:
		o.send(now)
	}
}

// Datagrams returns what is queued and takes it from the queue. It is valid
// until the next call of Advance or Receive.
func (o *Operator) Datagrams() []Datagram {
	if o.drained {
		return nil
	}
	o.drained = true
	return o.out
}

func (o *Operator) begin() {
	if o.drained {
		o.out, o.drained = o.out[:0], false
	}
}

func (o *Operator) finish(err error) { o.done, o.err = true, err }

// send sends the ask or the command on all networks.
func (o *Operator) send(now Time) {
	o.retry = now + operatorRetry
	var body []byte
	if o.life == nil {
		body = appendAsk(nil, o.cfg.Target, o.token+uint64(len(o.asks)))
		o.asks = append(o.asks, now)
	} else {
		body = o.command.append(nil)
	}
	o.counter++
	h := header{key: o.key, kind: KindOperator, sender: OperatorID, short: o.inc.Short(), counter: o.counter}
	data := o.env.seal(make([]byte, 0, o.env.size(KindOperator, len(body))), o.aead, h, &o.inc, body)
	for _, n := range o.cfg.Networks {
		for _, to := range n.To {
			o.out = append(o.out, Datagram{Network: n.ID, To: to, Data: data})
		}
	}
}

// Receive takes a datagram. What is not for this exchange is ignored: the
// address it came from proves nothing, the seal and the id do.
func (o *Operator) Receive(now Time, net NetworkID, data []byte) {
	o.begin()
	h, refused := o.env.parse(data)
	if refused != accepted || o.done || h.sender != o.cfg.Target || h.kind != KindOperator || !o.env.knows(h.key) {
		return
	}
	inc := h.incarnation(data)
	aead := o.opening(h, inc)
	body, ok := o.env.open(aead, h.bodyAt(), data)
	if !ok {
		return
	}
	if o.life != nil && o.life.inc == inc && o.life.find(h.key, epochOf(h.counter)) == nil {
		o.life.add(h.key, epochOf(h.counter), aead)
	}
	if token, c, ok := parseOffer(body); ok {
		o.receiveOffer(now, inc, token, c)
		return
	}
	if r, ok := parseReply(body); ok && r.id == o.command.id {
		o.receiveReply(now, net, inc, &r)
	}
}

// opening returns the object that opens a packet of the daemon.
func (o *Operator) opening(h header, inc Incarnation) cipher.AEAD {
	if !o.env.sealed() {
		return nil
	}
	epoch := epochOf(h.counter)
	if o.life != nil && o.life.inc == inc {
		if aead := o.life.find(h.key, epoch); aead != nil {
			return aead
		}
	}
	return o.env.ring.derive(o.env.ring.find(h.key), o.cfg.Target, inc, epoch)
}

func (o *Operator) receiveOffer(now Time, inc Incarnation, token uint64, c challenge) {
	n := token - o.token
	if o.life != nil || n >= uint64(len(o.asks)) {
		return
	}
	o.reply.RTT = now - o.asks[n]
	o.life = &subkeys{sender: o.cfg.Target, inc: inc}
	o.command.inc, o.command.challenge = inc, c
	o.send(now)
}

func (o *Operator) receiveReply(now Time, net NetworkID, inc Incarnation, r *opReplyMsg) {
	if o.life == nil {
		return
	}
	if r.status != replyRestart && inc != o.life.inc {
		return
	}
	switch r.status {
	case replyRestart:
		o.finish(ErrRestarted)
	case replyBusy:
		o.finish(ErrBusy)
	case replyTooLarge:
		o.finish(ErrReplyTooLarge)
	case replyExpired:
		if c := challenge(r.chunk); c != o.command.challenge {
			o.command.challenge = c
			o.send(now)
		}
	case replyDone:
		o.receivePart(now, net, r)
	}
}

// receivePart collects the reply; when a burst is complete it asks for the
// next one.
func (o *Operator) receivePart(now Time, net NetworkID, r *opReplyMsg) {
	if o.parts == nil {
		o.parts, o.missing = make([][]byte, r.count), int(r.count)
		o.reply.Network = o.name(func(n *OperatorNetwork) bool { return n.ID == net })
		o.reply.Came = o.name(func(n *OperatorNetwork) bool { return networkHash(n.Name) == r.network })
	}
	if int(r.count) != len(o.parts) || o.parts[r.index] != nil {
		return
	}
	o.parts[r.index] = append(make([]byte, 0, len(r.chunk)), r.chunk...)
	o.missing--
	if o.missing == 0 {
		for _, p := range o.parts {
			o.reply.Body = append(o.reply.Body, p...)
		}
		o.finish(nil)
		return
	}
	if r.index == o.command.next {
		for o.parts[o.command.next] != nil {
			o.command.next++
		}
	}
	if r.index%replyBurst == replyBurst-1 && o.command.next > r.index {
		o.send(now)
	}
}

func (o *Operator) name(is func(*OperatorNetwork) bool) string {
	for i := range o.cfg.Networks {
		if is(&o.cfg.Networks[i]) {
			return o.cfg.Networks[i].Name
		}
	}
	return ""
}
