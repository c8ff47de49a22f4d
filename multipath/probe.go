package multipath

import (
	"bytes"
	"encoding/binary"
	"time"
)

// A probe goes over one network only and names it, so that crossed cables show
// (design 4). Small ones, one after the other, measure loss and silence; those
// padded to a full packet verify the size the network carries (A2). Body of
// KindProbe:
//
//	 0              4            6              10             18
//	+--------------+------------+--------------+--------------+---+---------
//	| network hash | interval   | number       | send time    | n | n ids, 4
//	+--------------+------------+--------------+--------------+---+---------
//	| zeros up to the size wanted
//	+----------------------------
//
// interval is the time between small probes in milliseconds, number counts
// them from 1 for each network and is 0 in a padded one, send time is the
// sender's, the ids are those of the daemons asked to reply. Body of
// KindProbeReply, unicast on the same network: network hash 4, send time 8.
const (
	probeFixed = 19
	replySize  = 12

	// probeSize is the size of the whole datagram of a small probe.
	probeSize = 128

	maxResponders = 4
)

// Bounds of what a probe may say of its interval.
const (
	minProbeInterval = 10 * time.Millisecond
	maxProbeInterval = 10 * time.Second
)

type probe struct {
	network    uint32
	interval   time.Duration
	number     uint32
	sent       Time
	responders []DaemonID
}

// append writes a probe and pads it to size bytes.
func (p *probe) append(b []byte, size int) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, p.network)
	b = binary.BigEndian.AppendUint16(b, uint16(p.interval/time.Millisecond))
	b = binary.BigEndian.AppendUint32(b, p.number)
	b = binary.BigEndian.AppendUint64(b, uint64(p.sent))
	b = append(b, byte(len(p.responders)))
	for _, id := range p.responders {
		b = binary.BigEndian.AppendUint32(b, uint32(id))
	}
	if pad := size - (len(b) - at); pad > 0 {
		b = append(b, make([]byte, pad)...)
	}
	return b
}

// parse reads the body of a probe.
func (p *probe) parse(b []byte) bool {
	if len(b) < probeFixed {
		return false
	}
	p.network = binary.BigEndian.Uint32(b)
	p.interval = time.Duration(binary.BigEndian.Uint16(b[4:])) * time.Millisecond
	p.number = binary.BigEndian.Uint32(b[6:])
	p.sent = Time(binary.BigEndian.Uint64(b[10:]))
	n := int(b[18])
	b = b[probeFixed:]
	if n > maxResponders || len(b) < 4*n || p.interval < minProbeInterval || p.interval > maxProbeInterval {
		return false
	}
	p.responders = p.responders[:0]
	for ; n > 0; n-- {
		p.responders = append(p.responders, DaemonID(binary.BigEndian.Uint32(b)))
		b = b[4:]
	}
	// Every byte is the one before it, and the first is zero: as fast as memory.
	return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1])
}

func appendProbeReply(b []byte, network uint32, sent Time) []byte {
	b = binary.BigEndian.AppendUint32(b, network)
	return binary.BigEndian.AppendUint64(b, uint64(sent))
}

func parseProbeReply(b []byte) (network uint32, sent Time, ok bool) {
	if len(b) != replySize {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(b), Time(binary.BigEndian.Uint64(b[4:])), true
}
