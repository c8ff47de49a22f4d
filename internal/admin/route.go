package admin

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"mpspread/config"
)

// ownAddress is an address of this host.
type ownAddress struct {
	addr   netip.Addr
	device string // interface it is on
}

// ownAddresses are this host's addresses, in the kernel's order; none if they
// cannot be read.
func ownAddresses() []ownAddress {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var own []ownAddress
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil || i.Flags&net.FlagUp == 0 {
			continue
		}
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				own = append(own, ownAddress{prefix.Addr().Unmap(), i.Name})
			}
		}
	}
	return own
}

// route is how a socket for one network is to be opened, so that a command for
// that network goes by no other (protocol rule 9).
type route struct {
	source netip.Addr // to bind to; zero: as the kernel chooses
	device string     // to bind to; empty: none
	// foreign are the subnets of the other networks: a source that the kernel
	// chose must not be of them.
	foreign []netip.Prefix
}

// routeTo chooses the way to an address of a daemon on a network.
func routeTo(cfg *config.Config, network int, to netip.Addr, own []ownAddress) route {
	var r route
	for i := range cfg.Networks {
		if subnet := cfg.Networks[i].Subnet; i != network && subnet.IsValid() {
			r.foreign = append(r.foreign, subnet)
		}
	}
	if to.IsLoopback() {
		return r // every loopback address is on one interface
	}
	onNetwork := func(o ownAddress) bool {
		return o.addr.Is4() == to.Is4() &&
			(cfg.Networks[network].Subnet.Contains(o.addr) || isDaemons(cfg, network, o.addr))
	}
	if i := slices.IndexFunc(own, onNetwork); i >= 0 {
		r.source, r.device = own[i].addr, own[i].device
	}
	return r
}

// isDaemons tells whether an address is some daemon's on the network.
func isDaemons(cfg *config.Config, network int, a netip.Addr) bool {
	return slices.ContainsFunc(cfg.Daemons, func(d config.Daemon) bool {
		return slices.Contains(d.Addresses[network], a)
	})
}

// check refuses a source address the kernel chose if it is of another network.
func (r route) check(source netip.Addr) error {
	for _, subnet := range r.foreign {
		if subnet.Contains(source) {
			return fmt.Errorf("this host has no address on that network; the way there would be by %s", subnet)
		}
	}
	return nil
}
