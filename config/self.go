package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// SelfByName returns the index of the daemon with this name.
func (c *Config) SelfByName(name string) (int, error) {
	i := slices.IndexFunc(c.Daemons, func(d Daemon) bool { return d.Name == name })
	if i < 0 {
		return -1, fmt.Errorf("config: there is no daemon %s in %s%s", quote(name), c.source(), didYouMean(name, c.names()))
	}
	return i, nil
}

// SelfByAddress returns the index of the one daemon that has an address among
// local, this host's addresses. Every loopback address is this host's.
func (c *Config) SelfByAddress(local []netip.Addr) (int, error) {
	var found []string
	self := -1
	for i, d := range c.Daemons {
		if d.isLocal(local) {
			self, found = i, append(found, d.Name)
		}
	}
	switch len(found) {
	case 1:
		return self, nil
	case 0:
		return -1, fmt.Errorf("config: no daemon of %s has an address of this host; looked for %s; this host has %s; "+
			"name the daemon with -n NAME", c.source(), c.lookedFor(), listAddrs(local))
	}
	return -1, fmt.Errorf("config: this host has addresses of several daemons of %s: %s; name the one to run with -n NAME",
		c.source(), strings.Join(found, ", "))
}

func (d *Daemon) isLocal(local []netip.Addr) bool {
	for _, list := range d.Addresses {
		for _, a := range list {
			if a.IsLoopback() || slices.ContainsFunc(local, func(l netip.Addr) bool { return l.Unmap().WithZone("") == a }) {
				return true
			}
		}
	}
	return false
}

func (c *Config) source() string {
	if c.File == "" {
		return "the built-in configuration"
	}
	return c.File
}

func (c *Config) names() []string {
	names := make([]string, len(c.Daemons))
	for i, d := range c.Daemons {
		names[i] = d.Name
	}
	return names
}

// lookedFor lists every daemon's addresses, of at most 16 daemons.
func (c *Config) lookedFor() string {
	const most = 16
	var parts []string
	for i, d := range c.Daemons {
		if i == most {
			parts = append(parts, fmt.Sprintf("and those of %d more", len(c.Daemons)-most))
			break
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", listAddrs(slices.Concat(d.Addresses...)), d.Name))
	}
	return strings.Join(parts, ", ")
}

func listAddrs(list []netip.Addr) string {
	if len(list) == 0 {
		return "none"
	}
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = a.String()
	}
	return strings.Join(parts, " ")
}
