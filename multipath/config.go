package multipath

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Limits of a configuration (design 3, 5; SEC-3).
const (
	maxNetworks = 8
	maxDaemons  = 128
	maxKeys     = 4

	minFailureDetection = 20 * time.Millisecond
	maxFailureDetection = 60 * time.Second
)

// validate checks what New was given. The messages are for whoever wrote the
// driver: config refuses a user's mistakes long before.
func (c *Config) validate() error {
	switch {
	case len(c.Networks) < 1 || len(c.Networks) > maxNetworks:
		return fmt.Errorf("multipath: %d networks, not 1 to %d", len(c.Networks), maxNetworks)
	case len(c.Daemons) < 1 || len(c.Daemons) > maxDaemons:
		return fmt.Errorf("multipath: %d daemons, not 1 to %d", len(c.Daemons), maxDaemons)
	case c.FailureDetection < minFailureDetection || c.FailureDetection > maxFailureDetection:
		return fmt.Errorf("multipath: failure detection %v, not %v to %v", c.FailureDetection, minFailureDetection, maxFailureDetection)
	case c.MaxSkew < 0:
		return errors.New("multipath: negative maximum skew")
	case c.Entropy == nil:
		return errors.New("multipath: no entropy")
	case c.Policy > Failover:
		return fmt.Errorf("multipath: unknown policy %d", c.Policy)
	}
	if err := c.validateDaemons(); err != nil {
		return err
	}
	hashes := map[uint32]string{}
	for _, n := range c.Networks {
		h := networkHash(n.Name)
		if other, ok := hashes[h]; ok {
			return fmt.Errorf("multipath: networks %q and %q have one hash", other, n.Name)
		}
		hashes[h] = n.Name
	}
	return nil
}

func (c *Config) validateDaemons() error {
	ids := map[DaemonID]bool{}
	for _, d := range c.Daemons {
		switch {
		case d.ID == 0 || d.ID == OperatorID:
			return fmt.Errorf("multipath: daemon %q has the reserved id %08x", d.Name, uint32(d.ID))
		case ids[d.ID]:
			return fmt.Errorf("multipath: daemon id %08x twice", uint32(d.ID))
		case len(d.Addresses) > len(c.Networks):
			return fmt.Errorf("multipath: daemon %q has addresses on %d networks of %d", d.Name, len(d.Addresses), len(c.Networks))
		}
		ids[d.ID] = true
	}
	if !ids[c.Self] {
		return fmt.Errorf("multipath: self %08x is not a configured daemon", uint32(c.Self))
	}
	return nil
}

// clusterHash binds every packet to the cluster's name.
func clusterHash(name string) (h [clusterHashSize]byte) {
	sum := sha256.Sum256([]byte("mpspread cluster\x00" + name))
	copy(h[:], sum[:])
	return h
}

// networkHash names a network in probes and hellos. It travels sealed, so it
// only has to tell the up to eight networks of one configuration apart.
func networkHash(name string) uint32 {
	sum := sha256.Sum256([]byte("mpspread network\x00" + name))
	return binary.BigEndian.Uint32(sum[:])
}

// network is one network with everything known of this daemon's end of it.
type network struct {
	Network
	id        NetworkID
	bit       uint8
	hash      uint32
	headers   int // of IP and UDP, to compare datagrams with MTUs
	peers     []*daemon
	suspended bool
	probing
	sizing
}

// up tells whether the interface takes datagrams.
func (n *network) up() bool { return n.PacketSize > 0 }

// usable tells whether ordinary packets may go on the network.
func (n *network) usable() bool { return n.up() && !n.suspended && len(n.peers) > 0 }

// daemon is one configured daemon with everything known of it.
type daemon struct {
	Daemon
	self   bool
	order  int          // place in the configuration
	known  []netip.Addr // all its addresses, for the source check
	shared uint8        // networks on which both it and this daemon have an address
	paths  []path       // by network
	picked int          // network in use with Failover; -1: none yet
	route  route        // to it by the policy
	every  route        // to it on every network
	told   told
	identity
}

// owns is the source check of SEC-8: an address of the daemon, on whatever
// network it arrived (crossed cables are found by probes, not refused here).
func (d *daemon) owns(from netip.Addr) bool {
	return slices.Contains(d.known, plainAddr(from))
}

func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// tables makes networks and daemons out of the configuration.
func (m *Multipath) tables() {
	for i, n := range m.cfg.Networks {
		m.networks = append(m.networks, &network{
			Network: n, id: NetworkID(i), bit: 1 << i, hash: networkHash(n.Name), headers: headersIPv4,
		})
	}
	m.byID = make(map[DaemonID]*daemon, len(m.cfg.Daemons))
	for i, c := range m.cfg.Daemons {
		d := &daemon{Daemon: c, self: c.ID == m.cfg.Self, order: i, picked: -1}
		for _, list := range c.Addresses {
			for _, a := range list {
				d.known = append(d.known, plainAddr(a.Addr()))
			}
		}
		m.daemons = append(m.daemons, d)
		m.byID[c.ID] = d
		if d.self {
			m.self = d
		}
	}
	m.sorted = slices.Clone(m.daemons)
	slices.SortFunc(m.sorted, func(a, b *daemon) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	m.share()
	for _, d := range m.daemons {
		for _, n := range m.networks {
			d.paths = append(d.paths, newPath(n))
		}
		d.ledger.shared = d.shared
		if m.cfg.Policy == Failover {
			d.ledger.shared = 0
		}
	}
	m.preference = slices.Clone(m.networks)
	slices.SortStableFunc(m.preference, func(a, b *network) int {
		switch {
		case a.Primary == b.Primary:
			return 0
		case a.Primary:
			return -1
		}
		return 1
	})
}

// share finds which networks this daemon has in common with each other one.
func (m *Multipath) share() {
	for i, n := range m.networks {
		mine := m.self.addresses(i)
		if len(mine) == 0 {
			continue
		}
		if a := mine[0].Addr(); a.Is6() && !a.Is4In6() {
			n.headers = headersIPv6
		}
		for _, d := range m.daemons {
			if !d.self && len(d.addresses(i)) > 0 {
				d.shared |= n.bit
				n.peers = append(n.peers, d)
			}
		}
	}
}

// addresses returns where the daemon is reached on a network.
func (d *daemon) addresses(network int) []netip.AddrPort {
	if network >= len(d.Addresses) {
		return nil
	}
	return d.Addresses[network]
}
