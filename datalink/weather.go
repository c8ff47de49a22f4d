package datalink

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Weather is a Set whose networks can be made bad without privilege, for
// demonstrations and long tests on one machine: cut, as if the cable had been
// pulled far from this host, made to lose packets at random, and made late.
// What it does happens to packets that arrive; a cut also drops what is sent.
// Nothing tells of it: the network looks well from here. Cut, Heal, Lose and
// Late may be called from any goroutine, the rest is as with any Set.
type Weather struct {
	set      Set
	index    map[string]int
	networks []conditions
	rand     *rand.Rand
	pass     []Datagram // scratch of Send
	lent     [][]byte   // of late packets, with the receiver until its next call
	spare    [][]byte
}

// conditions are the weather on one network.
type conditions struct {
	cut  atomic.Bool
	loss atomic.Int64 // of a million packets
	late atomic.Int64 // nanoseconds
	// lines hold what is late, each its packets in the order they are due. A
	// change of the lateness begins a new one, so that packets sent later may
	// overtake those still in the old.
	lines []*line
	held  int // bytes
}

type line struct {
	late    time.Duration
	packets []latePacket
	first   int // of packets
}

type latePacket struct {
	due    time.Time
	packet Packet
}

// MaxHeld bounds the bytes that Late holds back on a network; packets beyond
// it are lost, as in a switch.
const MaxHeld = 256 << 20

// NewWeather wraps the Set that was opened for these networks. seed determines
// which packets Lose loses.
func NewWeather(set Set, networks []Network, seed uint64) *Weather {
	w := &Weather{
		set: set, index: make(map[string]int), networks: make([]conditions, len(networks)),
		rand: rand.New(rand.NewPCG(seed, 0)),
	}
	for i, n := range networks {
		w.index[n.Name] = i
	}
	return w
}

// Cut drops all datagrams of the network from now on, also those it holds
// back. Like the three below it returns false if the Set has no network of
// that name.
func (w *Weather) Cut(network string) bool {
	return w.change(network, func(c *conditions) { c.cut.Store(true) })
}

// Heal undoes Cut.
func (w *Weather) Heal(network string) bool {
	return w.change(network, func(c *conditions) { c.cut.Store(false) })
}

// Lose makes the network lose this share, 0 to 1, of what arrives by it.
func (w *Weather) Lose(network string, share float64) bool {
	return w.change(network, func(c *conditions) { c.loss.Store(int64(share * 1e6)) })
}

// Late makes what arrives by the network from now on come later by d; 0 or
// less: at once.
func (w *Weather) Late(network string, d time.Duration) bool {
	return w.change(network, func(c *conditions) { c.late.Store(int64(d)) })
}

func (w *Weather) change(network string, set func(*conditions)) bool {
	i, ok := w.index[network]
	if ok {
		set(&w.networks[i])
	}
	return ok
}

// Wait may return for a datagram that Receive then drops or holds back.
func (w *Weather) Wait(d time.Duration) error {
	var now time.Time
	for i := range w.networks {
		for _, l := range w.networks[i].lines {
			if now.IsZero() {
				now = time.Now()
			}
			if left := max(l.packets[l.first].due.Sub(now), 0); d < 0 || left < d {
				d = left
			}
		}
	}
	return w.set.Wait(d)
}

// Receive never returns 0 while the Set still has something for it.
func (w *Weather) Receive(batch []Packet) int {
	w.spare = append(w.spare, w.lent...)
	clear(w.lent)
	w.lent = w.lent[:0]
	kept := w.due(batch)
	for kept < len(batch) {
		n := w.set.Receive(batch[kept:])
		if n == 0 {
			return kept
		}
		got := batch[kept : kept+n]
		before := kept
		for _, p := range got {
			if w.passes(p) {
				batch[kept] = p
				kept++
			}
		}
		if kept > before { // the Set takes its bytes back with the next call
			return kept
		}
	}
	return kept
}

// passes tells whether a packet that arrives now is the receiver's now; else
// it is lost or held back.
func (w *Weather) passes(p Packet) bool {
	c := &w.networks[p.Network]
	if c.cut.Load() {
		return false
	}
	if loss := c.loss.Load(); loss > 0 && w.rand.Int64N(1e6) < loss {
		return false
	}
	late := time.Duration(c.late.Load())
	if late <= 0 {
		return true
	}
	if c.held+len(p.Data) <= MaxHeld {
		p.Data = append(w.buffer(), p.Data...)
		c.hold(late, p)
	}
	return false
}

// buffer is an empty one, used before if possible.
func (w *Weather) buffer() []byte {
	n := len(w.spare)
	if n == 0 {
		return nil
	}
	b := w.spare[n-1]
	w.spare = w.spare[:n-1]
	return b[:0]
}

func (c *conditions) hold(late time.Duration, p Packet) {
	n := len(c.lines)
	if n == 0 || c.lines[n-1].late != late {
		c.lines = append(c.lines, &line{late: late})
		n++
	}
	l := c.lines[n-1]
	l.packets = append(l.packets, latePacket{time.Now().Add(late), p})
	c.held += len(p.Data)
}

// due moves packets whose time has come into batch.
func (w *Weather) due(batch []Packet) int {
	var now time.Time
	filled := 0
	for i := range w.networks {
		c := &w.networks[i]
		if len(c.lines) > 0 && now.IsZero() {
			now = time.Now()
		}
		lines := c.lines[:0]
		for _, l := range c.lines {
			for l.first < len(l.packets) && filled < len(batch) && !l.packets[l.first].due.After(now) {
				p := l.take()
				c.held -= len(p.Data)
				w.lent = append(w.lent, p.Data)
				if !c.cut.Load() {
					batch[filled] = p
					filled++
				}
			}
			if l.first < len(l.packets) {
				lines = append(lines, l)
			}
		}
		clear(c.lines[len(lines):])
		c.lines = lines
	}
	return filled
}

// take removes the first packet of the line.
func (l *line) take() Packet {
	p := l.packets[l.first].packet
	l.packets[l.first] = latePacket{}
	if l.first++; l.first > 1024 && l.first > len(l.packets)/2 {
		n := copy(l.packets, l.packets[l.first:])
		clear(l.packets[n:])
		l.packets, l.first = l.packets[:n], 0
	}
	return p
}

// Send passes on what is for networks that are not cut.
func (w *Weather) Send(batch []Datagram) {
	w.pass = w.pass[:0]
	for _, d := range batch {
		if !w.networks[d.Network].cut.Load() {
			w.pass = append(w.pass, d)
		}
	}
	w.set.Send(w.pass)
	clear(w.pass) // they are the caller's again
}

// States is the Set's.
func (w *Weather) States(dst []NetworkState) []NetworkState { return w.set.States(dst) }

// Generation is the Set's.
func (w *Weather) Generation() uint64 { return w.set.Generation() }

// Wake is the Set's.
func (w *Weather) Wake() { w.set.Wake() }

// Close closes the Set.
func (w *Weather) Close() error { return w.set.Close() }
