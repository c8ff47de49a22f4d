package groups

import "strings"

// Legal bytes of private and daemon names (spread-client-protocol 2.8).
const (
	lowestNameByte  = '$'
	highestNameByte = '~'
)

// legalPrivateName tells whether name may be a session's: 1 to MaxPrivateName
// legal bytes.
func legalPrivateName[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > MaxPrivateName {
		return false
	}
	for i := range len(name) {
		if name[i] < lowestNameByte || name[i] > highestNameByte {
			return false
		}
	}
	return true
}

// legalGroupName tells whether sessions may be members of a group of this
// name: 1 to MaxGroupName bytes, none of them zero or the separator of private
// group names. Client libraries allow less; the daemons that they know allow
// even names that no message can be addressed to, which is of no use.
func legalGroupName[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > MaxGroupName {
		return false
	}
	for i := range len(name) {
		if name[i] == 0 || name[i] == '#' {
			return false
		}
	}
	return true
}

// legalDestination tells whether a message may carry this destination. Nearly
// all may: names of nobody are carried to the receivers like others
// (spread-client-protocol 6, "ignored without notice").
func legalDestination[T string | []byte](name T) bool {
	if len(name) > MaxGroupName {
		return false
	}
	for i := range len(name) {
		if name[i] == 0 {
			return false
		}
	}
	return true
}

// privateName is the private group name of a session.
func privateName(name, daemon string) string { return "#" + name + "#" + daemon }

// splitPrivate takes a private group name apart.
func splitPrivate(destination []byte) (name, daemon []byte, ok bool) {
	if len(destination) == 0 || destination[0] != '#' {
		return nil, nil, false
	}
	for i := 1; i < len(destination); i++ {
		if destination[i] == '#' {
			return destination[1:i], destination[i+1:], true
		}
	}
	return nil, nil, false
}

// inventName gives the nth invented private name. Its first byte cannot be
// mistaken for one that programs choose by habit, and nothing may read it.
func inventName(n uint64) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	b.WriteByte('r')
	var tail []byte
	for {
		tail = append(tail, digits[n%36])
		if n /= 36; n == 0 || len(tail) == MaxPrivateName-1 {
			break
		}
	}
	for i := len(tail) - 1; i >= 0; i-- {
		b.WriteByte(tail[i])
	}
	return b.String()
}
