package admin

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// dial opens a UDP socket to one address by a route. Being connected, it
// receives from that address only, and learns if nobody listens there.
func dial(ctx context.Context, r route, to netip.AddrPort) (*net.UDPConn, error) {
	d := net.Dialer{}
	if r.source.IsValid() {
		d.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.source, 0))
	}
	if r.device != "" {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { bindToDevice(fd, r.device) })
		}
	}
	conn, err := d.DialContext(ctx, "udp", to.String())
	if err != nil {
		return nil, err
	}
	udp := conn.(*net.UDPConn)
	source := udp.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if err := r.check(source); err != nil {
		_ = udp.Close()
		return nil, fmt.Errorf("%s: %w", to, err)
	}
	return udp, nil
}
