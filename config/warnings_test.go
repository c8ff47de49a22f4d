package config

import (
	"slices"
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		name     string
		text     string
		realtime bool
		want     []string // beginnings
	}{
		{"nothing", small, false, nil},
		{"fast", edit(t, small, "key_file", "failure_detection = \"199ms\"\nkey_file"), false, []string{"failure_detection: below 200ms"}},
		{"fast with priority", edit(t, small, "key_file", "failure_detection = \"199ms\"\nkey_file"), true, nil},
		{"not so fast", edit(t, small, "key_file", "failure_detection = \"200ms\"\nkey_file"), false, nil},
		{"plaintext", edit(t, small, `key_file = "/k"`, `security = "plaintext"`), true, []string{"security: plaintext"}},
		{"plaintext on loopback", loop, true, nil},
		{"one network", grid(1, 2), true, []string{"network: there is only one"}},
		{"empty network", edit(t, small, "[[daemon]]\nname = \"h1\"", "[[network]]\nname = \"C\"\nsubnet = \"10.3.0.0/16\"\n[[daemon]]\nname = \"h1\""), true, []string{"network.C: no daemon"}},
		{"lonely network", edit(t, small, `, B = "10.77.2.2"`, ""), true, []string{"network.B: only h1 is on it"}},
		{"reserved group", edit(t, small, `name = "B"`, "name = \"B\"\ngroup = \"224.0.0.7\""), true, []string{"network.B.group: 224.0.0.7"}},
		{"plain listener", edit(t, small, `name = "h1"`, "name = \"h1\"\nclients = [\"10.77.1.1\", \"127.0.0.1\"]") + "[client]\naccess = [\"10.0.0.0/8\", \"127.0.0.1\"]\n", true,
			[]string{"daemon.h1.clients: 10.77.1.1:4803 takes clients from 10.0.0.0/8 in clear"}},
		{"useless listener", edit(t, small, `name = "h1"`, "name = \"h1\"\nclients = \"0.0.0.0\""), true, []string{"daemon.h1.clients: 0.0.0.0:4803 refuses everybody"}},
		{"tls listener", edit(t, small, `name = "h1"`, "name = \"h1\"\nclients = \"0.0.0.0\"") + "[client.tls]\ncertificate = \"c\"\nkey = \"k\"\nca = \"a\"\n", true, nil},
		{"no way in", loop + "[client]\nsockets = []\n", true, []string{"daemon.h1.clients: no program can connect"}},
		{"nothing of it built", small + "[monitor]\nmetrics = \"[::]:9480\"\ndangerous = true\nadmins = \"a\"\n", true,
			[]string{"monitor.metrics: has no effect", "monitor.dangerous: has no effect", "monitor.admins: has no effect"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			have := mustParse(t, test.text).Warnings(test.realtime)
			if !slices.EqualFunc(have, test.want, func(w Warning, s string) bool { return strings.HasPrefix(w.String(), s) }) {
				t.Errorf("have %q, want %q", have, test.want)
			}
		})
	}
}
