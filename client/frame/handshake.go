package frame

import (
	"bytes"
	"strings"
)

// Version is a version of a client library or daemon.
type Version struct {
	Major, Minor, Patch int8
}

// DaemonVersion is what our daemon reports: known clients accept 4.4.0 and
// 5.0.1.
var DaemonVersion = Version{5, 0, 1}

func (v Version) number() int { return int(v.Major)*10000 + int(v.Minor)*100 + int(v.Patch) }

// HasPatch tells libraries that send and expect a patch byte: 3.15 and later.
// The test is made before the patch is known.
func (v Version) HasPatch() bool { return Version{Major: v.Major, Minor: v.Minor}.number() > 31400 }

// HasMethods tells libraries that take part in the choice of authentication
// methods (steps B and C): 3.16 and later.
func (v Version) HasMethods() bool { return v.number() >= 31600 }

// Served tells libraries that daemons talk to at all: 3.1 and later.
func (v Version) Served() bool { return v.number() >= 30100 }

// Hello is step A.
//
//	0  library major and minor version, and patch if HasPatch
//	   flags: bit 0 wants membership messages, from bit 4 the priority
//	   length of the private name, 0 to 10
//	   private name
type Hello struct {
	Version    Version
	Membership bool
	Priority   uint8  // 0 to 15; no daemon uses it
	Name       string // empty: the daemon invents one
}

// MaxHello is the length of the longest hello.
const MaxHello = 5 + MaxPrivateName

// ParseHello reads step A at the start of b; n is its length. With ErrShort,
// n bytes are needed at least. A Result is the byte to refuse it with.
func ParseHello(b []byte) (h Hello, n int, err error) {
	if len(b) < 4 {
		return h, 4, ErrShort
	}
	h.Version = Version{Major: int8(b[0]), Minor: int8(b[1])}
	fixed := 4
	if h.Version.HasPatch() {
		h.Version.Patch = int8(b[2])
		fixed = 5
	}
	if !h.Version.Served() {
		return h, 0, RejectVersion
	}
	if len(b) < fixed {
		return h, fixed, ErrShort
	}
	flags, length := b[fixed-2], int(b[fixed-1])
	h.Membership, h.Priority = flags&1 != 0, flags>>4
	if length > MaxPrivateName {
		return h, 0, RejectIllegalName
	}
	n = fixed + length
	if len(b) < n {
		return h, n, ErrShort
	}
	h.Name = string(b[fixed:n])
	if length > 0 && !LegalName(h.Name, MaxPrivateName) {
		return h, 0, RejectIllegalName
	}
	return h, n, nil
}

// AppendHello writes step A. The name has at most 10 bytes.
func AppendHello(dst []byte, h Hello) []byte {
	dst = append(dst, byte(h.Version.Major), byte(h.Version.Minor))
	if h.Version.HasPatch() {
		dst = append(dst, byte(h.Version.Patch))
	}
	flags := h.Priority << 4
	if h.Membership {
		flags |= 1
	}
	dst = append(dst, flags, byte(len(h.Name)))
	return append(dst, h.Name...)
}

// MethodNull is the authentication method that always succeeds.
const MethodNull = "NULL"

// Sizes of step C: three slots of a zero-padded method name.
const (
	MethodSize = 30
	ChoiceSize = 3 * MethodSize
	maxOffer   = 90
)

// AppendOffer writes step B: the length of the list, then the methods' names,
// each followed by a space.
func AppendOffer(dst []byte, methods ...string) []byte {
	at := len(dst)
	dst = append(dst, 0)
	for _, m := range methods {
		dst = append(dst, m...)
		dst = append(dst, ' ')
	}
	dst[at] = byte(len(dst) - at - 1)
	return dst
}

// ParseOffer reads step B at the start of b: the names of the methods on
// offer. A Result is the daemon's refusal, or RejectAuth for a list too long
// to be one.
func ParseOffer(b []byte) (methods []string, n int, err error) {
	if len(b) == 0 {
		return nil, 1, ErrShort
	}
	length := int(b[0])
	switch {
	case length >= 0x80:
		return nil, 0, Result(int8(b[0]))
	case length > maxOffer:
		return nil, 0, RejectAuth
	}
	n = 1 + length
	if len(b) < n {
		return nil, n, ErrShort
	}
	return strings.Fields(string(b[1:n])), n, nil
}

// ParseChoice reads step C at the start of b: the methods chosen, up to the
// first empty slot. It does not judge them. With ErrShort, ChoiceSize bytes
// are needed.
func ParseChoice(b []byte) (methods []string, err error) {
	if len(b) < ChoiceSize {
		return nil, ErrShort
	}
	for slot := range 3 {
		name := b[slot*MethodSize : (slot+1)*MethodSize]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		if len(name) == 0 {
			break
		}
		methods = append(methods, string(name))
	}
	return methods, nil
}

// AppendChoice writes step C for at most three methods of at most 29 bytes.
func AppendChoice(dst []byte, methods ...string) []byte {
	var choice [ChoiceSize]byte
	for i, m := range methods {
		copy(choice[i*MethodSize:(i+1)*MethodSize-1], m)
	}
	return append(dst, choice[:]...)
}

// AppendAccept writes step E for a library of the given version.
func AppendAccept(dst []byte, library, daemon Version, private string) []byte {
	dst = append(dst, byte(Accept), byte(daemon.Major), byte(daemon.Minor))
	if library.HasPatch() {
		dst = append(dst, byte(daemon.Patch))
	}
	dst = append(dst, byte(len(private)))
	return append(dst, private...)
}

// ParseAccept reads step E as a library with HasPatch gets it. n is its
// length; with ErrShort, n bytes are needed at least. A Result is the
// daemon's refusal, or RejectVersion for a daemon too old to talk to.
func ParseAccept(b []byte) (daemon Version, private string, n int, err error) {
	if len(b) == 0 {
		return daemon, "", 1, ErrShort
	}
	if r := Result(int8(b[0])); r != Accept {
		return daemon, "", 0, r
	}
	if len(b) < 5 {
		return daemon, "", 5, ErrShort
	}
	daemon = Version{int8(b[1]), int8(b[2]), int8(b[3])}
	length := int(b[4])
	switch {
	case daemon.Major < 3 || daemon.Minor < 0 || daemon.Patch < 0:
		return daemon, "", 0, RejectVersion
	case length == 0 || length > MaxName:
		return daemon, "", 0, BadLength
	}
	n = 5 + length
	if len(b) < n {
		return daemon, "", n, ErrShort
	}
	return daemon, string(b[5:n]), n, nil
}
