// Package datalinktest is the in-memory twin of package datalink: Sets that
// reach each other over a Switchboard instead of sockets, with every fault a
// network can have at the caller's word. Datagrams arrive in the moment they
// are sent; nothing happens by itself, there is no goroutine and no clock but
// the timer of a Wait with a limit, so that it works under testing/synctest.
package datalinktest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"mpspread/datalink"
)

// Loss decides whether a datagram is lost between two addresses of a network.
// It is called with the Switchboard locked and must not call it; data is only
// to be read, and only during the call.
type Loss func(network string, from, to netip.Addr, data []byte) bool

// PacketSize is what every network takes unless its configuration has an MTU.
const PacketSize = 1472

// Switchboard connects Sets. Networks of one name are one network. All methods
// may be called from any goroutine.
type Switchboard struct {
	mu    sync.Mutex
	sets  []*set // in the order of Open, which is the order of delivery
	cut   map[string]bool
	pairs map[pair]bool
	loss  Loss
}

// pair is one direction between two addresses of a network.
type pair struct {
	network  string
	from, to netip.Addr
}

// New makes a Switchboard to which nothing is connected.
func New() *Switchboard {
	return &Switchboard{cut: make(map[string]bool), pairs: make(map[pair]bool)}
}

// Open connects a host, which is known on each network by the first of its
// addresses there; it can stand in for datalink.Open.
func (b *Switchboard) Open(c datalink.Config) (datalink.Set, error) {
	if len(c.Networks) == 0 {
		return nil, errors.New("datalinktest: no networks")
	}
	s := newSet(b, c)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range s.links {
		if l := &s.links[i]; l.own.IsValid() && b.find(l.config.Name, l.own) != nil {
			return nil, fmt.Errorf("datalinktest: network %q: %s is in use", l.config.Name, l.own)
		}
	}
	b.sets = append(b.sets, s)
	return s, nil
}

// Cut loses everything sent on a network until Heal.
func (b *Switchboard) Cut(network string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut[network] = true
}

// CutPair loses what one address sends to another on a network; the other
// direction is not touched.
func (b *Switchboard) CutPair(network string, from, to netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pairs[pair{network, from.Unmap(), to.Unmap()}] = true
}

// HealPair undoes CutPair.
func (b *Switchboard) HealPair(network string, from, to netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pairs, pair{network, from.Unmap(), to.Unmap()})
}

// Heal undoes Cut and every CutPair of a network.
func (b *Switchboard) Heal(network string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.cut, network)
	for p := range b.pairs {
		if p.network == network {
			delete(b.pairs, p)
		}
	}
}

// Lose sets the loss function; nil: none.
func (b *Switchboard) Lose(f Loss) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.loss = f
}

// Down takes the interface of a host on a network away; its Set is told, as
// when a link goes down. It returns false if no host has the address.
func (b *Switchboard) Down(network string, addr netip.Addr) bool {
	return b.changeLink(network, addr, func(l *link) { l.up = false; l.drain() })
}

// Up undoes Down.
func (b *Switchboard) Up(network string, addr netip.Addr) bool {
	return b.changeLink(network, addr, func(l *link) { l.up = true })
}

// SetMTU changes the IP MTU of a host's interface; the Set is told.
func (b *Switchboard) SetMTU(network string, addr netip.Addr, mtu int) bool {
	return b.changeLink(network, addr, func(l *link) { l.setMTU(mtu) })
}

// FailSends makes every send of a host on a network fail with err until it is
// called with nil.
func (b *Switchboard) FailSends(network string, addr netip.Addr, err error) bool {
	return b.changeLink(network, addr, func(l *link) { l.fail = err })
}

func (b *Switchboard) changeLink(network string, addr netip.Addr, change func(*link)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.find(network, addr.Unmap())
	if l == nil {
		return false
	}
	up, size := l.up, l.packetSize
	change(l)
	if l.up != up || l.packetSize != size {
		l.set.generation++
		l.set.signal()
	}
	return true
}

// find returns the link with an address on a network, or nil.
func (b *Switchboard) find(network string, addr netip.Addr) *link {
	for _, s := range b.sets {
		for i := range s.links {
			if l := &s.links[i]; l.own == addr && l.config.Name == network {
				return l
			}
		}
	}
	return nil
}

// carry delivers a datagram that left a link.
func (b *Switchboard) carry(from *link, to netip.AddrPort, data []byte) {
	if to != (netip.AddrPort{}) {
		if l := b.find(from.config.Name, to.Addr().Unmap()); l != nil && l.config.Port == to.Port() {
			b.hand(from, l, data)
		}
		return
	}
	for _, s := range b.sets {
		for i := range s.links {
			if l := &s.links[i]; l != from && l.sharesGroup(from) {
				b.hand(from, l, data)
			}
		}
	}
}

func (b *Switchboard) hand(from, to *link, data []byte) {
	name := from.config.Name
	switch {
	case !to.up || b.cut[name] || b.pairs[pair{name, from.own, to.own}]:
	case b.loss != nil && b.loss(name, from.own, to.own, data):
	default:
		to.receive(netip.AddrPortFrom(from.own, from.config.Port), data)
	}
}

// leave disconnects a set.
func (b *Switchboard) leave(s *set) {
	b.sets = slices.DeleteFunc(b.sets, func(o *set) bool { return o == s })
}
