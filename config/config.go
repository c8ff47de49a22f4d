// Package config is the daemon's configuration: the file spread.toml, its
// defaults, units and checks, the key file, the hash by which daemons see that
// they have the same configuration, and the effective values in words.
//
// It reads and judges; it opens no socket, looks up no name and changes
// nothing on the host. Turning a Config into the configurations of ring,
// multipath and datalink is the daemon's business.
//
// A Config is not changed after Parse or Default has returned it, and may be
// read by any goroutine.
package config

import (
	"hash/fnv"
	"net/netip"
	"time"
)

// Bounds of the schema (design 3 and 7).
const (
	MaxNetworks   = 8
	MaxDaemons    = 128
	MaxName       = 19 // bytes of a daemon's or network's name
	MaxCluster    = 63 // bytes of the cluster's name
	MaxAddresses  = 4  // of one daemon on one network, while they are being changed
	DefaultPort   = 4803
	MaxSocketPath = 107 // bytes of a Unix socket's path on Linux, without the final NUL
)

// Transport is how a network carries a packet for all (design 3).
type Transport uint8

// The transports.
const (
	Broadcast Transport = iota
	Multicast
	Unicast // one copy per daemon
)

var transportNames = [...]string{"broadcast", "multicast", "unicast"}

func (t Transport) String() string { return transportNames[t] }

// Policy says on which networks a packet goes (design 3).
type Policy uint8

// The policies.
const (
	Replicate Policy = iota // every packet on every network
	Failover                // one network at a time, primary first
)

var policyNames = [...]string{"replicate", "failover"}

func (p Policy) String() string { return policyNames[p] }

// Security is what protects the packets between daemons (SEC-1).
type Security uint8

// The modes of security.
const (
	Sealed    Security = iota // encrypted and authenticated with the cluster key
	Plaintext                 // a checksum against accidents, nothing more
)

var securityNames = [...]string{"sealed", "plaintext"}

func (s Security) String() string { return securityNames[s] }

// Config is the whole configuration with every default filled in.
type Config struct {
	// File is where it came from; "" for Default.
	File string

	Cluster string
	// Port is the UDP port between daemons, and {port} in socket paths.
	Port     uint16
	Security Security
	// KeyFile is the path of the cluster's keys; "" exactly with Plaintext.
	KeyFile string
	// FailureDetection is 20 ms to 60 s; all membership timers derive from it.
	FailureDetection time.Duration
	Policy           Policy
	// MaxSkew is how much later than the first copy of a packet another may
	// come before it counts as missing.
	MaxSkew time.Duration
	// ReassemblyBudget bounds the bytes of begun large messages in the ring.
	ReassemblyBudget int

	Networks []Network // 1 to 8, in file order
	Daemons  []Daemon  // 1 to 128, in file order, which is member order

	Client  Client
	Monitor Monitor
}

// Network is one of the parallel networks.
type Network struct {
	Name      string
	Transport Transport
	// Subnet is its prefix; the zero Prefix if it has none (unicast only).
	Subnet netip.Prefix
	// Group is the multicast group; valid exactly with Multicast.
	Group netip.Addr
	// MTU is the IP MTU in bytes; 0: as the interface says (A2).
	MTU int
	// Offload permits segmentation offload (GSO, GRO) on this network.
	Offload bool
	// DSCP marks packets sent, 0 to 63.
	DSCP int
	// Primary is the network that the failover policy prefers. With Failover
	// exactly one network has it.
	Primary bool
}

// Daemon is one configured daemon.
type Daemon struct {
	Name string
	// ID is the 32-bit FNV-1a hash of Name: unique, not 0, not 0xffffffff.
	ID uint32
	// Addresses holds, for each of Config.Networks, the daemon's addresses
	// there, the preferred one first; empty where it has none.
	Addresses [][]netip.Addr
	// Clients is where it accepts TCP clients.
	Clients []netip.AddrPort
}

// On tells whether the daemon has an address on the network with this index.
func (d *Daemon) On(network int) bool { return len(d.Addresses[network]) > 0 }

// ID is the number a daemon of this name has on the wire: FNV-1a, 32 bits
// (protocol rule 1).
func ID(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}

// Shared returns the indexes of the networks that two daemons, given by their
// indexes, are both on.
func (c *Config) Shared(a, b int) []int {
	var shared []int
	for n := range c.Networks {
		if c.Daemons[a].On(n) && c.Daemons[b].On(n) {
			shared = append(shared, n)
		}
	}
	return shared
}

// LoopbackOnly tells whether no daemon has an address outside loopback.
func (c *Config) LoopbackOnly() bool {
	for _, d := range c.Daemons {
		for _, list := range d.Addresses {
			for _, a := range list {
				if !a.IsLoopback() {
					return false
				}
			}
		}
	}
	return true
}
