package admin

import (
	"net/netip"
	"strings"
	"testing"

	"mpspread/config"
)

// twoNetworks is a cluster of two daemons on networks A and B.
func twoNetworks(t *testing.T) *config.Config {
	t.Helper()
	cfg, err := config.Parse(strings.NewReader(`
cluster = "test"
security = "plaintext"
[[network]]
name = "A"
subnet = "10.77.1.0/24"
[[network]]
name = "B"
subnet = "10.77.2.0/24"
[[network]]
name = "C"
transport = "unicast"
[[daemon]]
name = "h1"
address = { A = "10.77.1.1", B = "10.77.2.1", C = "192.0.2.1" }
[[daemon]]
name = "h2"
address = { A = "10.77.1.2", B = "10.77.2.2", C = "198.51.100.2" }
`), "test.toml")
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestRouteTo(t *testing.T) {
	cfg := twoNetworks(t)
	at := func(device, a string) ownAddress { return ownAddress{netip.MustParseAddr(a), device} }
	own := []ownAddress{
		at("lo", "127.0.0.1"), at("eth0", "10.77.1.9"), at("eth1", "fe80::1"), at("eth1", "10.77.2.9"), at("eth2", "192.0.2.1"),
	}
	for _, c := range []struct {
		name         string
		network      int
		to           string
		own          []ownAddress
		device, from string
	}{
		{"by the subnet, A", 0, "10.77.1.2", own, "eth0", "10.77.1.9"},
		{"by the subnet, B", 1, "10.77.2.2", own, "eth1", "10.77.2.9"},
		{"by a daemon's address", 2, "198.51.100.2", own, "eth2", "192.0.2.1"},
		{"none on that network", 1, "10.77.2.2", own[:2], "", ""},
		{"loopback", 0, "127.0.1.2", own, "", ""},
	} {
		r := routeTo(cfg, c.network, netip.MustParseAddr(c.to), c.own)
		from := ""
		if r.source.IsValid() {
			from = r.source.String()
		}
		if r.device != c.device || from != c.from {
			t.Errorf("%s: %q by %q, want %q by %q", c.name, from, r.device, c.from, c.device)
		}
	}
}

func TestRouteCheck(t *testing.T) {
	r := routeTo(twoNetworks(t), 1, netip.MustParseAddr("10.77.2.2"), nil)
	for a, good := range map[string]bool{"10.77.2.9": true, "203.0.113.5": true, "10.77.1.9": false} {
		if err := r.check(netip.MustParseAddr(a)); (err == nil) != good {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// A network whose addresses this host would reach by another one is refused,
// not asked by that other.
func TestDialRefusesAnotherNetwork(t *testing.T) {
	r := route{foreign: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	conn, err := dial(t.Context(), r, netip.MustParseAddrPort("127.0.0.1:9"))
	if err == nil {
		_ = conn.Close()
		t.Fatal("dialled")
	}
	if !strings.Contains(err.Error(), "no address on that network") {
		t.Error(err)
	}
}
