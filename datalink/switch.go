package datalink

import (
	"sync/atomic"
	"time"
)

// Switch is a Set whose networks can be cut, as if the cable had been pulled
// far from this host: everything in and out is dropped, and nothing tells of
// it. A demonstration cuts networks this way without privilege. Cut and Heal
// may be called from any goroutine; the rest is as with any Set.
type Switch struct {
	set   Set
	index map[string]int
	cut   []atomic.Bool
	pass  []Datagram // scratch of Send
}

// NewSwitch wraps the Set that was opened for these networks.
func NewSwitch(set Set, networks []Network) *Switch {
	s := &Switch{set: set, index: make(map[string]int), cut: make([]atomic.Bool, len(networks))}
	for i, n := range networks {
		s.index[n.Name] = i
	}
	return s
}

// Cut drops all datagrams of the network from now on; it returns false if the
// Set has no network of that name.
func (s *Switch) Cut(name string) bool { return s.change(name, true) }

// Heal undoes Cut.
func (s *Switch) Heal(name string) bool { return s.change(name, false) }

func (s *Switch) change(name string, cut bool) bool {
	i, ok := s.index[name]
	if ok {
		s.cut[i].Store(cut)
	}
	return ok
}

// Wait may return for a datagram that Receive then drops.
func (s *Switch) Wait(d time.Duration) error { return s.set.Wait(d) }

// Receive never returns 0 while the Set still has something for it.
func (s *Switch) Receive(batch []Packet) int {
	for {
		n := s.set.Receive(batch)
		kept := 0
		for _, p := range batch[:n] {
			if !s.cut[p.Network].Load() {
				batch[kept] = p
				kept++
			}
		}
		if kept > 0 || n == 0 {
			return kept
		}
	}
}

// Send passes on what is for networks that are not cut.
func (s *Switch) Send(batch []Datagram) {
	s.pass = s.pass[:0]
	for _, d := range batch {
		if !s.cut[d.Network].Load() {
			s.pass = append(s.pass, d)
		}
	}
	s.set.Send(s.pass)
	clear(s.pass) // they are the caller's again
}

// States is the Set's: a cut network looks well from here, as behind a switch
// that has lost its uplink.
func (s *Switch) States(dst []NetworkState) []NetworkState { return s.set.States(dst) }

// Generation is the Set's.
func (s *Switch) Generation() uint64 { return s.set.Generation() }

// Wake is the Set's.
func (s *Switch) Wake() { s.set.Wake() }

// Close closes the Set.
func (s *Switch) Close() error { return s.set.Close() }
