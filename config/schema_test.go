package config

import (
	"strings"
	"testing"
)

// TestEveryKeyIsRead gives each key of the schema a value that no key takes:
// a key that nobody reads would take it.
func TestEveryKeyIsRead(t *testing.T) {
	const date = " = 1979-05-27\n"
	for _, section := range sections {
		for _, key := range schema[section] {
			text, path := key+date, join2(section, key)
			switch section {
			case "":
				path = key
			case "network":
				text, path = "[[network]]\n"+text, "network[1]."+key
			case "daemon":
				text, path = "[[daemon]]\n"+text, "daemon[1]."+key
			default:
				text = "[" + section + "]\n" + text
			}
			_, err := parseText(text)
			found := false
			for _, one := range unjoin(err) {
				found = found || strings.Contains(one.Error(), ": "+path+": ") && !strings.Contains(one.Error(), "unknown key")
			}
			if !found {
				t.Errorf("no error for %s in %v", path, err)
			}
		}
	}
}

func TestSectionsAreTheSchema(t *testing.T) {
	if len(sections) != len(schema) {
		t.Errorf("%d sections, %d in the schema", len(sections), len(schema))
	}
	for _, s := range sections {
		if len(schema[s]) == 0 {
			t.Errorf("section %q has no keys", s)
		}
	}
}
