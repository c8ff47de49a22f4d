package config

import (
	"net/netip"
	"testing"
)

func TestAllowsUser(t *testing.T) {
	for _, test := range []struct {
		uids, gids []uint32
		uid, gid   uint32
		want       bool
	}{
		{nil, nil, 1, 1, true},
		{[]uint32{1}, nil, 1, 9, true},
		{[]uint32{1}, nil, 9, 1, false},
		{nil, []uint32{1}, 9, 1, true},
		{nil, []uint32{1}, 1, 9, false},
		{[]uint32{1}, []uint32{2}, 1, 9, true},
		{[]uint32{1}, []uint32{2}, 9, 2, true},
		{[]uint32{1}, []uint32{2}, 2, 1, false},
	} {
		c := Client{AllowUID: test.uids, AllowGID: test.gids}
		if have := c.AllowsUser(test.uid, test.gid); have != test.want {
			t.Errorf("%+v: have %v", test, have)
		}
	}
}

func TestAllowsPlain(t *testing.T) {
	c := Client{Access: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}}
	for text, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "fe80::1%eth0": true,
		"11.0.0.1": false, "fd00::1": false,
	} {
		if have := c.AllowsPlain(netip.MustParseAddr(text)); have != want {
			t.Errorf("%s: have %v", text, have)
		}
	}
	if c.AllowsPlain(netip.Addr{}) {
		t.Error("no address is allowed")
	}
}

func TestExpand(t *testing.T) {
	c := Default()
	if have := c.Expand("/a/{port}/{name}.{port}", "h1"); have != "/a/4803/h1.4803" {
		t.Errorf("have %s", have)
	}
}
