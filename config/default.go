package config

import (
	"net/netip"
	"slices"
)

// Default is the configuration of a daemon without a file: one daemon named
// localhost on loopback, for programs of this host (design 7).
func Default() *Config {
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	return &Config{
		Cluster:          "spread",
		Port:             DefaultPort,
		Security:         Plaintext, // no packet leaves the host
		FailureDetection: defaultFailureDetection,
		Policy:           Replicate,
		MaxSkew:          defaultFailureDetection / 4,
		ReassemblyBudget: defaultBudget,
		Networks: []Network{{
			Name:      "loopback",
			Transport: Unicast,
			Subnet:    netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
			Offload:   true,
		}},
		Daemons: []Daemon{{
			Name:      "localhost",
			ID:        ID("localhost"),
			Addresses: [][]netip.Addr{{loopback}},
			Clients:   []netip.AddrPort{netip.AddrPortFrom(loopback, DefaultPort)},
		}},
		Client: Client{
			Sockets:             slices.Clone(defaultSockets[1:]),
			Mode:                0o666,
			MaxSessions:         defaultSessions,
			MaxSessionsPerUID:   defaultSessions,
			MaxGroups:           defaultGroups,
			MaxGroupsPerMessage: groupsPerMessage,
			MaxMessage:          defaultMessage,
			MaxQueue:            defaultQueue,
			HandshakeTimeout:    defaultHandshake,
		},
		Monitor: Monitor{Socket: defaultAdminSocket},
	}
}
