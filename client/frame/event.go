package frame

// Event is a frame from a daemon, decoded in place.
type Event struct {
	Type   Type
	Name   []byte // sender, or the group of a membership event
	Hint   Hint
	Groups Names  // destinations, or the members of a regular membership
	Data   []byte // of membership events: see ParseMembership, ParseTransition
	// Original is the refused request's type word: the client's, with
	// CausedByJoin for Join and CausedByLeave for Leave. Only in rejects.
	Original Type

	little bool
}

// maxMembers bounds the group count of a frame from a daemon: the member list
// of a regular membership, 3122 members at each of 128 daemons.
const maxMembers = 3122 * 128

// ParseEvent reads the frame at the start of b, which a daemon sent. maxFrame
// bounds its whole length. n is the length; with ErrShort, n bytes are needed
// at least. A Violation means that the stream cannot be read any further.
func ParseEvent(b []byte, maxFrame int) (e Event, n int, err error) {
	if len(b) < HeaderSize {
		return e, HeaderSize, ErrShort
	}
	h, err := parseHeader(b, maxMembers, maxFrame)
	if err != nil {
		return e, 0, err
	}
	kind := h.typ.Kind()
	if kind == 0 {
		return e, 0, BadService
	}
	groups := HeaderSize
	if kind == KindReject {
		groups += 4
	}
	data := groups + NameSize*h.groups
	n = data + h.data
	switch {
	case n > maxFrame:
		return e, 0, BadLength
	case len(b) < n:
		return e, n, ErrShort
	}
	e = Event{
		Type: h.typ, Name: h.name, Hint: h.hint, little: h.little,
		Groups: Names(b[groups:data]), Data: b[data:n:n],
	}
	if kind == KindReject {
		// The extra word is in the byte order of the header's marker.
		e.Original = Type(word(b[HeaderSize:], h.little) &^ marker)
	}
	return e, n, nil
}

// MessageSize is the length of the frame that AppendMessage writes.
func MessageSize(groups, data int) int { return HeaderSize + NameSize*groups + data }

// AppendMessage writes a client's request, or a data message as receivers see
// it: both have the session's or sender's private group, all destinations in
// the sender's order with duplicates, and the hint untouched. The caller keeps
// to the limits.
func AppendMessage(dst []byte, t Type, private string, hint Hint, groups []string, data []byte) []byte {
	dst = appendHeader(dst, t, private, len(groups), hint, len(data))
	dst = appendNames(dst, groups)
	return append(dst, data...)
}

// AppendSelfLeave writes the confirmation of a leave.
func AppendSelfLeave(dst []byte, group string) []byte {
	return appendHeader(dst, CausedByLeave, group, 0, NewHint(0), 0)
}

// AppendReject writes a refused request, as its sender gets it back. original
// is its type with CausedByJoin for Join and CausedByLeave for Leave. The
// sender's private group comes after the groups, or in place of the last of
// 100 (section 7.5).
func AppendReject(dst []byte, original Type, private string, hint Hint, groups []string, data []byte) []byte {
	groups = groups[:min(len(groups), MaxGroups-1)]
	dst = appendHeader(dst, Reject|original&SelfDiscard, private, len(groups)+1, hint, len(data))
	dst = appendType(dst, original)
	dst = appendNames(dst, groups)
	dst = appendName(dst, private)
	return append(dst, data...)
}
