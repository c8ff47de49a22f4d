//go:build !portable

package datalink

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// However reads and batches fall, every datagram is handed out once and in
// order, its bytes are its own until the next batch, and no buffer is lost.
func TestInbound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var b inbound
	b.init(slotSize(0))
	var due []byte // first bytes of datagrams not handed out
	next := byte(0)
	for range 5000 {
		if r.IntN(1000) == 0 {
			b.grow(b.size + 1024)
		}
		batch := make([]Packet, 1+r.IntN(MaxBatch))
		b.reclaim()
		filled := b.handOut(batch)
		for filled < len(batch) && len(b.free) > 0 && r.IntN(8) > 0 {
			want := min(1+r.IntN(chunk), len(batch)-filled, len(b.free))
			b.prepare(want)
			for j := range 1 + r.IntN(want) {
				segment, count := 1+r.IntN(100), 1+r.IntN(60)
				if r.IntN(10) == 0 {
					b.reject()
					continue
				}
				data := unsafe.Slice(b.iovecs[j].Base, int(b.iovecs[j].Len))
				for i := range count {
					data[i*segment] = next
					due = append(due, next)
					next++
				}
				b.headers[j].n = uint32((count-1)*segment + 1 + r.IntN(segment))
				b.names[j].Family = unix.AF_INET
				b.arrived(j, j, segment)
			}
			filled += b.handOut(batch[filled:])
		}
		for i, p := range batch[:filled] {
			if p.Data[0] != due[i] {
				t.Fatalf("datagram %d handed out, want %d", p.Data[0], due[i])
			}
			if cap(p.Data) != len(p.Data) {
				t.Fatal("a packet reaches into the next one")
			}
		}
		due = due[filled:]
		if len(due) > 0 && (filled < len(batch) || !b.waiting()) {
			t.Fatalf("%d datagrams not handed out, with room for %d", len(due), len(batch)-filled)
		}
		slots := slices.Concat(b.free, b.lent)
		for i := range b.arrivals {
			slots = append(slots, b.arrivals[i].slot)
		}
		slices.Sort(slots)
		if slots = slices.Compact(slots); len(slots) != MaxBatch {
			t.Fatalf("%d of %d buffers are left", len(slots), MaxBatch)
		}
	}
}

// controlMessage appends one as the kernel writes it.
func controlMessage(b []byte, level, what int, data ...byte) []byte {
	at := len(b)
	b = append(b, make([]byte, unix.CmsgSpace(len(data)))...)
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[at]))
	h.Level, h.Type = int32(level), int32(what)
	h.SetLen(unix.CmsgLen(len(data)))
	copy(b[at+unix.CmsgLen(0):], data)
	return b
}

func TestTold(t *testing.T) {
	native := func(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
	info4 := slices.Concat(native(7), make([]byte, 8))
	info6 := slices.Concat(make([]byte, 16), native(7))
	gro := native(1400)
	both4 := controlMessage(controlMessage(nil, unix.IPPROTO_IP, unix.IP_PKTINFO, info4...), unix.SOL_UDP, unix.UDP_GRO, gro...)
	both6 := controlMessage(controlMessage(nil, unix.SOL_UDP, unix.UDP_GRO, gro...), unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, info6...)
	for _, c := range []struct {
		name             string
		control          []byte
		ifIndex, segment int
	}{
		{"nothing", nil, 0, 0},
		{"IPv4 datagram", controlMessage(nil, unix.IPPROTO_IP, unix.IP_PKTINFO, info4...), 7, 0},
		{"IPv4 run", both4, 7, 1400},
		{"IPv6 run, the other way round", both6, 7, 1400},
		{"run of an unknown interface", controlMessage(nil, unix.SOL_UDP, unix.UDP_GRO, gro...), 0, 1400},
		{"short", controlMessage(controlMessage(nil, unix.IPPROTO_IP, unix.IP_PKTINFO, info4[:8]...), unix.SOL_UDP, unix.UDP_GRO, gro[:2]...), 0, 0},
		{"cut", both4[:len(both4)-12], 7, 0},
		{"something else", controlMessage(nil, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, gro...), 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b inbound
			room := unsafe.Slice((*byte)(unsafe.Pointer(&b.control[0])), unsafe.Sizeof(b.control[0]))
			if copy(room, c.control) != len(c.control) {
				t.Fatalf("%d bytes of control do not fit", len(c.control))
			}
			b.headers[0].hdr.SetControllen(len(c.control))
			if ifIndex, segment := b.told(0); ifIndex != c.ifIndex || segment != c.segment {
				t.Errorf("interface %d, segments of %d; want %d, %d", ifIndex, segment, c.ifIndex, c.segment)
			}
		})
	}
}
