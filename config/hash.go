package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Hash identifies what all daemons of a ring must agree on (protocol rule 3):
// cluster, port, security mode, networks, daemons, policy and
// failure_detection, after defaults have been filled in. What each host
// may have differently leaves it alone: clients, monitor, MTU, offload and
// DSCP of a network, max_skew, reassembly_budget, and the keys, which are
// exchanged one daemon at a time.
//
// It is the first 8 bytes of the SHA-256 of the canonical text.
func (c *Config) Hash() uint64 {
	sum := sha256.Sum256(c.canonical())
	return binary.BigEndian.Uint64(sum[:8])
}

// canonical writes what Hash covers, one setting a line, in file order.
// Names have no spaces, so no two configurations have the same text.
func (c *Config) canonical() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "mpspread 1\ncluster %s\nport %d\nsecurity %s\npolicy %s\nfailure_detection %d\n",
		c.Cluster, c.Port, c.Security, c.Policy, c.FailureDetection.Nanoseconds())
	for _, n := range c.Networks {
		fmt.Fprintf(&b, "network %s %s", n.Name, n.Transport)
		if n.Subnet.IsValid() {
			fmt.Fprintf(&b, " subnet %s", n.Subnet)
		}
		if n.Group.IsValid() {
			fmt.Fprintf(&b, " group %s", n.Group)
		}
		if n.Primary {
			b.WriteString(" primary")
		}
		b.WriteByte('\n')
	}
	for _, d := range c.Daemons {
		fmt.Fprintf(&b, "daemon %s", d.Name)
		for i, list := range d.Addresses {
			for _, a := range list {
				fmt.Fprintf(&b, " %s=%s", c.Networks[i].Name, a)
			}
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}
