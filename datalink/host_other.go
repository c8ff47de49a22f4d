//go:build !linux || portable

package datalink

import (
	"fmt"
	"net"
	"net/netip"
)

// lookAtHost reads all interfaces and their addresses.
func lookAtHost() (host, error) {
	h := host{interfaces: make(map[int]hostInterface)}
	list, err := net.Interfaces()
	if err != nil {
		return host{}, fmt.Errorf("datalink: list interfaces: %w", err)
	}
	for _, i := range list {
		h.interfaces[i.Index] = hostInterface{
			name:     i.Name,
			mtu:      i.MTU,
			up:       i.Flags&net.FlagUp != 0,
			running:  i.Flags&net.FlagRunning != 0,
			loopback: i.Flags&net.FlagLoopback != 0,
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it went since
		}
		for _, a := range addrs {
			p, ok := a.(*net.IPNet)
			if !ok {
				continue
			}
			addr, ok := netip.AddrFromSlice(p.IP)
			if !ok {
				continue
			}
			bits, _ := p.Mask.Size()
			h.addresses = append(h.addresses, hostAddress{addr: addr.Unmap(), bits: bits, ifIndex: i.Index})
		}
	}
	return h, nil
}
