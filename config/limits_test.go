package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// grid is a configuration of n networks and m daemons on all of them.
func grid(n, m int) string {
	var b strings.Builder
	b.WriteString("key_file = \"/k\"\n")
	for i := range n {
		fmt.Fprintf(&b, "[[network]]\nname = \"n%d\"\nsubnet = \"10.77.%d.0/24\"\n", i, i)
	}
	for j := range m {
		fmt.Fprintf(&b, "[[daemon]]\nname = \"d%d\"\n", j)
		for i := range n {
			fmt.Fprintf(&b, "address.n%d = \"10.77.%d.%d\"\n", i, i, j+1)
		}
	}
	return b.String()
}

// TestNumbers: 8 networks and 128 daemons are allowed, one more is not.
func TestNumbers(t *testing.T) {
	c := mustParse(t, grid(MaxNetworks, MaxDaemons))
	if len(c.Networks) != MaxNetworks || len(c.Daemons) != MaxDaemons {
		t.Errorf("have %d networks, %d daemons", len(c.Networks), len(c.Daemons))
	}
	_, err := parseText(grid(MaxNetworks+1, 2))
	checkErrors(t, err, []string{"26 network[9]: there can be 8 at most, these are 9"}, "")
	_, err = parseText(grid(1, MaxDaemons+1))
	checkErrors(t, err, []string{"389 daemon[129]: there can be 128 at most, these are 129"}, "")
}

// TestFarTooMany: a file of nothing but tables is refused without a table of
// all addresses being made.
func TestFarTooMany(t *testing.T) {
	if _, err := parseText(strings.Repeat("[[network]]\n[[daemon]]\n", maxKeys/2)); len(unjoin(err)) != maxErrors+1 {
		t.Errorf("%d errors", len(unjoin(err)))
	}
}

// TestBounds: every bounded number and size at its limits and one beyond
// (SEC-14).
func TestBounds(t *testing.T) {
	for _, test := range []struct {
		section, key string
		good, bad    []string
	}{
		{"", "port", []string{"1", "65535"}, []string{"0", "65536", "1.0"}},
		{"", "failure_detection", []string{`"20ms"`, `"60s"`}, []string{`"19999us"`, `"60001ms"`, `"-1s"`, `""`}},
		{"", "max_skew", []string{`"1ms"`, `"60s"`}, []string{`"999us"`, `"60001ms"`}},
		{"", "reassembly_budget", []string{`16842752`, `"16448KiB"`, `"1GiB"`}, []string{`16842751`, `"1048577KiB"`, `"x"`, `"-1MiB"`, `"1.5MiB"`, `true`}},
		{"client", "max_sessions", []string{"1", "65535"}, []string{"0", "65536"}},
		{"client", "max_sessions_per_uid", []string{"1", "65535"}, []string{"0", "65536"}},
		{"client", "max_groups", []string{"1", "1048576"}, []string{"0", "1048577"}},
		{"client", "max_groups_per_message", []string{"1", "100"}, []string{"0", "101"}},
		{"client", "max_message", []string{"144000", `"63MiB"`}, []string{"143999", `"257MiB"`, `"64MiB"`}},
		{"client", "max_queue", []string{`"16448KiB"`, `"1GiB"`}, []string{"16842751", `"2GiB"`}},
		{"client", "max_rate", []string{"0", "1", "100000000"}, []string{"-1", "100000001"}},
		{"client", "handshake_timeout", []string{`"100ms"`, `"1m"`}, []string{`"99ms"`, `"61s"`}},
	} {
		text := func(value string) string {
			line := test.key + " = " + value + "\n"
			if test.section != "" {
				return small + "[" + test.section + "]\n" + line
			}
			return line + small
		}
		for _, v := range test.good {
			if _, err := parseText(text(v)); err != nil {
				t.Errorf("%s = %s: %v", test.key, v, err)
			}
		}
		for _, v := range test.bad {
			_, err := parseText(text(v))
			if err == nil || len(unjoin(err)) == 0 {
				t.Errorf("%s = %s is accepted", test.key, v)
			}
		}
	}
}

func TestManyPairsWithoutNetwork(t *testing.T) {
	var b strings.Builder
	b.WriteString(grid(2, 0))
	for i := range 6 {
		fmt.Fprintf(&b, "[[daemon]]\nname = \"d%d\"\naddress.n%d = \"10.77.%d.%d\"\n", i, i%2, i%2, i+1)
	}
	_, err := parseText(b.String())
	if n := len(unjoin(err)); n != 9 { // 3 x 3 pairs
		t.Errorf("%d errors, want 9", n)
	}
	for i := range 2 {
		fmt.Fprintf(&b, "[[daemon]]\nname = \"e%d\"\naddress.n%d = \"10.77.%d.%d\"\n", i, i%2, i%2, i+11)
	}
	_, err = parseText(b.String())
	errs := unjoin(err) // 4 x 4 pairs
	if len(errs) != mostPairs+1 || !strings.Contains(errs[mostPairs].Error(), "and 6 more pairs") {
		t.Errorf("have %v", err)
	}
}

func TestManyErrors(t *testing.T) {
	_, err := parseText(small + "[client]\n" + manyKeys(maxErrors+10))
	errs := unjoin(err)
	var last *Error
	if len(errs) != maxErrors+1 || !errors.As(errs[maxErrors], &last) || last.Msg != "and 10 more errors" {
		t.Errorf("have %d errors, the last %v", len(errs), last)
	}
	if first := errs[0].Error(); first != "spread.toml:16:1: client.k0: unknown key; known are: "+strings.Join(schema["client"], ", ") {
		t.Errorf("the first is %s", first)
	}
}
