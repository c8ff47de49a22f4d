package config

import (
	"fmt"
	"testing"
)

// TestTransportDefault: what a network is that says little.
func TestTransportDefault(t *testing.T) {
	for _, test := range []struct {
		settings, address string
		want              string // transport group broadcast address
	}{
		{`subnet = "10.1.0.0/16"`, "10.1.0.1", "broadcast - 10.1.255.255"},
		{`subnet = "10.1.1.0/30"`, "10.1.1.1", "broadcast - 10.1.1.3"},
		{`subnet = "10.1.1.0/31"`, "10.1.1.1", "unicast - -"},
		{`subnet = "10.1.1.1/32"`, "10.1.1.1", "unicast - -"},
		{`subnet = "10.1.0.0/16"` + "\n" + `transport = "unicast"`, "10.1.0.1", "unicast - 10.1.255.255"},
		{`subnet = "10.1.0.0/16"` + "\n" + `group = "239.1.1.1"`, "10.1.0.1", "multicast 239.1.1.1 10.1.255.255"},
		{`subnet = "10.1.0.0/16"` + "\n" + `transport = "multicast"`, "10.1.0.1", "multicast 239.255.223.217 10.1.255.255"},
		{`subnet = "fd00:1::/64"`, "fd00:1::1", "multicast ff12::6d70:8829:dfd9 -"},
		{`subnet = "fd00:1::/64"` + "\n" + `group = "ff15::7"`, "fd00:1::1", "multicast ff15::7 -"},
		{`subnet = "fd00:1::/64"` + "\n" + `transport = "unicast"`, "fd00:1::1", "unicast - -"},
		{`subnet = "fd00:1::/127"`, "fd00:1::1", "unicast - -"},
		{`subnet = "127.0.0.0/8"`, "127.0.0.1", "unicast - 127.255.255.255"},
		{``, "127.0.0.1", "unicast - -"},
		{``, "::1", "unicast - -"},
		{`transport = "unicast"`, "192.0.2.1", "unicast - -"},
		{`transport = "unicast"`, "2001:db8::1", "unicast - -"},
	} {
		text := fmt.Sprintf("cluster = \"c1\"\nkey_file = \"/k\"\n[[network]]\nname = \"A\"\n%s\n[[daemon]]\nname = \"h\"\naddress.A = %q\n",
			test.settings, test.address)
		n := &mustParse(t, text).Networks[0]
		have := n.Transport.String()
		for _, a := range []string{n.Group.String(), n.BroadcastAddr().String()} {
			if a == "invalid IP" {
				a = "-"
			}
			have += " " + a
		}
		if have != test.want {
			t.Errorf("%q with %s: have %s, want %s", test.settings, test.address, have, test.want)
		}
	}
}

func TestIPv6MTU(t *testing.T) {
	text := "key_file = \"/k\"\n[[network]]\nname = \"A\"\nsubnet = \"fd00::/64\"\nmtu = %d\n[[daemon]]\nname = \"h\"\naddress.A = \"fd00::1\"\n"
	_, err := parseText(fmt.Sprintf(text, 1279))
	checkErrors(t, err, []string{"5 network.A.mtu: must be at least 1280 for IPv6, not 1279"}, text)
	mustParse(t, fmt.Sprintf(text, 1280))
}

func TestPrimary(t *testing.T) {
	for _, test := range []struct{ policy, b, want string }{
		{"replicate", "", "false false"},
		{"failover", "", "true false"},
		{"failover", "primary = true", "false true"},
	} {
		text := edit(t, small, "key_file", fmt.Sprintf("policy = %q\nkey_file", test.policy))
		c := mustParse(t, edit(t, text, `name = "B"`, "name = \"B\"\n"+test.b))
		if have := fmt.Sprint(c.Networks[0].Primary, c.Networks[1].Primary); have != test.want {
			t.Errorf("%s, %q: have %s, want %s", test.policy, test.b, have, test.want)
		}
	}
}
