package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Warning is something that is allowed but may not be meant.
type Warning struct{ Key, Msg string }

// String has the form KEY: MSG.
func (w Warning) String() string { return w.Key + ": " + w.Msg }

// realtimeBelow is the failure detection that needs real-time priority
// (protocol rule 10).
const realtimeBelow = 200 * time.Millisecond

// Warnings returns what to tell the operator about a valid configuration.
// realtime tells whether the daemon may give its loop real-time priority.
func (c *Config) Warnings(realtime bool) []Warning {
	var list []Warning
	warn := func(key, format string, args ...any) {
		list = append(list, Warning{key, fmt.Sprintf(format, args...)})
	}
	if c.FailureDetection < realtimeBelow && !realtime {
		warn("failure_detection", "below %s a busy host needs real-time priority, which is not granted here; "+
			"without it, load may look like a crash", formatDuration(realtimeBelow))
	}
	if c.Security == Plaintext && !c.LoopbackOnly() {
		warn("security", "plaintext: whoever reaches these networks can read and forge everything the daemons send")
	}
	c.warnNetworks(warn)
	c.warnClients(warn)
	c.warnUnbuilt(warn)
	return list
}

type warner func(key, format string, args ...any)

func (c *Config) warnNetworks(warn warner) {
	if len(c.Daemons) < 2 {
		return
	}
	if len(c.Networks) == 1 {
		warn("network", "there is only one: nothing takes over when it fails")
	}
	for i, n := range c.Networks {
		var on []string
		for _, d := range c.Daemons {
			if d.On(i) {
				on = append(on, d.Name)
			}
		}
		switch len(on) {
		case 0:
			warn("network."+n.Name, "no daemon has an address on it")
		case 1:
			warn("network."+n.Name, "only %s is on it", on[0])
		}
		if reservedGroup(n.Group) {
			warn("network."+n.Name+".group", "%s is one of the addresses kept for routing protocols, which switches send everywhere", n.Group)
		}
	}
}

// reservedGroup tells the Local Network Control Block (RFC 5771, section 4).
func reservedGroup(group netip.Addr) bool {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{224}), 24).Contains(group)
}

func (c *Config) warnClients(warn warner) {
	var open []string // subnets that may connect in clear over a network
	for _, p := range c.Client.Access {
		if !p.Addr().IsLoopback() {
			open = append(open, p.String())
		}
	}
	for _, d := range c.Daemons {
		key := "daemon." + d.Name + ".clients"
		for _, ap := range d.Clients {
			switch {
			case ap.Addr().IsLoopback():
			case len(open) > 0:
				warn(key, "%s takes clients from %s in clear and without a password", ap, strings.Join(open, " "))
			case c.Client.TLS == nil:
				warn(key, "%s refuses everybody: client.access names no subnet and there is no client.tls", ap)
			}
		}
		if len(c.Client.Sockets) == 0 && len(d.Clients) == 0 {
			warn(key, "no program can connect to %s: no TCP address, and client.sockets is empty", d.Name)
		}
	}
}

// warnUnbuilt tells of what is read and checked, and does nothing yet.
func (c *Config) warnUnbuilt(warn warner) {
	m := &c.Monitor
	if m.Metrics.IsValid() {
		warn("monitor.metrics", "has no effect in this version: neither metrics nor a status page are served")
	}
	if m.Dangerous {
		warn("monitor.dangerous", "has no effect in this version, which only answers questions")
	}
	if m.Admins != "" {
		warn("monitor.admins", "has no effect in this version, which only answers questions")
	}
}
