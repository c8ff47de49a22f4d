package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func readExample(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../spread.toml.example")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestExampleFile(t *testing.T) {
	c, err := Load("../spread.toml.example")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Networks) != 2 || len(c.Daemons) != 3 {
		t.Errorf("have %d networks and %d daemons, want 2 and 3", len(c.Networks), len(c.Daemons))
	}
	if w := c.Warnings(true); len(w) > 0 {
		t.Errorf("warnings: %v", w)
	}
}

// setting is a line of the example that sets a key or shows how.
var setting = regexp.MustCompile(`(?m)^(#?)([a-z_]+) *= .*$`)

// TestExampleFileHasEveryKey also proves that every comment in front of a key
// is there: a key's first line must follow a comment that names its effect.
func TestExampleFileHasEveryKey(t *testing.T) {
	section, comment := "", ""
	found := map[string]bool{}
	for line := range strings.Lines(readExample(t)) {
		line = strings.TrimSpace(line)
		switch m := setting.FindStringSubmatch(line); {
		case m != nil:
			key := join2(section, m[2])
			if !found[key] && !strings.Contains(comment, "Effect:") {
				t.Errorf("%s: the comment before it does not say its effect", key)
			}
			if !found[key] && !strings.Contains(comment, "efault") {
				t.Errorf("%s: the comment before it does not say its default", key)
			}
			found[key] = true
			for _, sub := range schema["client.tls"] {
				found["client.tls."+sub] = found["client.tls."+sub] || key == "client.tls" && strings.Contains(line, sub+" = ")
			}
		case strings.HasPrefix(line, "["):
			section, comment = strings.Trim(line, "[]"), ""
		case strings.HasPrefix(line, "# "):
			comment += line
		case line == "":
			comment = ""
		}
		if strings.HasPrefix(line, "[") {
			found[section] = true
		}
	}
	for _, s := range sections {
		for _, key := range schema[s] {
			if !found[join2(s, key)] {
				t.Errorf("%s does not occur in spread.toml.example", join2(s, key))
			}
		}
	}
}

// TestExampleFileSettings sets each of the settings that are only shown, and
// compares those that are said to be defaults with them.
func TestExampleFileSettings(t *testing.T) {
	text := readExample(t)
	plain, err := Parse(strings.NewReader(text), "")
	if err != nil {
		t.Fatal(err)
	}
	var want, have strings.Builder
	if err := Effective(&want, plain); err != nil {
		t.Fatal(err)
	}
	// Shown with a value that is no default, as the text there says.
	changes := map[string]bool{"group": true, "access": true, "tls": true, "metrics": true, "admins": true, "mtu": true}
	shown := 0
	for _, m := range setting.FindAllStringSubmatchIndex(text, -1) {
		if m[2] == m[3] {
			continue // it is set
		}
		shown++
		key := text[m[4]:m[5]]
		c, err := Parse(strings.NewReader(text[:m[2]]+text[m[3]:]), "")
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		have.Reset()
		if err := Effective(&have, c); err != nil {
			t.Fatal(err)
		}
		if same := have.String() == want.String(); same == changes[key] {
			t.Errorf("%s: same effective values = %v, want %v", key, same, !changes[key])
		}
	}
	if shown < 15 {
		t.Errorf("only %d settings are shown", shown)
	}
}
