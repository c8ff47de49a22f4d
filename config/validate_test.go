package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// loop is a complete configuration on loopback, which needs no key.
const loop = `[[network]]
name = "A"
subnet = "127.0.1.0/24"
[[daemon]]
name = "h1"
address = { A = "127.0.1.1" }
`

// TestValidation: each case changes one place of a good file, and the errors
// it gets are exactly those, with key and line (S21, correctness 9).
func TestValidation(t *testing.T) {
	for _, test := range []struct {
		name, base, old, new string
		want                 []string // "LINE KEY: beginning of the message"; line 0 if it has none
	}{
		{"empty", loop, loop, "", []string{"0 network: missing", "0 daemon: missing"}},
		{"white space", loop, loop, " \t\r\n\n", []string{"0 network: missing", "0 daemon: missing"}},
		{"unknown key", small, "cluster", "clustre", []string{`1 clustre: unknown key; did you mean "cluster"?`}},
		{"key of another table", small, "key_file", "max_queue = 1\nkey_file", []string{`2 max_queue: unknown key here; "max_queue" belongs into [client]`}},
		{"key of the file in a table", small, `subnet = "10.77.1.0/24"`, "subnet = \"10.77.1.0/24\"\nport = 4803", []string{`6 network.A.port: unknown key here; "port" belongs before the first table`}},
		{"include", small, "key_file", "include = \"spread.toml\"\nkey_file", []string{"2 include: unknown key"}},
		{"empty lists", loop, loop, "network = []\ndaemon = []", []string{"1 network: missing", "2 daemon: missing"}},
		{"unknown table", small, "[[daemon]]\nname = \"h1\"", "[deamon]\n[[daemon]]\nname = \"h1\"", []string{`9 deamon: unknown key; did you mean "daemon"?`}},
		{"single table", loop, "[[daemon]]", "[daemon]", []string{"4 daemon: there can be several; write [[daemon]]"}},
		{"number for a table", loop, loop, "network = 1\ndaemon = [1]", []string{"1 network: must be tables", "2 daemon: must be tables"}},

		{"port 0", small, "key_file", "port = 0\nkey_file", []string{"2 port: must be 1 to 65535, not 0"}},
		{"port 65536", small, "key_file", "port = 65536\nkey_file", []string{"2 port: must be 1 to 65535, not 65536"}},
		{"port out of 64 bits", small, "key_file", "port = -9223372036854775808\nkey_file", []string{"2 port: must be 1 to 65535"}},
		{"port as text", small, "key_file", "port = \"1\"\nkey_file", []string{"2 port: must be a whole number, not text"}},
		{"failure detection 19.9ms", small, "key_file", "failure_detection = \"19.9ms\"\nkey_file", []string{"2 failure_detection: must be 20ms to 1m, not"}},
		{"failure detection 60.1s", small, "key_file", "failure_detection = \"60.1s\"\nkey_file", []string{"2 failure_detection: must be 20ms to 1m, not"}},
		{"time without unit", small, "key_file", "failure_detection = 500\nkey_file", []string{"2 failure_detection: must be a time with a unit"}},
		{"zero without unit", small, "key_file", "failure_detection = \"0\"\nkey_file", []string{"2 failure_detection: must be a time with a unit"}},
		{"time overflows", small, "key_file", "failure_detection = \"9999999999h\"\nkey_file", []string{"2 failure_detection: must be a time"}},
		{"skew 0", small, "key_file", "max_skew = \"0s\"\nkey_file", []string{"2 max_skew: must be 1ms to 1m"}},
		{"budget below a message", small, "key_file", "reassembly_budget = \"16MiB\"\nkey_file", []string{"2 reassembly_budget: must be at least client.max_message and 64KiB, that is 16448KiB, not 16MiB"}},
		{"budget overflows", small, "key_file", "reassembly_budget = \"99999999999GiB\"\nkey_file", []string{"2 reassembly_budget: must be a size"}},
		{"budget too large", small, "key_file", "reassembly_budget = \"2GiB\"\nkey_file", []string{"2 reassembly_budget: must be 1MiB to 1GiB, not 2GiB"}},
		{"policy", small, "key_file", "policy = \"active\"\nkey_file", []string{`2 policy: "active" is not one of replicate, failover`}},
		{"cluster empty", small, `"ha1"`, `""`, []string{"1 cluster: a name has 1 to 63 characters"}},
		{"cluster with a space", small, `"ha1"`, `"ha 1"`, []string{"1 cluster: the name \"ha 1\" has characters other than"}},

		// SEC-1
		{"no key", small, "key_file = \"/k\"\n", "", []string{"0 key_file: missing: packets between daemons are sealed with the cluster's key; make one with `spreadd keygen -o FILE`"}},
		{"sealed without key on loopback", loop, "[[network]]", "security = \"sealed\"\n[[network]]", []string{"0 key_file: missing"}},
		{"key and plaintext", small, "key_file", "security = \"plaintext\"\nkey_file", []string{`2 security: "plaintext" and key_file exclude each other`}},
		{"unknown security", small, "key_file", "security = \"none\"\nkey_file", []string{`2 security: "none" is not one of sealed, plaintext`}},
		{"empty key file", small, `"/k"`, `""`, []string{"2 key_file: must be the path"}},

		// networks
		{"network without name", small, "name = \"B\"\n", "", []string{`6 network[2].name: missing`, `10 daemon.h1.address.B: there is no network "B"`, `13 daemon.h2.address.B: there is no network "B"`}},
		{"network twice", small, `name = "B"`, `name = "A"`, []string{`7 network[2].name: "A" is the name of an earlier network too`, `11 daemon.h1.address.B: there is no network`, `14 daemon.h2.address.B: there is no network`}},
		{"network name too long", loop, `name = "A"`, `name = "A2345678901234567890"`, []string{"2 network[1].name: a name has 1 to 19", "6 daemon.h1.address.A: there is no network"}},
		{"transport", small, `subnet = "10.77.2.0/24"`, "subnet = \"10.77.2.0/24\"\ntransport = \"anycast\"", []string{`9 network.B.transport: "anycast" is not one of broadcast, multicast, unicast`}},
		{"subnet missing", small, "subnet = \"10.77.2.0/24\"\n", "", []string{"6 network.B.subnet: missing: broadcast needs it"}},
		{"subnet missing for multicast", small, "subnet = \"10.77.2.0/24\"\n", "group = \"239.1.1.1\"\n", []string{"6 network.B.subnet: missing: multicast needs it"}},
		{"subnet no prefix", small, `"10.77.2.0/24"`, `"10.77.2.0"`, []string{`8 network.B.subnet: "10.77.2.0" is not a subnet`}},
		{"subnet with host bits", small, `"10.77.2.0/24"`, `"10.77.2.1/24"`, []string{`8 network.B.subnet: "10.77.2.1/24" has bits set behind the prefix; did you mean "10.77.2.0/24"?`}},
		{"subnet of everything", small, `"10.77.2.0/24"`, `"0.0.0.0/0"`, []string{`8 network.B.subnet: the prefix of "0.0.0.0/0" is shorter than /8`}},
		{"subnet mapped", small, `"10.77.2.0/24"`, `"::ffff:10.77.2.0/120"`, []string{`8 network.B.subnet: write "::ffff:10.77.2.0/120" as IPv4`}},
		{"subnet multicast", small, `"10.77.2.0/24"`, `"239.0.0.0/24"`, []string{`8 network.B.subnet: "239.0.0.0/24" is multicast`}},
		{"one subnet twice", small, `"10.77.2.0/24"`, `"10.77.1.0/24"`, []string{
			`8 network.B.subnet: 10.77.1.0/24 is the subnet of network "A" too`,
			`11 daemon.h1.address.B: 10.77.2.1 is outside 10.77.1.0/24`, `14 daemon.h2.address.B: 10.77.2.2 is outside`}},
		{"subnets overlap", small, `"10.77.2.0/24"`, `"10.77.0.0/16"`, []string{`8 network.B.subnet: 10.77.0.0/16 overlaps 10.77.1.0/24 of network "A"`}},
		{"broadcast without address", small, `subnet = "10.77.2.0/24"`, "subnet = \"10.77.2.0/31\"\ntransport = \"broadcast\"",
			[]string{"9 network.B.transport: 10.77.2.0/31 has no broadcast address", "15 daemon.h2.address.B: 10.77.2.2 is outside"}},
		{"multicast on loopback", loop, `subnet = "127.0.1.0/24"`, "subnet = \"127.0.1.0/24\"\ntransport = \"multicast\"", []string{"4 network.A.transport: multicast does not work on loopback"}},
		{"group for broadcast", small, `subnet = "10.77.2.0/24"`, "subnet = \"10.77.2.0/24\"\ngroup = \"239.1.1.1\"\ntransport = \"broadcast\"", []string{"9 network.B.group: has an effect with transport = \"multicast\" only"}},
		{"group of other family", small, `subnet = "10.77.2.0/24"`, "subnet = \"10.77.2.0/24\"\ngroup = \"ff15::1\"", []string{"9 network.B.group: ff15::1 and the subnet 10.77.2.0/24 must both be"}},
		{"group not multicast", small, `subnet = "10.77.2.0/24"`, "subnet = \"10.77.2.0/24\"\ngroup = \"10.1.1.1\"", []string{`9 network.B.group: "10.1.1.1" is not a multicast address`}},
		{"mtu 575", small, `name = "B"`, "name = \"B\"\nmtu = 575", []string{"8 network.B.mtu: must be 576 to 65535, not 575"}},
		{"mtu 65536", small, `name = "B"`, "name = \"B\"\nmtu = 65536", []string{"8 network.B.mtu: must be 576 to 65535"}},
		{"dscp -1", small, `name = "B"`, "name = \"B\"\ndscp = -1", []string{"8 network.B.dscp: must be 0 to 63"}},
		{"dscp 64", small, `name = "B"`, "name = \"B\"\ndscp = 64", []string{"8 network.B.dscp: must be 0 to 63"}},
		{"offload as text", small, `name = "B"`, "name = \"B\"\noffload = \"yes\"", []string{"8 network.B.offload: must be true or false, not text"}},

		// daemons
		{"daemon twice", small, `"h2"`, `"h1"`, []string{`13 daemon[2].name: "h1" is the name of an earlier daemon too`}},
		{"hash twice", strings.NewReplacer("h1", "gwzt", "h2", "h1").Replace(small), `"h1"`, `"16ch"`, []string{`13 daemon.16ch.name: "gwzt" and "16ch" have the same hash, 773e9e7d`}},
		{"hash 0", small, `"h2"`, `"node2086-6jbb"`, []string{`13 daemon.node2086-6jbb.name: "node2086-6jbb" has the reserved hash 00000000`}},
		{"hash of operators", small, `"h2"`, `"node35424-qave"`, []string{`13 daemon.node35424-qave.name: "node35424-qave" has the reserved hash ffffffff`}},
		{"name with a slash", small, `"h2"`, `"../h2"`, []string{`13 daemon[2].name: the name "../h2" has characters other than`}},
		{"name with NUL", small, `"h2"`, `"h\u0000"`, []string{`13 daemon[2].name: the name`}},
		{"name not text", small, `"h2"`, `2`, []string{`13 daemon[2].name: must be text in quotes, not a number`, `13 daemon[2].name: a name has 1 to 19`}},
		{"daemon nowhere", small, "address = { A = \"10.77.1.2\", B = \"10.77.2.2\" }\n", "", []string{"12 daemon.h2.address: missing: this daemon is on none of the networks"}},
		{"address empty table", small, `{ A = "10.77.1.2", B = "10.77.2.2" }`, "{}", []string{"14 daemon.h2.address: missing"}},
		{"address without network", small, `{ A = "10.77.1.2", B = "10.77.2.2" }`, `"10.77.1.2"`, []string{"14 daemon.h2.address: names the network of each address"}},
		{"address on unknown network", small, `{ A = "10.77.1.2", B = "10.77.2.2" }`, `{ A = "10.77.1.2", b = "10.77.2.2" }`, []string{`14 daemon.h2.address.b: there is no network "b"; did you mean "B"?`}},
		{"address no list", small, `"10.77.2.2"`, `[]`, []string{"14 daemon.h2.address.B: no address"}},
		{"address a number", small, `"10.77.2.2"`, `1`, []string{"14 daemon.h2.address.B: must be text in quotes or a list of texts, not a number", "14 daemon.h2.address.B: no address"}},
		{"address list of numbers", small, `"10.77.2.2"`, `[ "10.77.2.2", 1]`, []string{"14 daemon.h2.address.B[2]: must be text in quotes"}},
		{"address a name", small, `"10.77.2.2"`, `"h2.example"`, []string{`14 daemon.h2.address.B: "h2.example" is not an IP address`}},
		{"address with port", small, `"10.77.2.2"`, `"10.77.2.2:4803"`, []string{`14 daemon.h2.address.B: "10.77.2.2:4803" has a port`}},
		{"address with leading zero", small, `"10.77.2.2"`, `"10.77.2.02"`, []string{`14 daemon.h2.address.B: "10.77.2.02" is not an IP address`}},
		{"address mapped", small, `"10.77.2.2"`, `"::ffff:10.77.2.2"`, []string{`14 daemon.h2.address.B: write "::ffff:10.77.2.2" as IPv4`}},
		{"address link local", small, `"10.77.2.2"`, `"fe80::1%eth0"`, []string{`14 daemon.h2.address.B: "fe80::1%eth0" is a link-local address`}},
		{"address unspecified", small, `"10.77.2.2"`, `"0.0.0.0"`, []string{`14 daemon.h2.address.B: "0.0.0.0" is not the address of a host`}},
		{"address outside", small, `"10.77.2.2"`, `"10.77.3.2"`, []string{`14 daemon.h2.address.B: 10.77.3.2 is outside 10.77.2.0/24, the subnet of network "B"`}},
		{"address is broadcast", small, `"10.77.2.2"`, `"10.77.2.255"`, []string{`14 daemon.h2.address.B: 10.77.2.255 is the broadcast address`}},
		{"address is subnet", small, `"10.77.2.2"`, `"10.77.2.0"`, []string{`14 daemon.h2.address.B: 10.77.2.0 is the address of the subnet`}},
		{"address twice", small, `"10.77.2.2"`, `"10.77.2.1"`, []string{`14 daemon.h2.address.B: 10.77.2.1 is daemon.h1.address.B already`}},
		{"address twice in a list", small, `"10.77.2.2"`, "[\n\"10.77.2.2\",\n\"10.77.2.2\" ]", []string{`16 daemon.h2.address.B[2]: 10.77.2.2 is daemon.h2.address.B[1] already`}},
		{"five addresses", small, `"10.77.2.2"`, `["10.77.2.2","10.77.2.3","10.77.2.4","10.77.2.5","10.77.2.6"]`, []string{`14 daemon.h2.address.B[5]: a daemon has 4 addresses`}},
		{"pair without network", small, `{ A = "10.77.1.1", B = "10.77.2.1" }`, `{ B = "10.77.2.1" }
[[daemon]]
name = "h3"
address.A = "10.77.1.3"`, []string{`14 daemon.h3.address: shares no network with daemon "h1"`}},
		{"families mixed", loop, `subnet = "127.0.1.0/24"`, "transport = \"unicast\"\n[[daemon]]\nname = \"h0\"\naddress.A = \"::1\"", []string{"9 daemon.h1.address.A: 127.0.1.1: the addresses of a network are all IPv4 or all IPv6"}},
		{"loopback mixed", small, "subnet = \"10.77.2.0/24\"\n", "transport = \"unicast\"\n[[daemon]]\nname = \"h0\"\naddress.B = \"127.0.0.1\"\naddress.A = \"10.77.1.9\"\n", []string{
			"15 daemon.h1.address.B: 10.77.2.1: loopback and other", "18 daemon.h2.address.B: 10.77.2.2: loopback and other"}},
		{"clients without port", small, `name = "h2"`, "name = \"h2\"\nclients = [\"10.77.1.2:0\", \"x\", \"239.1.1.1:1\"]", []string{
			`14 daemon.h2.clients[1]: "10.77.1.2:0" has port 0`, `14 daemon.h2.clients[2]: "x" is not an address with a port`, `14 daemon.h2.clients[3]: "239.1.1.1:1" is multicast`}},
		{"clients twice", small, `name = "h2"`, "name = \"h2\"\nclients = [\"10.77.1.2\", \"10.77.1.2:4803\"]", []string{`14 daemon.h2.clients[2]: 10.77.1.2:4803 is listed twice`}},
		{"clients covered", small, `name = "h2"`, "name = \"h2\"\nclients = [\"10.77.1.2\", \"0.0.0.0\"]", []string{`14 daemon.h2.clients[2]: 0.0.0.0:4803 cannot be opened beside another`}},
		{"clients covered by IPv6", small, `name = "h2"`, "name = \"h2\"\nclients = [\"[::]:4803\", \"127.0.0.1\", \"0.0.0.0:4804\"]", []string{`14 daemon.h2.clients[2]: 127.0.0.1:4803 cannot be opened beside another`}},
		{"clients of two daemons", strings.Replace(small, `name = "h1"`, "name = \"h1\"\nclients = [\"127.0.0.1\", \"10.77.1.1\"]", 1), `name = "h2"`, "name = \"h2\"\nclients = [\"127.0.0.1\", \"10.77.1.1\"]", []string{`15 daemon.h2.clients: 10.77.1.1:4803 is daemon.h1.clients already`}},

		// client and monitor
		{"relative socket", small, "[[daemon]]\nname = \"h1\"", "[client]\nsockets = \"x\"\n[[daemon]]\nname = \"h1\"", []string{`10 client.sockets: "x" is not the absolute path`}},
		{"unknown placeholder", small, "[[daemon]]\nname = \"h1\"", "[client]\nsockets = [\"/a\", \"/{host}\"]\n[[daemon]]\nname = \"h1\"", []string{`10 client.sockets[2]: "/{host}": only {port} and {name} are replaced`}},
		{"long socket", small, "[[daemon]]\nname = \"h1\"", "[monitor]\nsocket = \"/" + strings.Repeat("x", 105) + "{name}\"\n[[daemon]]\nname = \"h1\"", []string{`10 monitor.socket: "/xxx`}},
		{"mode", small, "[[daemon]]\nname = \"h1\"", "[client]\nmode = \"0888\"\n[[daemon]]\nname = \"h1\"", []string{`10 client.mode: must be an octal mode`}},
		{"uid", small, "[[daemon]]\nname = \"h1\"", "[client]\nallow_uid = [-1, 4294967295, \"root\"]\n[[daemon]]\nname = \"h1\"", []string{
			`10 client.allow_uid: must be 0 to 4294967294, not -1`, `10 client.allow_uid: must be 0 to 4294967294, not 4294967295`, `10 client.allow_uid[3]: must be a whole number, not text`}},
		{"access", small, "[[daemon]]\nname = \"h1\"", "[client]\naccess = [\"10.1.0.0/8\", \"host\"]\n[[daemon]]\nname = \"h1\"", []string{
			`10 client.access[1]: "10.1.0.0/8" has bits set behind the prefix; did you mean "10.0.0.0/8"?`, `10 client.access[2]: "host" is not a subnet or address`}},
		{"tls in part", small, "[[daemon]]\nname = \"h1\"", "[client.tls]\ncert = \"x\"\n[[daemon]]\nname = \"h1\"", []string{
			"9 client.tls.certificate: missing", "9 client.tls.key: missing", "9 client.tls.ca: missing", `10 client.tls.cert: unknown key; did you mean "certificate"?`}},
		{"queue below a message", small, "[[daemon]]\nname = \"h1\"", "[client]\nmax_queue = \"16MiB\"\n[[daemon]]\nname = \"h1\"", []string{`10 client.max_queue: must hold the longest message`}},
		{"metrics without port", small, "[[daemon]]\nname = \"h1\"", "[monitor]\nmetrics = \"127.0.0.1\"\n[[daemon]]\nname = \"h1\"", []string{`10 monitor.metrics: "127.0.0.1" is not an address with a port`}},
		{"two primaries", strings.Replace(small, `name = "A"`, "name = \"A\"\nprimary = true", 1), `name = "B"`, "name = \"B\"\nprimary = true", []string{`9 network.B.primary: "A" is primary already`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := edit(t, test.base, test.old, test.new)
			_, err := parseText(text)
			checkErrors(t, err, test.want, text)
		})
	}
}

// checkErrors compares all errors, joined in err, with the wanted ones.
func checkErrors(t *testing.T, err error, want []string, text string) {
	t.Helper()
	var have []string
	for _, one := range unjoin(err) {
		var e *Error
		if !errors.As(one, &e) {
			t.Fatalf("not an *Error: %v", one)
		}
		have = append(have, fmt.Sprintf("%d %s: %s", e.Line, e.Key, e.Msg))
	}
	missing := func(s string, list []string, match func(a, b string) bool) bool {
		for _, l := range list {
			if match(s, l) {
				return false
			}
		}
		return true
	}
	for _, w := range want {
		if missing(w, have, func(w, h string) bool { return strings.HasPrefix(h, w) }) {
			t.Errorf("lacks %q", w)
		}
	}
	for _, h := range have {
		if missing(h, want, strings.HasPrefix) {
			t.Errorf("has %q, which was not expected", h)
		}
	}
	if t.Failed() {
		t.Logf("in\n%s", text)
	}
}

func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
