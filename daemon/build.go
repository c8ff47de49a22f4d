package daemon

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"mpspread/config"
	"mpspread/datalink"
	"mpspread/internal/engine"
	"mpspread/multipath"
	"mpspread/ring"
)

// messageHeaders is what the group layer adds to a client's message, at most.
const messageHeaders = 64 << 10

// linksConfig is this host's part of the networks.
func linksConfig(c *config.Config, self int) datalink.Config {
	var out datalink.Config
	for i, n := range c.Networks {
		out.Networks = append(out.Networks, datalink.Network{
			Name: n.Name, Transport: transports[n.Transport], Addresses: c.Daemons[self].Addresses[i],
			Subnet: n.Subnet, Group: n.Group, Port: c.Port, MTU: n.MTU, DSCP: n.DSCP, Offload: n.Offload,
		})
	}
	return out
}

var transports = [...]datalink.Transport{
	config.Broadcast: datalink.Broadcast,
	config.Multicast: datalink.Multicast,
	config.Unicast:   datalink.Unicast,
}

// engineConfig is the engine's configuration for one life of the daemon:
// its incarnation is made here, and returned as status shows it. states are
// those of the links now.
func engineConfig(c *config.Config, self int, states []datalink.NetworkState) (engine.Config, string, error) {
	m := multipath.Config{
		Cluster:          c.Cluster,
		Self:             multipath.DaemonID(c.Daemons[self].ID),
		Plaintext:        c.Security == config.Plaintext,
		Policy:           policies[c.Policy],
		FailureDetection: c.FailureDetection,
		MaxSkew:          c.MaxSkew,
		// Unbuffered: random numbers that wait in memory come again when a
		// machine is put back to an older state, and nonces must not (SEC-5).
		Entropy: rand.Reader,
	}
	rand.Read(m.Incarnation[:]) // never fails (crypto/rand)
	for i, n := range c.Networks {
		m.Networks = append(m.Networks, multipath.Network{
			Name: n.Name, Broadcast: n.Transport != config.Unicast, Primary: n.Primary,
			PacketSize: packetSize(&states[i]),
		})
	}
	for _, d := range c.Daemons {
		m.Daemons = append(m.Daemons, multipath.Daemon{
			ID: multipath.DaemonID(d.ID), Name: d.Name, Addresses: addressPorts(d.Addresses, c.Port),
		})
	}
	if !m.Plaintext {
		keys, err := config.LoadKeys(c.KeyFile)
		if err != nil {
			return engine.Config{}, "", fmt.Errorf("daemon: key file: %w", err)
		}
		for i := range keys {
			m.Keys = append(m.Keys, multipath.Key{ID: keys[i].ID, Active: keys[i].Active, Secret: keys[i].Secret})
			keys[i].Wipe()
		}
	}
	return engine.Config{
		Multipath: m,
		Ring: ring.Config{
			Epoch:            uint64(time.Now().Unix()),
			MaxMessage:       c.Client.MaxMessage + messageHeaders,
			ReassemblyBudget: c.ReassemblyBudget,
			ReceiveBudget:    receiveBudget(states),
			Hash:             c.Hash(),
		},
		MaxSessions: c.Client.MaxSessions,
	}, hex.EncodeToString(m.Incarnation[:]), nil
}

var policies = [...]multipath.Policy{
	config.Replicate: multipath.Replicate,
	config.Failover:  multipath.Failover,
}

func addressPorts(networks [][]netip.Addr, port uint16) [][]netip.AddrPort {
	out := make([][]netip.AddrPort, len(networks))
	for i, addresses := range networks {
		for _, a := range addresses {
			out[i] = append(out[i], netip.AddrPortFrom(a, port))
		}
	}
	return out
}

// packetSize is what the engine is told of a network: 0 if it is down.
func packetSize(s *datalink.NetworkState) int {
	if !s.Up {
		return 0
	}
	return s.PacketSize
}

// receiveBudget is the least free receive buffer of the networks that are up;
// 0, for the ring's default, if none is.
func receiveBudget(states []datalink.NetworkState) int {
	least := 0
	for i := range states {
		if s := &states[i]; s.Up && (least == 0 || s.Free < least) {
			least = max(s.Free, 1)
		}
	}
	return least
}
