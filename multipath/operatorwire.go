package multipath

import "encoding/binary"

// Monitor datagrams (protocol rule 9) are packets of kind KindOperator; the
// whole incarnation of their sender is in clear (envelope.go). Bodies:
//
//	ask      1 | target 4 | token 8
//	offer    2 | token 8 | challenge 8
//	command  3 | target 4 | incarnation 16 | challenge 8 | id 16 | next 2 | text
//	reply    4 | id 16 | status 1 | network 4 | index 2 | count 2 | chunk
//
// The tool asks the target for its life and challenge; the offer's header
// names the life. A command names life, challenge and an id of its own. next
// is the first part of the reply that the tool lacks: it gets replyBurst parts
// from there. network is the hash of the one by which the command's first copy
// came. A reply with status replyExpired has the present challenge as chunk.
const (
	opAsk byte = iota + 1
	opOffer
	opCommand
	opReply
)

type replyStatus uint8

const (
	replyDone     replyStatus = iota // chunk is a part of the answer
	replyRunning                     // accepted, not answered yet
	replyRestart                     // the named life is over: outcome unknown
	replyExpired                     // challenge no longer good, nothing done
	replyBusy                        // refused: too many commands, nothing done
	replyTooLarge                    // done, but the answer is too large to send
)

const (
	askSize       = 1 + 4 + 8
	offerSize     = 1 + 8 + 8
	commandHeader = 1 + 4 + 16 + 8 + 16 + 2
	replyHeader   = 1 + 16 + 1 + 4 + 2 + 2

	// operatorPacket is the largest operator datagram: nobody probes the size
	// of paths to operators.
	operatorPacket = smallestMTU - headersIPv6
	replyChunk     = operatorPacket - headerSize - restSize - tagSize - replyHeader
	replyBurst     = 16
	maxReplyParts  = 1024

	// MaxCommand is the longest command, in bytes.
	MaxCommand = operatorPacket - headerSize - restSize - tagSize - commandHeader
	// MaxReply is the longest reply, in bytes.
	MaxReply = replyChunk * maxReplyParts
)

type opCommandMsg struct {
	target    DaemonID
	inc       Incarnation
	challenge challenge
	id        [16]byte
	next      uint16
	text      []byte
}

func appendAsk(b []byte, target DaemonID, token uint64) []byte {
	b = append(b, opAsk)
	b = binary.BigEndian.AppendUint32(b, uint32(target))
	return binary.BigEndian.AppendUint64(b, token)
}

func parseAsk(b []byte) (target DaemonID, token uint64, ok bool) {
	if len(b) != askSize || b[0] != opAsk {
		return 0, 0, false
	}
	return DaemonID(binary.BigEndian.Uint32(b[1:])), binary.BigEndian.Uint64(b[5:]), true
}

func appendOffer(b []byte, token uint64, c challenge) []byte {
	b = append(b, opOffer)
	b = binary.BigEndian.AppendUint64(b, token)
	return append(b, c[:]...)
}

func parseOffer(b []byte) (token uint64, c challenge, ok bool) {
	if len(b) != offerSize || b[0] != opOffer {
		return 0, c, false
	}
	return binary.BigEndian.Uint64(b[1:]), challenge(b[9:]), true
}

func (c *opCommandMsg) append(b []byte) []byte {
	b = append(b, opCommand)
	b = binary.BigEndian.AppendUint32(b, uint32(c.target))
	b = append(b, c.inc[:]...)
	b = append(b, c.challenge[:]...)
	b = append(b, c.id[:]...)
	b = binary.BigEndian.AppendUint16(b, c.next)
	return append(b, c.text...)
}

func parseCommand(b []byte) (c opCommandMsg, ok bool) {
	if len(b) < commandHeader || len(b) > commandHeader+MaxCommand || b[0] != opCommand {
		return c, false
	}
	c.target = DaemonID(binary.BigEndian.Uint32(b[1:]))
	c.inc = Incarnation(b[5:])
	c.challenge = challenge(b[21:])
	c.id = [16]byte(b[29:])
	c.next = binary.BigEndian.Uint16(b[45:])
	c.text = b[commandHeader:]
	return c, true
}

type opReplyMsg struct {
	id           [16]byte
	status       replyStatus
	network      uint32
	index, count uint16
	chunk        []byte
}

func (r *opReplyMsg) append(b []byte) []byte {
	b = append(b, opReply)
	b = append(b, r.id[:]...)
	b = append(b, byte(r.status))
	b = binary.BigEndian.AppendUint32(b, r.network)
	b = binary.BigEndian.AppendUint16(b, r.index)
	b = binary.BigEndian.AppendUint16(b, r.count)
	return append(b, r.chunk...)
}

func parseReply(b []byte) (r opReplyMsg, ok bool) {
	if len(b) < replyHeader || b[0] != opReply || replyStatus(b[17]) > replyTooLarge {
		return r, false
	}
	r.id = [16]byte(b[1:])
	r.status = replyStatus(b[17])
	r.network = binary.BigEndian.Uint32(b[18:])
	r.index, r.count = binary.BigEndian.Uint16(b[22:]), binary.BigEndian.Uint16(b[24:])
	r.chunk = b[replyHeader:]
	switch r.status {
	case replyDone:
		// Every part but the last is full, so that its place is known.
		full := len(r.chunk) == replyChunk || r.index+1 == r.count && len(r.chunk) < replyChunk
		ok = r.index < r.count && r.count <= maxReplyParts && full
	case replyExpired:
		ok = r.index == 0 && r.count == 0 && len(r.chunk) == challengeSize
	default:
		ok = r.index == 0 && r.count == 0 && len(r.chunk) == 0
	}
	return r, ok
}
