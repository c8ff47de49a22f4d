package config

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// MaxKeys is how many keys a key file may hold (SEC-3).
const MaxKeys = 4

// SecretSize is the length of a key in bytes.
const SecretSize = 32

// maxKeyFile bounds what is read of a key file; four keys need 250 bytes.
const maxKeyFile = 16 << 10

// Secret is a key's value. It prints as [secret], whatever the format, so that
// it cannot get into logs, status or error texts by accident (SEC-18).
type Secret [SecretSize]byte

const redacted = "[secret]"

// String hides the value.
func (Secret) String() string { return redacted }

// Format hides the value from every verb of package fmt.
func (Secret) Format(s fmt.State, _ rune) { io.WriteString(s, redacted) }

// MarshalText hides the value from JSON and other encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Key is one of the cluster's keys.
type Key struct {
	ID     uint8 // 1 to 255, its number in packets
	Active bool  // new packets are sealed with it; exactly one key is active
	Secret Secret
}

// Wipe overwrites the secret; the key is of no use afterwards.
func (k *Key) Wipe() { clear(k.Secret[:]) }

// LoadKeys reads the key file at path: up to four lines
//
//	ID active|standby BASE64
//
// with an id of 1 to 255 and the 32 bytes of the key; exactly one is active.
// Empty lines and lines that begin with # are passed over. The file must be a
// regular one, no symbolic link, owned by the daemon's user or root, and
// closed to group and others. Errors are of type *Error, joined, and never
// show what a line holds.
func LoadKeys(path string) ([]Key, error) {
	f, err := openPrivate(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	defer clear(data)
	if err != nil {
		return nil, &Error{File: path, Msg: "cannot be read: " + reason(err)}
	}
	return parseKeys(data, path)
}

// reason is what went wrong, without the name of the call and the file.
func reason(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return err.Error()
}

// parseKeys reads the text of a key file. The caller wipes data.
func parseKeys(data []byte, file string) ([]Key, error) {
	if len(data) > maxKeyFile {
		return nil, &Error{File: file, Msg: "larger than any key file"}
	}
	var errs []*Error
	var keys []Key
	number := 0
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, problem := parseKey(line)
		if problem == "" {
			problem = clash(keys, &key)
		}
		if problem != "" {
			errs = append(errs, &Error{File: file, Line: number, Msg: problem})
		}
		keys = append(keys, key)
	}
	if problem := judge(keys, len(errs) > 0); problem != "" {
		errs = append(errs, &Error{File: file, Msg: problem})
	}
	if len(errs) > 0 {
		for i := range keys {
			keys[i].Wipe()
		}
		return nil, join(errs)
	}
	return keys, nil
}

// parseKey reads one line. Its second result is what is wrong, "" if nothing.
func parseKey(line []byte) (key Key, problem string) {
	fields := bytes.Fields(line)
	if len(fields) != 3 {
		return key, "a key is a line of three words: ID active|standby BASE64"
	}
	id, err := strconv.ParseUint(string(fields[0]), 10, 8)
	if err != nil || id == 0 || fields[0][0] == '0' {
		return key, "the id of a key is a number of 1 to 255"
	}
	key.ID = uint8(id)
	switch string(fields[1]) {
	case "active":
		key.Active = true
	case "standby":
	default:
		return key, `the second word of a key is "active" or "standby"`
	}
	// Decoded into more room than is needed: a longer key must not pass.
	encoding := base64.StdEncoding.Strict()
	secret := make([]byte, encoding.DecodedLen(len(fields[2])))
	defer clear(secret)
	n, err := encoding.Decode(secret, fields[2])
	switch {
	case err != nil:
		return key, "the third word of a key is base64"
	case n != SecretSize:
		return key, fmt.Sprintf("a key has %d bytes, this one has %d", SecretSize, n)
	}
	key.Secret = Secret(secret[:n])
	if key.Secret == (Secret{}) {
		return key, "the key is all zeros"
	}
	return key, ""
}

// clash tells what a key has in common with an earlier one that it must not.
func clash(keys []Key, key *Key) string {
	for i := range keys {
		switch {
		case keys[i].ID == key.ID:
			return fmt.Sprintf("key %d is there twice", key.ID)
		case keys[i].Secret == key.Secret:
			return fmt.Sprintf("keys %d and %d are the same", keys[i].ID, key.ID)
		case keys[i].Active && key.Active:
			return fmt.Sprintf("keys %d and %d are both active", keys[i].ID, key.ID)
		}
	}
	return ""
}

// judge tells what is wrong with the keys as a whole; a missing active key
// only if no line is wrong, which may be the one.
func judge(keys []Key, wrong bool) string {
	active := 0
	for i := range keys {
		if keys[i].Active {
			active++
		}
	}
	switch {
	case len(keys) == 0:
		return "holds no key; make one with `spreadd keygen`"
	case len(keys) > MaxKeys:
		return fmt.Sprintf("holds %d keys, %d at most are allowed", len(keys), MaxKeys)
	case active == 0 && !wrong:
		return "none of the keys is active"
	}
	return ""
}

// GenerateKeyFile returns the text of a key file with one fresh key, taken
// from the kernel's random numbers. The caller keeps it secret.
func GenerateKeyFile() []byte {
	secret := make([]byte, SecretSize)
	defer clear(secret)
	rand.Read(secret) // never fails (crypto/rand)
	var b strings.Builder
	b.WriteString("# Cluster key of mpspread. Every host needs this file, readable by the daemon alone\n" +
		"# (mode 0600). Whoever has it can read and forge what the daemons send.\n")
	b.WriteString("1 active ")
	b.WriteString(base64.StdEncoding.EncodeToString(secret))
	b.WriteString("\n")
	return []byte(b.String())
}
