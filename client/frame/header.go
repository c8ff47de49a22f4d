package frame

// header is the common start of all frames, decoded in place.
type header struct {
	typ    Type
	little bool // byte order of type, groups, data and of integers in the body
	name   []byte
	groups int
	hint   Hint
	data   int
}

// parseHeader reads the 48 bytes and checks what holds in both directions.
// maxData and maxGroups bound the counts before anything is computed of them.
func parseHeader(b []byte, maxGroups, maxData int) (h header, err error) {
	if h.typ, h.little, err = readType(b); err != nil {
		return h, err
	}
	h.name = nameOf(b[4:36])
	groups, data := word(b[36:], h.little), word(b[44:], h.little)
	h.hint = Hint(b[40:44])
	switch {
	case groups > uint32(maxGroups): // negative ones are large
		return h, BadGroups
	case !h.hint.legal():
		return h, BadHint
	case data > uint32(maxData):
		return h, BadLength
	}
	h.groups, h.data = int(groups), int(data)
	return h, nil
}

func appendHeader(dst []byte, t Type, name string, groups int, hint Hint, data int) []byte {
	dst = appendType(dst, t)
	dst = appendName(dst, name)
	dst = appendWord(dst, uint32(groups))
	dst = append(dst, hint[:]...)
	return appendWord(dst, uint32(data))
}
