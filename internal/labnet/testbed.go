//go:build linux

package labnet

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Port is the UDP port between daemons that the filter counts and breaks.
const Port = 4803

// Options say what a Testbed looks like.
type Options struct {
	Hosts    []string // 1 to 200 short names (at most 10 bytes) without spaces
	Networks int      // 1 to 8, named A, B …
	IPv6     bool
	// Absent names, by host, the networks it is not on.
	Absent map[string][]string
	// Bare leaves the packet filter out, of hosts and bridges, which takes time
	// for every packet: then Cut, Mend, Impair, Refuse and Counts are not to be
	// used.
	Bare bool
}

// Testbed is hosts on parallel networks.
type Testbed struct {
	Options
	names      names
	namespaces []string // made so far
	impaired   map[string]map[Path]Impairment
	relays     map[int]*Relay
}

// New makes namespaces, bridges, cables, addresses and filters. Close removes
// them.
func New(o Options) (*Testbed, error) {
	b := &Testbed{Options: o, names: newNames(), impaired: map[string]map[Path]Impairment{}, relays: map[int]*Relay{}}
	if err := b.build(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Close ends relays and whatever still runs in the namespaces and removes
// everything New made.
func (b *Testbed) Close() error {
	var all []error
	for _, r := range b.relays {
		r.stopWorking()
	}
	for _, ns := range slices.Backward(b.namespaces) {
		all = append(all, removeNamespace(ns))
	}
	b.namespaces = nil
	return errors.Join(all...)
}

// Name is the name all of this testbed's things start with; directories that
// start with it are removed by RemoveLeftovers, too.
func (b *Testbed) Name() string { return b.names.base }

// Namespace is the network namespace of a host.
func (b *Testbed) Namespace(host string) string { return b.names.host(host) }

// NetworkName is the name of a network by its number, from 0: A, B …
func NetworkName(network int) string { return string(rune('A' + network)) }

// networkNumber is the number of a network by its name.
func networkNumber(name string) int { return int(name[0] - 'A') }

// On tells whether the host is on the network.
func (b *Testbed) On(host string, network int) bool {
	return !slices.Contains(b.Absent[host], NetworkName(network))
}

// index is the number of a host by its name.
func (b *Testbed) index(host string) int {
	i := slices.Index(b.Hosts, host)
	if i < 0 {
		panic("labnet: no host " + host)
	}
	return i
}

// Address is the address of a host on a network.
func (b *Testbed) Address(host string, network int) netip.Addr {
	return Address(b.IPv6, network, b.index(host))
}

// Subnet is the prefix of a network.
func (b *Testbed) Subnet(network int) netip.Prefix { return Subnet(b.IPv6, network) }

// Address is the address of host number host on network number network, both
// from 0.
func Address(ipv6 bool, network, host int) netip.Addr {
	if ipv6 {
		return netip.MustParseAddr(fmt.Sprintf("fd77:%d::%d", network+1, host+1))
	}
	return netip.AddrFrom4([4]byte{10, 77, byte(network + 1), byte(host + 1)})
}

// Subnet is the prefix of network number network.
func Subnet(ipv6 bool, network int) netip.Prefix {
	bits := 24
	if ipv6 {
		bits = 64
	}
	return netip.PrefixFrom(Address(ipv6, network, 0), bits).Masked()
}
