package config

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// b64 is the base64 of a key of n bytes, all of them c.
func b64(c byte, n int) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{c}, n))
}

func TestParseKeys(t *testing.T) {
	text := "# comment\n\n 1 standby " + b64(1, 32) + " \r\n255\tactive  " + b64(2, 32) + "\n2 standby " + b64(3, 32) + "\n3 standby " + b64(4, 32)
	keys, err := parseKeys([]byte(text), "f")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		id     uint8
		active bool
		first  byte
	}{{1, false, 1}, {255, true, 2}, {2, false, 3}, {3, false, 4}} {
		k := keys[i]
		if k.ID != want.id || k.Active != want.active || k.Secret != Secret(bytes.Repeat([]byte{want.first}, 32)) {
			t.Errorf("key %d: id %d, active %v, first byte %d", i, k.ID, k.Active, k.Secret[0])
		}
	}
}

// TestBadKeyFiles: the row of the correctness reference, section 9.
func TestBadKeyFiles(t *testing.T) {
	good := "1 active " + b64(1, 32) + "\n"
	almost := b64(1, 32)
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"f: holds no key"}},
		{"comments only", "# 1 active\n\n", []string{"f: holds no key"}},
		{"short key", "1 active " + b64(1, 31), []string{"f:1: a key has 32 bytes, this one has 31"}},
		{"long key", "1 active " + b64(1, 33), []string{"f:1: a key has 32 bytes, this one has 33"}},
		{"very long key", "1 active " + b64(1, 3000), []string{"f:1: a key has 32 bytes, this one has 3000"}},
		{"no key", "1 active", []string{"f:1: a key is a line of three words"}},
		{"four words", good[:len(good)-1] + " # old", []string{"f:1: a key is a line of three words"}},
		{"not base64", "1 active " + strings.Repeat("*", 44), []string{"f:1: the third word of a key is base64"}},
		{"base64 for addresses", "1 active " + base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)), []string{"f:1: the third word"}},
		{"without padding", "1 active " + strings.TrimRight(almost, "="), []string{"f:1: the third word"}},
		{"loose last bits", "1 active " + almost[:42] + "F=", []string{"f:1: the third word"}},
		{"all zeros", "1 active " + b64(0, 32), []string{"f:1: the key is all zeros"}},
		{"id 0", "0 active " + almost, []string{"f:1: the id of a key"}},
		{"id 256", "256 active " + almost, []string{"f:1: the id of a key"}},
		{"id -1", "-1 active " + almost, []string{"f:1: the id of a key"}},
		{"id +1", "+1 active " + almost, []string{"f:1: the id of a key"}},
		{"id 01", "01 active " + almost, []string{"f:1: the id of a key"}},
		{"id of 2^64", "18446744073709551617 active " + almost, []string{"f:1: the id of a key"}},
		{"state", "1 Active " + almost, []string{"f:1: the second word"}},
		{"id twice", good + "1 standby " + b64(2, 32), []string{"f:2: key 1 is there twice"}},
		{"key twice", good + "2 standby " + almost, []string{"f:2: keys 1 and 2 are the same"}},
		{"two active", good + "2 active " + b64(2, 32), []string{"f:2: keys 1 and 2 are both active"}},
		{"none active", "1 standby " + almost, []string{"f: none of the keys is active"}},
		{"five keys", good + "2 standby " + b64(2, 32) + "\n3 standby " + b64(3, 32) + "\n4 standby " + b64(4, 32) + "\n5 standby " + b64(5, 32),
			[]string{"f: holds 5 keys, 4 at most"}},
		{"two mistakes", "x active " + almost + "\n2 standby x\n", []string{"f:1: the id of a key", "f:2: the third word"}},
		{"NUL", "1 active " + almost + "\x00", []string{"f:1: the third word"}},
		{"all 0xff", strings.Repeat("\xff", 100), []string{"f:1: a key is a line"}},
		{"too large", strings.Repeat("#\n", maxKeyFile), []string{"f: larger than any key file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			keys, err := parseKeys([]byte(test.text), "f")
			errs := unjoin(err)
			if keys != nil || len(errs) != len(test.want) {
				t.Fatalf("have %v, %v; want %q", keys, err, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(errs[i].Error(), want) {
					t.Errorf("have %q, want %q", errs[i], want)
				}
			}
			checkNoSecret(t, test.text, err)
		})
	}
}

// checkNoSecret fails if an error shows what a key file holds (SEC-18).
func checkNoSecret(t *testing.T, text string, err error) {
	t.Helper()
	for word := range strings.FieldsSeq(text) {
		if len(word) >= 12 && strings.Contains(err.Error(), word) {
			t.Errorf("%q shows a secret", err)
		}
	}
}

// TestSecretIsHidden: SEC-18, whatever prints a key.
func TestSecretIsHidden(t *testing.T) {
	key := Key{ID: 7, Active: true, Secret: Secret(bytes.Repeat([]byte{'A'}, 32))}
	asJSON, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{key.Secret.String(), fmt.Sprint(&key), string(asJSON)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q", "%c"} {
		shown = append(shown, fmt.Sprintf(verb, key), fmt.Sprintf(verb, key.Secret))
	}
	for _, have := range shown {
		for _, secret := range []string{"AAA", "414141", "65 65", "65,65", "0x41"} {
			if strings.Contains(have, secret) {
				t.Errorf("%s shows the secret", have)
			}
		}
		if !strings.Contains(have, redacted) {
			t.Errorf("%s", have)
		}
	}
}

func TestWipe(t *testing.T) {
	key := Key{ID: 7, Secret: Secret(bytes.Repeat([]byte{'A'}, 32))}
	if key.Wipe(); key.Secret != (Secret{}) {
		t.Error("not wiped")
	}
}

func TestGenerateKeyFile(t *testing.T) {
	a, err := parseKeys(GenerateKeyFile(), "a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := parseKeys(GenerateKeyFile(), "b")
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != 1 || !a[0].Active || a[0].ID != 1 || a[0].Secret == b[0].Secret {
		t.Errorf("%v %v, same secret: %v", a, b, a[0].Secret == b[0].Secret)
	}
}

func writeKeys(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cluster.key")
	if err := os.WriteFile(path, GenerateKeyFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadKeys(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o400} {
		if keys, err := LoadKeys(writeKeys(t, mode)); err != nil || len(keys) != 1 {
			t.Errorf("mode %o: have %v, %v", mode, keys, err)
		}
	}
}

func TestLoadKeysMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	_, err := LoadKeys(path)
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), path+": cannot be opened: no such file") {
		t.Errorf("have %v", err)
	}
}
