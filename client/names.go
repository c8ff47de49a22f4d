package client

import (
	"encoding/binary"
	"math/bits"

	"mpspread/client/frame"
)

// maxNames bounds the names kept for sharing between events.
const maxNames = 4096

// name is the name of a group or session, as the only one of a list.
type name [1]string

// names makes strings of names, the same one for the same bytes, so that a
// stream of messages from the same senders to the same groups makes none.
type names struct {
	recent [64]*name // by slot: what was found there last
	known  map[string]*name
}

func (n *names) find(text []byte) *name {
	slot := &n.recent[slotOf(text)%uint64(len(n.recent))]
	if found := *slot; found != nil && found[0] == string(text) {
		return found
	}
	found, ok := n.known[string(text)]
	if !ok {
		if n.known == nil || len(n.known) >= maxNames {
			n.known = make(map[string]*name)
		}
		found = &name{string(text)}
		n.known[found[0]] = found
	}
	*slot = found
	return found
}

// slotOf spreads names by their first and last eight bytes. Names that fall
// together cost a map's lookup each time, no more.
func slotOf(text []byte) (slot uint64) {
	if size := len(text); size >= 8 {
		slot = binary.LittleEndian.Uint64(text) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(text[size-8:]), 31)
	} else {
		for _, c := range text {
			slot = slot<<8 | uint64(c)
		}
	}
	return slot * 0x9e3779b97f4a7c15 >> 32 // 2^64 over the golden ratio
}

func (n *names) string(text []byte) string { return n.find(text)[0] }

// append adds a field's names to a list.
func (n *names) append(list []string, fields frame.Names) []string {
	for i := range fields.Len() {
		list = append(list, n.string(fields.At(i)))
	}
	return list
}

// list is a new list of a field's names.
func (n *names) list(fields frame.Names) []string {
	return n.append(make([]string, 0, fields.Len()), fields)
}
