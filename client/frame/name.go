package frame

import (
	"bytes"
	"iter"
)

// LegalByte tells the bytes that private, daemon and (in the libraries) group
// names are made of: 0x24 to 0x7e, so no space and no '#'.
func LegalByte(c byte) bool { return c >= 0x24 && c <= 0x7e }

// LegalName tells a name of 1 to limit legal bytes.
func LegalName(name string, limit int) bool {
	if len(name) == 0 || len(name) > limit {
		return false
	}
	for i := range len(name) {
		if !LegalByte(name[i]) {
			return false
		}
	}
	return true
}

// nameOf is the text of a name field: up to the first zero, and never byte 31.
// A field without terminator, as the Java library sends one for long names, is
// so cut to 31 bytes.
func nameOf(field []byte) []byte {
	field = field[:MaxName]
	if i := bytes.IndexByte(field, 0); i >= 0 {
		field = field[:i]
	}
	return field
}

// appendName writes a name field; a name over 31 bytes is cut.
func appendName(dst []byte, name string) []byte {
	dst = append(dst, make([]byte, NameSize)...)
	copy(dst[len(dst)-NameSize:len(dst)-1], name)
	return dst
}

func appendNames(dst []byte, names []string) []byte {
	for _, n := range names {
		dst = appendName(dst, n)
	}
	return dst
}

// Names is a run of name fields, in place; its length is a multiple of
// NameSize.
type Names []byte

// Len is the number of names.
func (n Names) Len() int { return len(n) / NameSize }

// At is the text of name i, 0 ≤ i < Len, in place.
func (n Names) At(i int) []byte { return nameOf(n[i*NameSize : (i+1)*NameSize]) }

// All goes over the texts in order.
func (n Names) All() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for i := range n.Len() {
			if !yield(i, n.At(i)) {
				return
			}
		}
	}
}

// Strings copies the names out; nil if there are none.
func (n Names) Strings() []string {
	if len(n) == 0 {
		return nil
	}
	out := make([]string, n.Len())
	for i, name := range n.All() {
		out[i] = string(name)
	}
	return out
}
