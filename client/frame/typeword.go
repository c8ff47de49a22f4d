package frame

// Type is the type word of a frame without its endian marker.
type Type uint32

// The bits of the type word that travel.
const (
	Unreliable         Type = 1 << 0
	Reliable           Type = 1 << 1
	FIFO               Type = 1 << 2
	Causal             Type = 1 << 3
	Agreed             Type = 1 << 4
	Safe               Type = 1 << 5
	SelfDiscard        Type = 1 << 6 // not to the sender
	CausedByJoin       Type = 1 << 8
	CausedByLeave      Type = 1 << 9 // alone: self-leave
	CausedByDisconnect Type = 1 << 10
	CausedByNetwork    Type = 1 << 11
	RegularMembership  Type = 1 << 12
	Transition         Type = 1 << 13
	Join               Type = 1 << 16
	Leave              Type = 1 << 17
	Kill               Type = 1 << 18 // disconnect
	Reject             Type = 1 << 22
)

// Masks over the type word.
const (
	Services    = Unreliable | Reliable | FIFO | Causal | Agreed | Safe
	Requests    = Join | Leave | Kill
	Causes      = CausedByJoin | CausedByLeave | CausedByDisconnect | CausedByNetwork
	Memberships = Causes | RegularMembership | Transition
	// PassThrough are the bits of a client's word that receivers see
	// unchanged: the flush library lives on bit 30.
	PassThrough Type = 0x7f << 24
)

// marker is set in words of little-endian writers and clear in those of
// big-endian ones; it reads the same in both orders.
const marker = 0x80000080

// readType reads a type word and the byte order of its writer.
func readType(b []byte) (t Type, little bool, err error) {
	switch b[0]&0x80 | b[3]&0x80>>1 {
	case 0xc0:
		little = true
	case 0:
	default:
		return 0, false, BadMarker
	}
	return Type(word(b, little) &^ marker), little, nil
}

func appendType(dst []byte, t Type) []byte { return appendWord(dst, uint32(t)|marker) }

// Kind is what a frame from a daemon is.
type Kind uint8

// The kinds of frames from a daemon.
const (
	KindMessage    Kind = iota + 1
	KindMembership      // regular membership of a group
	KindTransition      // transitional signal
	KindSelfLeave
	KindReject
)

// Kind classifies a word from a daemon as the client libraries do; 0 if it is
// none of the kinds.
func (t Type) Kind() Kind {
	switch {
	case t&Reject != 0:
		return KindReject
	case t&RegularMembership != 0:
		return KindMembership
	case t&Transition != 0:
		return KindTransition
	case t&CausedByLeave != 0:
		return KindSelfLeave
	case t&Services != 0:
		return KindMessage
	}
	return 0
}
