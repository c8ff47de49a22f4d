package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestFindKeys(t *testing.T) {
	text := `# a = 1
top = "a # [x] = 2" # c = 1
"quoted" = 'it''s'
long = """
[no] = 1
"""" # four quotes end it
[[network]]  # first
name = 'A'
  [network.sub]
  deep.er = [ # comment ]
    "x", { in = 1, on = "}" },
    [ 1 ], ]
[[network]]
name = "B\" = "
[daemon . "h 1"]
address = { A = "1", B = ["2", "3"] }
quotes = [ """x"""", '''y''''', 1 ]
`
	at, limit := findKeys(text)
	if limit != nil {
		t.Fatal(limit)
	}
	for path, want := range map[string]string{
		"top": "2:1", "quoted": "3:1", "long": "4:1",
		"network.0": "7:1", "network.0.name": "8:1", "network.0.sub": "9:3", "network.0.sub.deep": "10:3",
		"network.0.sub.deep.er": "10:3", "network.0.sub.deep.er.0": "11:5", "network.0.sub.deep.er.1": "11:10",
		"network.0.sub.deep.er.1.in": "11:12", "network.0.sub.deep.er.1.on": "11:20",
		"network.0.sub.deep.er.2": "12:5", "network.0.sub.deep.er.2.0": "12:7",
		"network.1": "13:1", "network.1.name": "14:1",
		"daemon.h 1": "15:1", "daemon.h 1.address": "16:1", "daemon.h 1.address.A": "16:13",
		"daemon.h 1.quotes": "17:1", "daemon.h 1.quotes.0": "17:12", "daemon.h 1.quotes.1": "17:22", "daemon.h 1.quotes.2": "17:33",
		"daemon.h 1.address.B": "16:22", "daemon.h 1.address.B.0": "16:27", "daemon.h 1.address.B.1": "16:32",
	} {
		if have := fmt.Sprintf("%d:%d", at[path].line, at[path].column); have != want {
			t.Errorf("%s: have %s, want %s", path, have, want)
		}
		delete(at, path)
	}
	for path, place := range at {
		t.Errorf("%s at %v was not expected", path, place)
	}
}

// TestFindKeysOfAnything: no text makes the scanner fail, hang or panic; here
// every beginning of a text with everything in it, and single bytes.
func TestFindKeysOfAnything(t *testing.T) {
	text := "a.b = {x=[1,'2'],\"y\"=\"\\\"\"}\n[[c]]\nd='''\n''''\ne=\"\"\"\\\"\"\"\"\n[c.f]\n"
	for i := range text {
		findKeys(text[:i])
		findKeys(text[i:])
	}
	for c := range 256 {
		for _, s := range []string{"", "a", "a=", "[", "[[", "a=[", "a={", "a={b", "\"", "a=\"", "'''"} {
			findKeys(s + strings.Repeat(string([]byte{byte(c)}), 3))
		}
	}
}
