package datalink

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/bpf"
)

// networkHeader is where a classic filter finds the IP header of a packet; its
// own offset 0 is the UDP header (Linux: SKF_NET_OFF).
const networkHeader = 0xfff00000

// ownFilter makes a socket filter that refuses what came from the given
// address and port. Linux hands a host its own broadcasts whatever the
// multicast loop option says (protocol rule 6); refused here they take no
// receive buffer and no system call.
func ownFilter(own netip.AddrPort) ([]bpf.RawInstruction, error) {
	addr, at := own.Addr().AsSlice(), uint32(12) // source address in IPv4
	if own.Addr().Is6() {
		at = 8
	}
	words := len(addr) / 4
	var prog []bpf.Instruction
	for i := range words {
		off := uint32(4 * i)
		prog = append(prog,
			bpf.LoadAbsolute{Off: networkHeader + at + off, Size: 4},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: binary.BigEndian.Uint32(addr[off:]), SkipTrue: uint8(2*(words-i-1) + 3)})
	}
	prog = append(prog,
		bpf.LoadAbsolute{Off: 0, Size: 2}, // UDP source port
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(own.Port()), SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 0xffffffff})
	return bpf.Assemble(prog)
}
