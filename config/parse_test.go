package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"
)

// small is the least configuration that needs a key: two daemons, two networks.
const small = `cluster = "ha1"
key_file = "/k"
[[network]]
name = "A"
subnet = "10.77.1.0/24"
[[network]]
name = "B"
subnet = "10.77.2.0/24"
[[daemon]]
name = "h1"
address = { A = "10.77.1.1", B = "10.77.2.1" }
[[daemon]]
name = "h2"
address = { A = "10.77.1.2", B = "10.77.2.2" }
`

func parseText(text string) (*Config, error) { return Parse(strings.NewReader(text), "spread.toml") }

func mustParse(t testing.TB, text string) *Config {
	t.Helper()
	c, err := parseText(text)
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	return c
}

// edit replaces one place of a text and insists that it is there.
func edit(t testing.TB, text, old, new string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q occurs %d times", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, new, 1)
}

func TestParseDefaults(t *testing.T) {
	c := mustParse(t, small)
	switch {
	case c.Cluster != "ha1", c.Port != 4803, c.Security != Sealed, c.KeyFile != "/k",
		c.FailureDetection != 500*time.Millisecond, c.MaxSkew != 125*time.Millisecond,
		c.Policy != Replicate, c.ReassemblyBudget != 64<<20:
		t.Errorf("general settings: %+v", c)
	}
	for i, want := range []Network{
		{Name: "A", Subnet: netip.MustParsePrefix("10.77.1.0/24"), Offload: true},
		{Name: "B", Subnet: netip.MustParsePrefix("10.77.2.0/24"), Offload: true},
	} {
		if c.Networks[i] != want {
			t.Errorf("network %d: have %+v, want %+v", i, c.Networks[i], want)
		}
	}
	for i, name := range []string{"h1", "h2"} {
		d := c.Daemons[i]
		want := fmt.Sprintf("[[10.77.1.%d] [10.77.2.%[1]d]]", i+1)
		if d.Name != name || d.ID != ID(name) || fmt.Sprint(d.Addresses) != want || len(d.Clients) != 0 {
			t.Errorf("daemon %d: %+v", i, d)
		}
	}
	if fmt.Sprint(c.Client.Sockets) != "[/run/spread/{port} /tmp/{port}]" || c.Monitor.Socket != "/run/spread/{name}.admin" {
		t.Errorf("sockets: %v %v", c.Client.Sockets, c.Monitor.Socket)
	}
}

func TestParseEverything(t *testing.T) {
	c := mustParse(t, `
cluster = "c"
port = 5000
key_file = "keys/cluster.key"
security = "sealed"
failure_detection = "100ms"
policy = "failover"
max_skew = "2s"
reassembly_budget = "300MiB"
network = [ { name = "A", transport = "unicast", mtu = 9000, offload = false, dscp = 46 },
            { name = "B", subnet = "fd77::/64", group = "ff15::1", primary = true } ]
[[daemon]]
name = "h1"
clients = ["10.0.0.1", "[fd77::1]:99"]
[daemon.address]
A = ["10.0.0.1", "10.9.0.1"]
"B" = "fd77::1"
[client]
sockets = "/tmp/{name}.{port}"
mode = "0660"
group = "ha"
allow_uid = [0, 1000]
allow_gid = 50
access = ["10.0.0.0/8", "fd77::9"]
max_sessions = 10
max_groups = 11
max_groups_per_message = 12
max_message = "100MiB"
max_queue = "200MiB"
max_rate = 13
handshake_timeout = "1s"
tls.certificate = "/c"
tls.key = "k"
tls.ca = "/ca"
[monitor]
socket = "/a"
metrics = "127.0.0.1:1"
dangerous = true
admins = "wheel"
`)
	have := fmt.Sprintf("%+v %+v", *c, *c.Client.TLS)
	for _, want := range []string{
		"File:spread.toml Cluster:c Port:5000 Security:sealed KeyFile:keys/cluster.key FailureDetection:100ms Policy:failover MaxSkew:2s ReassemblyBudget:314572800",
		"{Name:A Transport:unicast Subnet:invalid Prefix Group:invalid IP MTU:9000 Offload:false DSCP:46 Primary:false}",
		"{Name:B Transport:multicast Subnet:fd77::/64 Group:ff15::1 MTU:0 Offload:true DSCP:0 Primary:true}",
		"Addresses:[[10.0.0.1 10.9.0.1] [fd77::1]] Clients:[10.0.0.1:5000 [fd77::1]:99]}",
		"Sockets:[/tmp/{name}.{port}] Mode:-rw-rw---- Group:ha AllowUID:[0 1000] AllowGID:[50] Access:[10.0.0.0/8 fd77::9/128]",
		"MaxSessions:10 MaxSessionsPerUID:10 MaxGroups:11 MaxGroupsPerMessage:12 MaxMessage:104857600 MaxQueue:209715200 MaxRate:13 HandshakeTimeout:1s",
		"{Certificate:/c Key:k CA:/ca}",
		"{Socket:/a Metrics:127.0.0.1:1 Dangerous:true Admins:wheel}",
	} {
		if !strings.Contains(have, want) {
			t.Errorf("lacks %q\nin %s", want, have)
		}
	}
}

func TestParsePathsFromTheFilesDirectory(t *testing.T) {
	text := edit(t, small, `"/k"`, `"sub/k"`)
	c, err := Parse(strings.NewReader(text), "/etc/spread/spread.toml")
	if err != nil || c.KeyFile != "/etc/spread/sub/k" {
		t.Errorf("have %v, %v", c, err)
	}
}

// TestSyntaxErrors: file, line and column of each (S21). For a bad byte in a
// string the TOML library gives the column before it.
func TestSyntaxErrors(t *testing.T) {
	for _, test := range []struct {
		name, text string
		line, col  int
	}{
		{"two equal signs", "a = 1\nb = = 2\n", 2, 5},
		{"key twice", "port = 1\n  port = 2\n", 2, 3},
		{"no value", "port", 1, 4},
		{"open string", "port = \"abc\nx = 1\n", 1, 12},
		{"NUL", "cluster = \"\x00\"\n", 1, 11},
		{"NUL first", "\x00", 1, 1},
		{"invalid UTF-8", "cluster = 'x'\ncluster2 = \"\xff\"\n", 2, 12},
		{"UTF-16", "\xff\xfea\x00", 1, 2},
		{"open header", "[[network]\n", 1, 10},
		{"behind a byte order mark", "\ufeffa = = 2\n", 1, 5},
		{"deep nesting", "port = " + strings.Repeat("[", 100000), 1, 16},
		{"deep tables", "port = " + strings.Repeat("{a=", 100000), 1, 32},
		{"deep key", "a" + strings.Repeat(".a", 100000) + " = 1", 1, 18},
		{"deep header", "[a" + strings.Repeat(".a", 100000) + "]", 1, 19},
		{"long key", strings.Repeat("k", maxKey+1) + " = 1", 1, maxKey + 2},
		{"many keys", manyKeys(maxKeys + 1), maxKeys + 1, 8},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseText(test.text)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("have %v, want an *Error", err)
			}
			if e.File != "spread.toml" || e.Line != test.line || e.Column != test.col || e.Key != "" || e.Msg == "" {
				t.Errorf("have %v, want it at %d:%d", err, test.line, test.col)
			}
		})
	}
}

// TestErrorsAreFitToPrint: nothing in a file gets control characters or pages
// of text into a message.
func TestErrorsAreFitToPrint(t *testing.T) {
	for _, text := range []string{
		"x = " + strings.Repeat("1.", 100000), "\"\\u001b[31m\\n\" = 1\n" + small, small + "[daemon.address2]\n\"\\u0007\" = 1",
		"cluster = \"\\u001b" + strings.Repeat("x", 1000) + "\"", "x = \"\x1b\"", edit(t, small, "B = \"10.77.2.2\"", "\"\\u001b\" = \"10.77.2.2\""),
	} {
		_, err := parseText(text)
		if err == nil {
			t.Errorf("%.50q is accepted", text)
		}
		for _, one := range unjoin(err) {
			if have := one.Error(); len(have) > 500 || strings.ContainsFunc(have, unicode.IsControl) {
				t.Errorf("%.600q", have)
			}
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d = 1\n", i)
	}
	return b.String()
}

func TestParseOddButGood(t *testing.T) {
	for name, text := range map[string]string{
		"no final newline":   strings.TrimSuffix(small, "\n"),
		"CRLF":               strings.ReplaceAll(small, "\n", "\r\n"),
		"byte order mark":    "\ufeff" + small,
		"a line of 1 MB":     "#" + strings.Repeat("x", 1_000_000) + "\n" + small,
		"spaces and tabs":    " \t\n" + strings.ReplaceAll(small, " = ", "\t =\t"),
		"quoted keys":        edit(t, small, "cluster", `"cluster"`),
		"tables of daemons":  edit(t, small, `address = { A = "10.77.1.2", B = "10.77.2.2" }`, "[daemon.address]\nA = \"10.77.1.2\"\nB = \"10.77.2.2\""),
		"dotted addresses":   edit(t, small, `address = { A = "10.77.1.2", B = "10.77.2.2" }`, "address.A = \"10.77.1.2\"\naddress.B = [\"10.77.2.2\"]"),
		"sections before":    "[client]\n[monitor]\n[[network]]\nname='A'\nsubnet='127.0.0.0/8'\n[[daemon]]\nname='x'\naddress={A='127.0.0.1'}",
		"multi-line strings": edit(t, small, `"ha1"`, `"""ha1"""`),
	} {
		t.Run(name, func(t *testing.T) { mustParse(t, text) })
	}
}

func TestParseReadError(t *testing.T) {
	failure := errors.New("disk on fire")
	_, err := Parse(iotest.ErrReader(failure), "f")
	var e *Error
	if !errors.Is(err, failure) || errors.As(err, &e) {
		t.Errorf("have %v", err)
	}
	if _, err := Load("/nonexistent/spread.toml"); err == nil || errors.As(err, &e) {
		t.Errorf("have %v", err)
	}
}

func TestParseTooLarge(t *testing.T) {
	if _, err := parseText(small + "#" + strings.Repeat("x", maxFile)); err == nil {
		t.Error("accepted")
	}
}

// TestParseHasNoState: the same text gives the same errors in the same order.
func TestParseHasNoState(t *testing.T) {
	text := "z=1\ny=2\nx=3\n[client]\nc=1\nb=2\n[a]\n"
	_, want := parseText(text)
	for range 20 {
		if _, have := parseText(text); have.Error() != want.Error() {
			t.Fatalf("have\n%v\nwant\n%v", have, want)
		}
	}
}
