package daemon

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"mpspread/config"
	"mpspread/datalink"
	"mpspread/groups"
	"mpspread/internal/engine"
	"mpspread/multipath"
)

const (
	// receiveBatch is how many datagrams are taken from the networks at once.
	receiveBatch = 64
	// receiveTurn bounds the datagrams of one turn of the loop, so that
	// clients are served under any load.
	receiveTurn = 1024
	// mostTurns bounds the turns that put off a timer because the networks
	// have more: all that was there when the loop woke up has then been seen.
	mostTurns = 64
	// linger is how long a leaving daemon goes on, so that the others hear it.
	linger = 50 * time.Millisecond
)

// loop is the goroutine that owns the engine and the links. A turn of it:
// wait; receive all there is on the networks; take what other goroutines have
// brought; serve sessions; only then let timers fire, so that none fires for
// what is only waiting in a socket; hand the writers what they have got.
// Everything is the loop's own unless marked otherwise.
type loop struct {
	log         *zap.Logger
	cfg         *config.Config
	self        int
	software    string
	engine      *engine.Engine
	links       datalink.Set
	registry    *registry
	incarnation string
	start       time.Time // of this life; origin of the engine's time
	newLife     func([]datalink.NetworkState) (*engine.Engine, string, error)

	mailbox mailbox       // any goroutine
	status  snapshots     // any goroutine
	alive   atomic.Uint64 // turns; read by the watchdog
	ended   chan struct{} // closed when the loop has ended
	asks    chan question // monitor commands for the answerer
	busy    []byte        // the answer to those that find it full
	refused [][16]byte    // commands to be answered so

	packets   []datalink.Packet
	datagrams []datalink.Datagram
	mail      []mail

	sessions  map[groups.SessionID]*session // until their disconnect is ordered
	lastID    groups.SessionID
	ready     []*session // to be served, in turn
	blocked   []*session // wait for room in the ring
	dirty     []*session // have staged frames
	multicast groups.Multicast
	counters  counters
	turned    turnCounters

	watch   watch
	stopAt  time.Duration // the end of lingering; 0: not leaving
	pending bool          // the networks have more than one turn takes
	turns   int           // turns in a row with pending
}

func newLoop(d *daemon, e *engine.Engine, states []datalink.NetworkState, incarnation string) *loop {
	l := &loop{
		log: d.log, cfg: d.cfg, self: d.self, software: d.software,
		engine: e, links: d.links, registry: d.registry,
		incarnation: incarnation, start: time.Now(), newLife: d.newLife,
		ended: make(chan struct{}), asks: make(chan question, questionBacklog), busy: busyReply(d.name),
		packets:  make([]datalink.Packet, receiveBatch),
		sessions: make(map[groups.SessionID]*session),
	}
	l.mailbox.wake = d.links.Wake
	l.status.wake = d.links.Wake
	l.watch.init(d.cfg, states, d.links.Generation())
	return l
}

// now is the engine's time.
func (l *loop) now() time.Duration { return time.Since(l.start) }

// run turns until the daemon stops or the links fail. The goroutine keeps its
// thread, which ends with it and takes its priority along.
func (l *loop) run() error {
	runtime.LockOSThread()
	defer close(l.ended)
	defer close(l.asks)
	defer l.status.end()
	if !raisePriority() {
		l.log.Info("loop has ordinary priority: a busy host may delay it")
	}
	l.obey()
	for {
		if err := l.links.Wait(l.patience()); err != nil {
			return fmt.Errorf("networks: waiting for datagrams: %w", err)
		}
		l.turn()
		switch {
		case l.stopAt != 0 && l.now() >= l.stopAt:
			return nil
		case l.dead():
			if err := l.renew(); err != nil {
				return err
			}
		}
	}
}

// turn is one round of everything.
func (l *loop) turn() {
	l.alive.Add(1)
	busy := l.receive()
	stopping := l.takeMail()
	busy = busy || stopping || len(l.mail) > 0 || len(l.ready) > 0
	l.serveReady()
	fired := l.advance()
	busy = l.observe() || fired || busy
	if stopping && l.stopAt == 0 {
		now := l.now()
		l.stopAt = now + linger
		l.engine.Stop(now)
		l.obey()
	}
	busy = l.publish() || busy
	l.flush()
	l.turned.count(busy, fired)
}

// patience is how long the loop may wait: until the next timer, not at all if
// there is work.
func (l *loop) patience() time.Duration {
	if l.pending || len(l.ready) > 0 {
		return 0
	}
	until := min(l.engine.Deadline(), l.watch.next+watchEvery) // the watch rides along with other timers
	if l.stopAt != 0 {
		until = min(until, l.stopAt)
	}
	return max(until-l.now(), 0)
}

// receive takes what the networks have, up to a turn's worth, tells whether
// there was anything, and notes whether there is more.
func (l *loop) receive() bool {
	taken := 0
	for taken < receiveTurn {
		n := l.links.Receive(l.packets)
		now := l.now()
		for i := range l.packets[:n] {
			p := &l.packets[i]
			l.engine.Receive(now, multipath.NetworkID(p.Network), p.From, p.Data)
			l.obey()
		}
		if taken += n; n < len(l.packets) {
			l.pending, l.turns = false, 0
			return taken > 0
		}
	}
	l.pending = true
	l.turns++
	return true
}

// advance lets the engine's timers fire if they are due and the networks have
// nothing more, and tells whether it did.
func (l *loop) advance() bool {
	if l.pending && l.turns < mostTurns {
		return false
	}
	now := l.now()
	if now < l.engine.Deadline() {
		return false
	}
	l.engine.Advance(now)
	l.obey()
	return true
}

// obey does what the engine's last call wants, and refuses the commands that
// found no room: to answer them is a call too.
func (l *loop) obey() {
	l.perform()
	for i := 0; i < len(l.refused); i++ {
		l.engine.Answer(l.now(), l.refused[i], l.busy)
		l.perform()
	}
	l.refused = l.refused[:0]
}

// perform takes the engine's output and does it, in its order.
func (l *loop) perform() {
	out := l.engine.Output()
	if len(out.Datagrams) > 0 {
		l.datagrams = l.datagrams[:0]
		for i := range out.Datagrams {
			d := &out.Datagrams[i]
			l.datagrams = append(l.datagrams, datalink.Datagram{Network: int(d.Network), To: d.To, Data: d.Data})
		}
		l.links.Send(l.datagrams)
	}
	for i := range out.Events {
		l.deliver(&out.Events[i])
	}
	for _, conf := range out.Conf {
		l.watch.configuration(l.log, conf)
	}
	for i := range out.Commands {
		l.ask(&out.Commands[i])
	}
	if out.Room {
		l.unblock()
	}
}

// takeMail takes what other goroutines have brought, and tells whether the
// daemon is to stop.
func (l *loop) takeMail() (stopping bool) {
	l.mail, stopping = l.mailbox.take(l.mail[:0])
	for i := range l.mail {
		switch m := &l.mail[i]; {
		case m.batch != nil:
			l.takeBatch(m.batch)
		case m.open != nil:
			l.open(m.open)
		case m.answer != nil:
			l.engine.Answer(l.now(), m.answer.id, m.answer.reply)
			l.obey()
		}
	}
	clear(l.mail)
	return stopping
}
