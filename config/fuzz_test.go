package config

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// FuzzParse: no text makes Parse panic; what it accepts can be used, is within
// its bounds and gives the same hash again; what it refuses has reasons.
func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add(loop)
	f.Add(grid(2, 3))
	f.Add("security='plaintext'\nport=1\n[[network]]\nname='B'\ntransport='unicast'\n[[daemon]]\nname='h'\naddress.B=['10.0.0.1']\nclients='1.2.3.4'\n")
	f.Add("key_file='k'\n[[network]]\nname='B'\nsubnet='fd00::/64'\nmtu=1280\n[[daemon]]\nname='h'\naddress={B='fd00::1'}\n[client]\nsockets=['/{name}']\nallow_uid=1\n[monitor]\nmetrics='[::1]:1'\n")
	f.Add("[client]\ntls={ca='x'}\nmax_queue='1GB'\naccess=['::/0']\nmode='0777'\nhandshake_timeout='1s'\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseText(text)
		if err != nil {
			for _, one := range unjoin(err) {
				var e *Error
				if !errors.As(one, &e) || e.Msg == "" || strings.ContainsFunc(e.Error(), unicode.IsControl) || len(e.Error()) > 2000 || e.Line < 0 || e.Line > strings.Count(text, "\n")+1 {
					t.Fatalf("not a good error: %#v", one)
				}
			}
			return
		}
		if len(c.Networks) == 0 || len(c.Networks) > MaxNetworks || len(c.Daemons) == 0 || len(c.Daemons) > MaxDaemons {
			t.Fatalf("%d networks, %d daemons", len(c.Networks), len(c.Daemons))
		}
		if (c.KeyFile == "") != (c.Security == Plaintext) {
			t.Fatalf("security %s with key file %q", c.Security, c.KeyFile)
		}
		for i, n := range c.Networks {
			if n.Transport > Unicast || n.Group.IsValid() != (n.Transport == Multicast) ||
				n.Transport == Broadcast && !n.BroadcastAddr().IsValid() {
				t.Fatalf("network %+v", n)
			}
			for _, d := range c.Daemons {
				for _, a := range d.Addresses[i] {
					if n.Subnet.IsValid() && !n.Subnet.Contains(a) {
						t.Fatalf("%s is outside %s", a, n.Subnet)
					}
				}
			}
		}
		for i := range c.Daemons {
			for j := range c.Daemons {
				if len(c.Shared(i, j)) == 0 {
					t.Fatalf("%s and %s share no network", c.Daemons[i].Name, c.Daemons[j].Name)
				}
			}
		}
		if err := Effective(io.Discard, c); err != nil {
			t.Fatal(err)
		}
		c.Warnings(false)
		if again := mustParse(t, text); again.Hash() != c.Hash() {
			t.Fatal("another hash")
		}
	})
}

// messages are all that is said about a key file: fixed words, ids and lengths.
var messages = regexp.MustCompile("^(a key is a line of three words: ID active[|]standby BASE64|the id of a key is a number of 1 to 255" +
	"|the second word of a key is \"active\" or \"standby\"|the third word of a key is base64|a key has 32 bytes, this one has \\d+" +
	"|the key is all zeros|key \\d+ is there twice|keys \\d+ and \\d+ are (the same|both active)|holds no key; make one with `spreadd keygen`" +
	"|holds \\d+ keys, 4 at most are allowed|none of the keys is active|larger than any key file|and \\d+ more errors)$")

// FuzzKeyFile: no text makes the parser panic or its errors tell a secret;
// what it accepts obeys the rules.
func FuzzKeyFile(f *testing.F) {
	f.Add([]byte("# x\n1 active AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n2 standby AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"))
	f.Add([]byte("1 active AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"))
	f.Add([]byte("256 standby x\r\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text := string(data)
		keys, err := parseKeys(data, "f")
		if err != nil {
			for _, one := range unjoin(err) {
				var e *Error
				if !errors.As(one, &e) || !messages.MatchString(e.Msg) {
					t.Fatalf("not one of the known errors: %q", one)
				}
			}
			return
		}
		active := 0
		for i, k := range keys {
			if k.Active {
				active++
			}
			if k.ID == 0 || k.Secret == (Secret{}) {
				t.Fatalf("key %d of %q", i, text)
			}
		}
		if active != 1 || len(keys) > MaxKeys {
			t.Fatalf("%d keys, %d active", len(keys), active)
		}
	})
}
