//go:build !portable

package datalink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// wanted is the addresses that networks ask for.
type wanted []netip.Addr

// within tells whether one of them is in a prefix.
func (w wanted) within(p netip.Prefix) bool { return slices.ContainsFunc(w, p.Contains) }

// lookAtHost reads the interfaces that may serve a wanted address.
func lookAtHost(w wanted) (host, error) {
	h := host{interfaces: make(map[int]hostInterface)}
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	for range 3 { // changes while it was read
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
		addrs, err = netlink.AddrList(nil, netlink.FAMILY_ALL)
	}
	if err != nil {
		return host{}, fmt.Errorf("datalink: list addresses: %w", err)
	}
	for _, a := range addrs {
		if a.IPNet == nil {
			continue
		}
		addr, ok := netip.AddrFromSlice(a.IP)
		bits, _ := a.Mask.Size()
		found := hostAddress{
			addr:      addr.Unmap(),
			bits:      bits,
			ifIndex:   a.LinkIndex,
			tentative: a.Flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 && a.Flags&unix.IFA_F_OPTIMISTIC == 0,
		}
		if !ok || !w.within(found.prefix()) {
			continue
		}
		h.addresses = append(h.addresses, found)
		if err := h.addInterface(a.LinkIndex); err != nil {
			return host{}, err
		}
	}
	return h, nil
}

func (h *host) addInterface(index int) error {
	if _, ok := h.interfaces[index]; ok {
		return nil
	}
	l, err := netlink.LinkByIndex(index)
	if notFound := (netlink.LinkNotFoundError{}); errors.As(err, &notFound) {
		return nil // it went since
	}
	if err != nil {
		return fmt.Errorf("datalink: interface %d: %w", index, err)
	}
	a := l.Attrs()
	h.interfaces[index] = hostInterface{
		name:     a.Name,
		mtu:      a.MTU,
		up:       a.Flags&net.FlagUp != 0,
		running:  a.RawFlags&unix.IFF_RUNNING != 0,
		loopback: a.Flags&net.FlagLoopback != 0,
	}
	return nil
}
