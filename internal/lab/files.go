//go:build linux

package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"mpspread/internal/labnet"
)

// configuration is the text of spread.toml, one for all daemons.
func (l *Lab) configuration() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	line("cluster = %q", l.bed.Name())
	line("port = %d", labnet.Port)
	if l.Plaintext {
		line("security = \"plaintext\"")
	} else {
		line("key_file = %q", l.path("cluster.key"))
	}
	if l.FailureDetection != 0 {
		line("failure_detection = %q", l.FailureDetection)
	}
	for n := range l.Options.Networks {
		line("\n[[network]]\nname = %q\ntransport = %q\nsubnet = %q", labnet.NetworkName(n), l.Transport, l.bed.Subnet(n))
		if l.Transport == Multicast {
			line("group = %q", l.group(n))
		}
		if l.NoOffload {
			line("offload = false")
		}
	}
	for _, d := range l.Daemons {
		var addresses []string
		for n := range l.Options.Networks {
			if l.bed.On(d.Name, n) {
				addresses = append(addresses, fmt.Sprintf("%s = %q", labnet.NetworkName(n), l.bed.Address(d.Name, n)))
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
