//go:build !portable

package datalink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// watch hears of changes of interfaces and addresses (rtnetlink, RFC 3549). It
// only tells that it is time to look; what is true is read anew.
type watch struct {
	fd  int
	buf []byte
}

func newWatch() (*watch, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("netlink bind: %w", err)
	}
	return &watch{fd: fd, buf: make([]byte, 64<<10)}, nil
}

// concerns is what notices may matter about.
type concerns struct {
	ifIndexes map[int]bool
	wanted    wanted
}

// drain reads all notices and tells whether one of them may matter. Notices
// lost to an overrun matter.
func (w *watch) drain(c concerns) (bool, error) {
	matter := false
	for {
		n, from, err := unix.Recvfrom(w.fd, w.buf, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return matter, nil
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOBUFS): // overrun
			matter = true
			continue
		case err != nil:
			return true, fmt.Errorf("netlink: %w", err)
		}
		if sa, ok := from.(*unix.SockaddrNetlink); !ok || sa.Pid != 0 {
			continue // not from the kernel
		}
		matter = matter || c.concern(w.buf[:n])
	}
}

// concern tells whether one of a datagram's notices may matter.
func (c concerns) concern(b []byte) bool {
	msgs, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return true // truncated: look
	}
	for i := range msgs {
		if c.concernsMessage(&msgs[i]) {
			return true
		}
	}
	return false
}

func (c concerns) concernsMessage(m *syscall.NetlinkMessage) bool {
	// Both ifinfomsg and ifaddrmsg have the interface's index at offset 4.
	if len(m.Data) < 8 {
		return false
	}
	index := int(int32(binary.NativeEndian.Uint32(m.Data[4:])))
	switch m.Header.Type {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		return c.ifIndexes[index]
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		return c.concernsAddress(m.Data[8:], int(m.Data[1]))
	}
	return false
}

// concernsAddress goes over the attributes of an address's notice, each of
// which has its length and type, two bytes each, and is padded to four.
// syscall.ParseNetlinkRouteAttr panics where the last one's padding is missing.
func (c concerns) concernsAddress(attrs []byte, bits int) bool {
	for len(attrs) >= unix.SizeofRtAttr {
		length, kind := int(binary.NativeEndian.Uint16(attrs)), binary.NativeEndian.Uint16(attrs[2:])
		if length < unix.SizeofRtAttr || length > len(attrs) {
			return true // malformed: look
		}
		if kind == unix.IFA_LOCAL || kind == unix.IFA_ADDRESS {
			addr, ok := netip.AddrFromSlice(attrs[unix.SizeofRtAttr:length])
			if ok && c.wanted.within(netip.PrefixFrom(addr, bits)) {
				return true
			}
		}
		attrs = attrs[min((length+3)&^3, len(attrs)):]
	}
	return false
}

func (w *watch) close() { _ = unix.Close(w.fd) }
