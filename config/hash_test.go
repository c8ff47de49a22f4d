package config

import (
	"net/netip"
	"testing"
	"time"
)

// TestHashCovers: protocol rule 3, the settings all daemons must agree on.
func TestHashCovers(t *testing.T) {
	seen := map[uint64]string{mustParse(t, small).Hash(): "the original"}
	for name, change := range map[string]func(*Config){
		"cluster":           func(c *Config) { c.Cluster = "ha2" },
		"port":              func(c *Config) { c.Port++ },
		"security":          func(c *Config) { c.Security = Plaintext },
		"policy":            func(c *Config) { c.Policy = Failover },
		"failure detection": func(c *Config) { c.FailureDetection += time.Nanosecond },
		"network name":      func(c *Config) { c.Networks[1].Name = "C" },
		"transport":         func(c *Config) { c.Networks[1].Transport = Unicast },
		"subnet":            func(c *Config) { c.Networks[1].Subnet = netip.MustParsePrefix("10.77.0.0/16") },
		"no subnet":         func(c *Config) { c.Networks[1].Subnet = netip.Prefix{} },
		"group":             func(c *Config) { c.Networks[1].Group = netip.MustParseAddr("239.1.1.1") },
		"primary":           func(c *Config) { c.Networks[1].Primary = true },
		"order of networks": func(c *Config) { c.Networks[0], c.Networks[1] = c.Networks[1], c.Networks[0] },
		"daemon name":       func(c *Config) { c.Daemons[1].Name = "h3" },
		"address":           func(c *Config) { c.Daemons[1].Addresses[0][0] = netip.MustParseAddr("10.77.1.9") },
		"second address": func(c *Config) {
			c.Daemons[1].Addresses[0] = append(c.Daemons[1].Addresses[0], netip.MustParseAddr("10.77.1.9"))
		},
		"no address":          func(c *Config) { c.Daemons[1].Addresses[0] = nil },
		"daemon removed":      func(c *Config) { c.Daemons = c.Daemons[:1] },
		"order of daemons":    func(c *Config) { c.Daemons[0], c.Daemons[1] = c.Daemons[1], c.Daemons[0] },
		"addresses exchanged": func(c *Config) { a := c.Daemons[1].Addresses; a[0], a[1] = a[1], a[0] },
	} {
		c := mustParse(t, small)
		change(c)
		if other, same := seen[c.Hash()]; same {
			t.Errorf("%s: same hash as %s", name, other)
		}
		seen[c.Hash()] = name
	}
}

// TestHashLeavesAlone: what hosts may have differently.
func TestHashLeavesAlone(t *testing.T) {
	want := mustParse(t, small).Hash()
	for name, change := range map[string]func(*Config){
		"file":              func(c *Config) { c.File = "x" },
		"key file":          func(c *Config) { c.KeyFile = "x" },
		"max skew":          func(c *Config) { c.MaxSkew++ },
		"reassembly budget": func(c *Config) { c.ReassemblyBudget++ },
		"mtu":               func(c *Config) { c.Networks[0].MTU = 1280 },
		"offload":           func(c *Config) { c.Networks[0].Offload = false },
		"dscp":              func(c *Config) { c.Networks[0].DSCP = 1 },
		"clients":           func(c *Config) { c.Daemons[0].Clients = []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:1")} },
		"client":            func(c *Config) { c.Client = Client{} },
		"monitor":           func(c *Config) { c.Monitor = Monitor{Dangerous: true} },
	} {
		c := mustParse(t, small)
		change(c)
		if have := c.Hash(); have != want {
			t.Errorf("%s changes the hash", name)
		}
	}
}

// TestHashOfDefaults: writing a default down does not change the hash.
func TestHashOfDefaults(t *testing.T) {
	text := edit(t, small, "key_file", "port = 4803\nsecurity = \"sealed\"\npolicy = \"replicate\"\nfailure_detection = \"0.5s\"\nkey_file")
	text = edit(t, text, `name = "B"`, "transport = \"broadcast\"\nname = \"B\"")
	text = edit(t, text, `"10.77.2.2"`, `["10.77.2.2"]`)
	if have, want := mustParse(t, text).Hash(), mustParse(t, small).Hash(); have != want {
		t.Errorf("have %x, want %x", have, want)
	}
}

// TestHashIsFixed: a change of the hash parts a cluster whose hosts are
// upgraded one by one, so it must be meant.
func TestHashIsFixed(t *testing.T) {
	const want = 0x117b62cf11d961b9
	c, err := Load("../spread.toml.example")
	if err != nil {
		t.Fatal(err)
	}
	if have := c.Hash(); have != want {
		t.Errorf("have %#x, want %#x, of\n%s", have, uint64(want), c.canonical())
	}
}
