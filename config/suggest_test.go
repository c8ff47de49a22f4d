package config

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := schema[""]
	for s, want := range map[string]string{
		"cluster": "cluster", "clustre": "cluster", "Port": "port", "prot": "port", "keyfile": "key_file", "key-file": "key_file",
		"failure_detecion": "failure_detection", "networks": "network", "fail": "failure_detection",
		"x": "", "": "", "zzzzzz": "", strings.Repeat("cluster", 100): "",
	} {
		if have := nearest(s, known); have != want {
			t.Errorf("%q: have %q, want %q", s, have, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1},
		{"abc", "xabc", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if have := distance(test.a, test.b); have != test.want {
			t.Errorf("%q, %q: have %d, want %d", test.a, test.b, have, test.want)
		}
	}
}
