package config

import (
	"net/netip"
	"strings"
	"testing"
)

func TestSelfByName(t *testing.T) {
	c := mustParse(t, small)
	if i, err := c.SelfByName("h2"); i != 1 || err != nil {
		t.Errorf("have %d, %v", i, err)
	}
	_, err := c.SelfByName("h22")
	if err == nil || !strings.Contains(err.Error(), `no daemon "h22" in spread.toml; did you mean "h2"?`) {
		t.Errorf("have %v", err)
	}
}

func TestSelfByAddress(t *testing.T) {
	addrs := func(list ...string) (a []netip.Addr) {
		for _, s := range list {
			a = append(a, netip.MustParseAddr(s))
		}
		return a
	}
	two := mustParse(t, small)
	many := mustParse(t, grid(1, 20))
	for _, test := range []struct {
		name  string
		c     *Config
		local []netip.Addr
		want  int
		error []string
	}{
		{"on A", two, addrs("127.0.0.1", "10.77.1.2"), 1, nil},
		{"on B only", two, addrs("10.77.2.1", "::1"), 0, nil},
		{"as the kernel writes IPv4", two, addrs("::ffff:10.77.2.1"), 0, nil},
		{"on both", two, addrs("10.77.1.1", "10.77.2.1"), 0, nil},
		{"nowhere", two, addrs("127.0.0.1", "192.0.2.7"), -1, []string{
			"10.77.1.1 10.77.2.1 (h1), 10.77.1.2 10.77.2.2 (h2)", "this host has 127.0.0.1 192.0.2.7", "-n NAME"}},
		{"no address", two, nil, -1, []string{"this host has none"}},
		{"of two daemons", two, addrs("10.77.1.1", "10.77.2.2"), -1, []string{"several daemons of spread.toml: h1, h2;", "-n NAME"}},
		{"not all listed", many, nil, -1, []string{"10.77.0.16 (d15), and those of 4 more"}},
		{"loopback is everywhere", Default(), nil, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			i, err := test.c.SelfByAddress(test.local)
			if i != test.want || (err == nil) != (test.error == nil) {
				t.Fatalf("have %d, %v", i, err)
			}
			for _, want := range test.error {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("lacks %q: %v", want, err)
				}
			}
		})
	}
}
