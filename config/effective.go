package config

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Effective writes the configuration as it takes effect, for people: every
// value with defaults filled in, the hash, the timers that follow from
// failure_detection and, in a sentence, what they mean when a daemon crashes.
func Effective(w io.Writer, c *Config) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "Cluster %s: %s on %s, port %d, policy %s\n", c.Cluster,
		count(len(c.Daemons), "daemon"), count(len(c.Networks), "network"), c.Port, c.Policy)
	fmt.Fprintf(b, "Configuration hash %016x; daemons ring together only if it is the same\n", c.Hash())
	c.writeSecurity(b)
	c.writeNetworks(b)
	c.writeDaemons(b)
	c.writeTimers(b)
	c.writeClient(b)
	c.writeMonitor(b)
	return b.Flush()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// row writes one line of a section: what, and its value.
func row(w io.Writer, what, format string, args ...any) {
	fmt.Fprintf(w, "  %-26s %s\n", what, fmt.Sprintf(format, args...))
}

func (c *Config) writeSecurity(w io.Writer) {
	switch {
	case c.Security == Sealed:
		fmt.Fprintf(w, "Packets are encrypted and authenticated with the keys of %s\n", c.KeyFile)
	case c.LoopbackOnly():
		fmt.Fprintln(w, "Packets stay on this host and are not encrypted")
	default:
		fmt.Fprintln(w, "PLAINTEXT: packets are neither encrypted nor authenticated")
	}
}

func (c *Config) writeNetworks(w io.Writer) {
	fmt.Fprintln(w, "\nNetworks")
	for i := range c.Networks {
		n := &c.Networks[i]
		parts := []string{n.Transport.String()}
		if n.Subnet.IsValid() {
			parts = append(parts, "subnet "+n.Subnet.String())
		}
		switch n.Transport {
		case Broadcast:
			parts = append(parts, "to "+n.BroadcastAddr().String())
		case Multicast:
			parts = append(parts, "to group "+n.Group.String())
		}
		if n.MTU > 0 {
			parts = append(parts, fmt.Sprintf("MTU %d bytes", n.MTU))
		} else {
			parts = append(parts, "MTU of the interface")
		}
		if !n.Offload {
			parts = append(parts, "no offload")
		}
		if n.DSCP > 0 {
			parts = append(parts, fmt.Sprintf("DSCP %d", n.DSCP))
		}
		if n.Primary {
			parts = append(parts, "primary")
		}
		row(w, n.Name, "%s", strings.Join(parts, ", "))
	}
}

func (c *Config) writeDaemons(w io.Writer) {
	fmt.Fprintln(w, "\nDaemons, in member order")
	for _, d := range c.Daemons {
		parts := []string{fmt.Sprintf("id %08x", d.ID)}
		for i, list := range d.Addresses {
			if len(list) > 0 {
				parts = append(parts, c.Networks[i].Name+" "+listAddrs(list))
			}
		}
		if len(d.Clients) > 0 {
			parts = append(parts, "TCP clients at "+listStringers(d.Clients))
		}
		row(w, d.Name, "%s", strings.Join(parts, ", "))
	}
}

func listStringers[T fmt.Stringer](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = v.String()
	}
	return strings.Join(parts, " ")
}

func (c *Config) writeTimers(w io.Writer) {
	t, d := c.timers(), formatDuration
	fmt.Fprintf(w, "\nTimers, all from failure_detection = %s\n", d(c.FailureDetection))
	row(w, "token loss", "%s without a token: a new membership is begun", d(t.tokenLoss))
	row(w, "token resend", "after %s to %s, twice the usual rotation, then doubled", d(t.leastResend), d(t.mostResend))
	row(w, "idle token hold", "up to %s, ended at once by a message", d(t.hold))
	row(w, "hello", "every %s; every %s while alone or gathering", d(t.hello), d(t.helloGather))
	row(w, "not heard", "after %s of silence", d(t.hearing))
	row(w, "gather settles", "%s after the last news", d(t.settle))
	row(w, "restarted daemon", "admitted once its old life has been silent for %s", d(t.oldLife))
	row(w, "path degraded", "from %s of delay; it then does not count as redundancy", d(t.pathLate))
	row(w, "copy missing", "%s after the first (max_skew)", d(c.MaxSkew))
	if len(c.Daemons) == 1 {
		return
	}
	fmt.Fprintf(w, "When a daemon crashes, the others have a new membership without it after about %s at worst.\n", d(t.crashToMembership))
	fmt.Fprintln(w, "When one daemon is stopped politely, they have it in less than 100ms.")
}

func (c *Config) writeClient(w io.Writer) {
	l := &c.Client
	fmt.Fprintln(w, "\nClients")
	row(w, "local sockets", "%s, mode %04o%s", orNone(c.anyName(strings.Join(l.Sockets, " "))), l.Mode, ofGroup(l.Group))
	row(w, "local users", "%s", l.whoLocal())
	row(w, "TCP in clear", "from loopback addresses%s", andFrom(l.Access))
	if l.TLS != nil {
		row(w, "other TCP", "TLS 1.3, certificate %s, client certificates of %s", l.TLS.Certificate, l.TLS.CA)
	} else {
		row(w, "other TCP", "refused")
	}
	row(w, "sessions", "%d, of one user %d, each with %s to connect", l.MaxSessions, l.MaxSessionsPerUID, formatDuration(l.HandshakeTimeout))
	row(w, "groups", "%d joined by a session, %d addressed by a message", l.MaxGroups, l.MaxGroupsPerMessage)
	row(w, "message", "%s at most", formatSize(int64(l.MaxMessage)))
	rate := "any number of messages"
	if l.MaxRate > 0 {
		rate = count(l.MaxRate, "message")
	}
	row(w, "rate", "%s a second from a session", rate)
	row(w, "queue", "%s for a session that reads slowly, then it is closed", formatSize(int64(l.MaxQueue)))
	row(w, "large messages in the ring", "%s at a time (reassembly_budget)", formatSize(int64(c.ReassemblyBudget)))
}

// anyName replaces the port in a socket's path, and the name too if there is
// only one.
func (c *Config) anyName(path string) string {
	if len(c.Daemons) == 1 {
		return c.Expand(path, c.Daemons[0].Name)
	}
	return c.Expand(path, "{name}")
}

func (l *Client) whoLocal() string {
	var parts []string
	if len(l.AllowUID) > 0 {
		parts = append(parts, fmt.Sprintf("uid %s", listNumbers(l.AllowUID)))
	}
	if len(l.AllowGID) > 0 {
		parts = append(parts, fmt.Sprintf("gid %s", listNumbers(l.AllowGID)))
	}
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, " or ")
}

func listNumbers(list []uint32) string {
	return strings.Trim(fmt.Sprint(list), "[]")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func ofGroup(group string) string {
	if group == "" {
		return ""
	}
	return ", group " + group
}

func andFrom(list []netip.Prefix) string {
	if len(list) == 0 {
		return " only"
	}
	return " and " + listStringers(list)
}

func (c *Config) writeMonitor(w io.Writer) {
	m := &c.Monitor
	fmt.Fprintln(w, "\nMonitor")
	row(w, "admin socket", "%s", c.anyName(m.Socket))
	who := "uid 0 and the daemon's own"
	if m.Admins != "" {
		who += " and group " + m.Admins
	}
	row(w, "changes allowed to", "%s", who)
	if m.Metrics.IsValid() {
		row(w, "metrics", "http://%s/metrics", m.Metrics)
	} else {
		row(w, "metrics", "off")
	}
	if m.Dangerous {
		row(w, "over the network", "partition, flow control and terminate allowed (dangerous)")
	}
}
