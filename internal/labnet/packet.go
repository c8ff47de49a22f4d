//go:build linux

package labnet

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Frames pass packet sockets with the kernel's own header before them (struct
// virtio_net_hdr, linux/virtio_net.h), so that a checksum left to the network
// card stays so, and a run of segments stays one:
//
//	 0       1       2           4           6             8            10
//	| flags | gso   | header len | gso size | checksum at | its offset | frame …
const (
	vnetHeader  = 10
	vnetGSO     = 1
	vnetCSum    = 1 // in flags: the checksum is still to be made
	ethernet    = 14
	largestRead = 1 << 17
)

// packetSocket is a raw socket on one interface of the switches' namespace.
// What it reads has come in by the interface, what it writes goes out by it.
type packetSocket struct {
	fd   int
	file *os.File // of the same descriptor, for reading with the poller
}

// openPacket opens a raw socket on an interface of the switches' namespace.
func (b *Testbed) openPacket(name string) (*packetSocket, error) {
	s := &packetSocket{fd: -1}
	err := within(b.names.switches(), func() (err error) {
		const every = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // in network order
		if s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
			return err
		}
		for _, option := range []struct{ level, name, value int }{
			{unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1},
			{unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1}, // what goes to the host passes the port, too
			{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32 << 20},
		} {
			if err := unix.SetsockoptInt(s.fd, option.level, option.name, option.value); err != nil {
				return fmt.Errorf("option %d: %w", option.name, err)
			}
		}
		request, err := unix.NewIfreq(name)
		if err == nil {
			err = unix.IoctlIfreq(s.fd, unix.SIOCGIFINDEX, request)
		}
		if err == nil {
			err = unix.Bind(s.fd, &unix.SockaddrLinklayer{Protocol: every, Ifindex: int(request.Uint32())})
		}
		return err
	})
	if err != nil {
		if s.fd >= 0 {
			unix.Close(s.fd)
		}
		return nil, fmt.Errorf("labnet: packet socket on %s: %w", name, err)
	}
	s.file = os.NewFile(uintptr(s.fd), name)
	return s, nil
}

// read reads the next frame with its header into buf. An error that is not of
// the socket's end is passed over: an interface that goes down is told of once.
func (s *packetSocket) read(buf []byte) ([]byte, error) {
	n, err := s.file.Read(buf)
	if err != nil || n < vnetHeader+ethernet {
		return nil, err
	}
	return buf[:n], nil
}

// write sends a frame with its header, without waiting.
func (s *packetSocket) write(frame []byte) error {
	_, err := unix.Write(s.fd, frame)
	return err
}

// close also ends a read that waits.
func (s *packetSocket) close() error { return s.file.Close() }

// isRun tells that the frame is a run of segments, longer than a wire carries.
func isRun(frame []byte) bool { return frame[vnetGSO] != 0 }

// layout is where the parts of a frame with its header are.
type layout struct{ ip, udp, payload int }

// datagram finds the parts of a UDP datagram to our port; ok is false for all
// else.
func datagram(frame []byte) (at layout, ok bool) {
	const udpProtocol = 17
	at.ip = vnetHeader + ethernet
	if len(frame) < at.ip+20 {
		return at, false
	}
	switch binary.BigEndian.Uint16(frame[at.ip-2:]) {
	case unix.ETH_P_IP:
		header := int(frame[at.ip]&0xf) * 4
		if header < 20 || frame[at.ip+9] != udpProtocol {
			return at, false
		}
		at.udp = at.ip + header
	case unix.ETH_P_IPV6:
		if frame[at.ip+6] != udpProtocol {
			return at, false
		}
		at.udp = at.ip + 40
	default:
		return at, false
	}
	at.payload = at.udp + 8
	if len(frame) < at.payload || binary.BigEndian.Uint16(frame[at.udp+2:]) != Port {
		return at, false
	}
	return at, true
}
