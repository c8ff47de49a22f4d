package groups

import (
	"errors"
)

// errMalformed refuses a payload. Why does not matter to anyone: it can only
// come from a daemon with the cluster's key, and is counted.
var errMalformed = errors.New("groups: malformed payload")

// kind is the first byte of every payload.
type kind uint8

// Payload kinds; values are wire values.
const (
	kindData kind = iota + 1
	kindJoin
	kindLeave
	kindDisconnect
	kindAnnouncement
	kindPiece
)

// Type-word bits that travel with a message (spread-client-protocol 4.4, 5).
const (
	flagShift      = 24
	flagMask       = 0x7f
	selfDiscardBit = 0x80
)

// Sizes of payloads' parts, in bytes.
const (
	dataHeader       = 7 // kind, flags, hint, length of the sender's name
	lengthByte       = 1
	minRequest       = 2 // kind, length of the name
	ringIDSize       = 20
	digestSize       = 16
	announcementSize = 1 + ringIDSize + 4 + ringIDSize + 4 + digestSize
	pieceHeader      = 1 + ringIDSize + 4 + 4 + 4 + digestSize
)

// isExchange tells payloads of the state exchange from those of sessions.
func isExchange(payload []byte) bool {
	return len(payload) > 0 && (kind(payload[0]) == kindAnnouncement || kind(payload[0]) == kindPiece)
}

// A data message:
//
//	kind 1 | self-discard 1 bit, type bits 30..24 7 bits | hint 4 |
//	length 1, sender's private name | number of groups 1 |
//	{ length 1, name } ... | data
//
// The service is the ring's to carry, the sender's daemon too.
type dataMessage struct {
	selfDiscard bool
	flags       uint32
	hint        [4]byte
	sender      []byte
	count       int    // number of destinations
	groups      []byte // the destinations, checked, still encoded
	data        []byte
}

// encodeData makes the payload of a message whose destinations are legal.
func encodeData(sender string, m *Multicast) []byte {
	size := dataHeader + len(sender) + lengthByte + len(m.Data)
	for _, name := range m.Groups {
		size += lengthByte + len(name)
	}
	b := make([]byte, 0, size)
	flags := byte(m.Flags >> flagShift & flagMask)
	if m.SelfDiscard {
		flags |= selfDiscardBit
	}
	b = append(b, byte(kindData), flags)
	b = append(b, m.Hint[:]...)
	b = appendName(b, sender)
	b = append(b, byte(len(m.Groups)))
	for _, name := range m.Groups {
		b = appendName(b, name)
	}
	return append(b, m.Data...)
}

// parseData reads a message. The result points into b.
func parseData(b []byte) (m dataMessage, err error) {
	if len(b) < dataHeader || kind(b[0]) != kindData {
		return m, errMalformed
	}
	m.selfDiscard = b[1]&selfDiscardBit != 0
	m.flags = uint32(b[1]&flagMask) << flagShift
	copy(m.hint[:], b[2:6])
	m.sender, b, err = takeName(b[6:])
	if err != nil || !legalPrivateName(m.sender) || len(b) == 0 || b[0] > MaxGroups {
		return m, errMalformed
	}
	m.count, b = int(b[0]), b[1:]
	rest := b
	for range m.count {
		var name []byte
		if name, rest, err = takeName(rest); err != nil || !legalDestination(name) {
			return m, errMalformed
		}
	}
	m.groups, m.data = b[:len(b)-len(rest)], rest
	return m, nil
}

// nextDestination takes the first of the encoded destinations that are left.
func nextDestination(groups []byte) (name, rest []byte) {
	n := int(groups[0])
	return groups[1 : 1+n], groups[1+n:]
}

// A join or leave:  kind 1 | length 1, private name | length 1, group
// A disconnect:     kind 1 | length 1, private name
type request struct {
	kind  kind
	name  []byte
	group []byte
}

func encodeRequest(k kind, name, group string) []byte {
	b := make([]byte, 0, minRequest+len(name)+lengthByte+len(group))
	b = appendName(append(b, byte(k)), name)
	if k != kindDisconnect {
		b = appendName(b, group)
	}
	return b
}

// parseRequest reads a join, leave or disconnect. The result points into b.
func parseRequest(b []byte) (r request, err error) {
	if len(b) < minRequest {
		return r, errMalformed
	}
	r.kind = kind(b[0])
	if r.kind < kindJoin || r.kind > kindDisconnect {
		return r, errMalformed
	}
	if r.name, b, err = takeName(b[1:]); err != nil || !legalPrivateName(r.name) {
		return r, errMalformed
	}
	if r.kind != kindDisconnect {
		if r.group, b, err = takeName(b); err != nil || !legalGroupName(r.group) {
			return r, errMalformed
		}
	}
	if len(b) != 0 {
		return r, errMalformed
	}
	return r, nil
}

func appendName(b []byte, name string) []byte {
	return append(append(b, byte(len(name))), name...)
}

func takeName(b []byte) (name, rest []byte, err error) {
	if len(b) == 0 || len(b)-1 < int(b[0]) {
		return nil, nil, errMalformed
	}
	return b[1 : 1+int(b[0])], b[1+int(b[0]):], nil
}
