//go:build linux

package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// configuration is the text of spread.toml, one for all daemons.
func (l *Lab) configuration() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	line("cluster = %q", l.names.base)
	line("port = %d", Port)
	if l.Plaintext {
		line("security = \"plaintext\"")
	} else {
		line("key_file = %q", l.path("cluster.key"))
	}
	if l.FailureDetection != 0 {
		line("failure_detection = %q", l.FailureDetection)
	}
	for n := range l.Options.Networks {
		line("\n[[network]]\nname = %q\ntransport = %q\nsubnet = %q", networkName(n), l.Transport, l.subnet(n))
		if l.Transport == Multicast {
			line("group = %q", l.group(n))
		}
		if l.NoOffload {
			line("offload = false")
		}
	}
	for i, d := range l.Daemons {
		var addresses []string
		for n := range l.Options.Networks {
			if l.on(d.Name, n) {
				addresses = append(addresses, fmt.Sprintf("%s = %q", networkName(n), l.address(n, i)))
			}
		}
		line("\n[[daemon]]\nname = %q\naddress = { %s }", d.Name, strings.Join(addresses, ", "))
	}
	line("\n[client]\nsockets = [%q]", l.path("{name}.sock"))
	line("\n[monitor]\nsocket = %q", l.path("{name}.admin"))
	return b.String()
}

// writeFiles writes the configuration, and a key made by spreadd itself.
func (l *Lab) writeFiles(t testing.TB) {
	t.Helper()
	if !l.Plaintext {
		if r := run("", l.programs.spreadd, "keygen", "-o", l.path("cluster.key")); r.Code != 0 {
			t.Fatalf("lab: spreadd keygen: %v", r)
		}
	}
	if err := os.WriteFile(l.ConfigFile(), []byte(l.configuration()), 0o600); err != nil {
		t.Fatalf("lab: %v", err)
	}
	if r := run("", l.programs.spreadd, "check", l.ConfigFile()); r.Code != 0 {
		t.Fatalf("lab: spreadd check: %v\n%s", r, l.configuration())
	}
}

// ConfigFile is the path of spread.toml.
func (l *Lab) ConfigFile() string { return l.path("spread.toml") }
