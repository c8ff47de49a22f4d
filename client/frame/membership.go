package frame

// GroupID names one membership of a group: equal at two members exactly if
// they saw the same membership. Clients only compare it.
type GroupID struct {
	Ring, Epoch, Index int32
}

const groupIDSize = 12

func readGroupID(b []byte, little bool) GroupID {
	return GroupID{int32(word(b, little)), int32(word(b[4:], little)), int32(word(b[8:], little))}
}

func appendGroupID(dst []byte, id GroupID) []byte {
	dst = appendWord(dst, uint32(id.Ring))
	dst = appendWord(dst, uint32(id.Epoch))
	return appendWord(dst, uint32(id.Index))
}

// The body of a regular membership message, integers in the order of the
// type word:
//
//	 0  group id, 3 × 4 bytes
//	12  number of vs sets
//	16  offset of the receiver's own set, counted from 20
//	20  vs sets: number of members n, then n names of 32 bytes
const bodyHead = groupIDSize + 8

// Membership is a regular membership message, decoded in place.
type Membership struct {
	Group   []byte
	ID      GroupID
	Cause   Type  // one bit of Causes
	Members Names // by daemon order, then name
	// Sets are the vs sets; for a join, leave or disconnect one set with the
	// member that came or went.
	Sets []Names
	Own  int // index of the receiver's set in Sets
}

// ParseMembership reads the body of an event of KindMembership. Every set lies
// within the body, nothing follows the last, and the own offset is where a set
// starts; anything else is BadBody.
func ParseMembership(e Event) (m Membership, err error) {
	m = Membership{Group: e.Name, Cause: e.Type & Causes, Members: e.Groups, Own: -1}
	if m.Cause == 0 || m.Cause&(m.Cause-1) != 0 || len(e.Data) < bodyHead {
		return m, BadBody
	}
	m.ID = readGroupID(e.Data, e.little)
	count, own := word(e.Data[12:], e.little), word(e.Data[16:], e.little)
	rest := e.Data[bodyHead:]
	if count == 0 || uint64(count) > uint64(len(rest)/4) {
		return m, BadBody
	}
	m.Sets = make([]Names, count)
	for i := range m.Sets {
		if len(rest) < 4 {
			return m, BadBody
		}
		if own == uint32(len(e.Data)-bodyHead-len(rest)) {
			m.Own = i
		}
		size := uint64(word(rest, e.little)) * NameSize
		if rest = rest[4:]; size > uint64(len(rest)) {
			return m, BadBody
		}
		m.Sets[i], rest = Names(rest[:size]), rest[size:]
	}
	if len(rest) != 0 || m.Own < 0 {
		return m, BadBody
	}
	return m, nil
}

// ParseTransition reads the group id of the membership that is ending from an
// event of KindTransition.
func ParseTransition(e Event) (GroupID, error) {
	if len(e.Data) != groupIDSize {
		return GroupID{}, BadBody
	}
	return readGroupID(e.Data, e.little), nil
}

// MembershipSize is the length of the frame that AppendMembership writes.
func MembershipSize(members int, sets [][]string) int {
	return HeaderSize + NameSize*members + bodySize(sets)
}

func bodySize(sets [][]string) int {
	size := bodyHead
	for _, set := range sets {
		size += 4 + NameSize*len(set)
	}
	return size
}

// AppendMembership writes a regular membership message for receivers whose
// own vs set is sets[own].
func AppendMembership(dst []byte, cause Type, group string, id GroupID, members []string, sets [][]string, own int) []byte {
	dst = appendHeader(dst, RegularMembership|cause, group, len(members), NewHint(0), bodySize(sets))
	dst = appendNames(dst, members)
	dst = appendGroupID(dst, id)
	dst = appendWord(dst, uint32(len(sets)))
	dst = appendWord(dst, uint32(bodySize(sets[:own])-bodyHead))
	for _, set := range sets {
		dst = appendWord(dst, uint32(len(set)))
		dst = appendNames(dst, set)
	}
	return dst
}

// AppendTransition writes a transitional signal: id is that of the membership
// that is ending.
func AppendTransition(dst []byte, group string, id GroupID) []byte {
	dst = appendHeader(dst, Transition, group, 0, NewHint(0), groupIDSize)
	return appendGroupID(dst, id)
}
