package config

import "fmt"

// checkName checks the name of a cluster, network or daemon (design 7).
func checkName(name string, most int) error {
	if name == "" || len(name) > most {
		return fmt.Errorf("a name has 1 to %d characters, %s has %d", most, quote(name), len(name))
	}
	for _, c := range []byte(name) {
		if !isNameByte(c) {
			return fmt.Errorf("the name %s has characters other than A-Z a-z 0-9 . _ -", quote(name))
		}
	}
	return nil
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}

// name reads the name of a network or daemon and lets messages call the table
// by it. It notes a name that is missing, bad, or in use by an earlier one.
func (t *table) name(used map[string]bool) string {
	name := t.text("name", "")
	switch err := checkName(name, MaxName); {
	case !t.has("name"):
		t.fail("name", "missing")
	case err != nil:
		t.fail("name", "%v", err)
	case used[name]:
		t.fail("name", "%s is the name of an earlier %s too", quote(name), t.section)
	default:
		used[name] = true
		t.key = join2(t.section, name)
	}
	return name
}
