package config

import (
	"reflect"
	"testing"
)

// TestDefault: the daemon without a file is the one that this file makes.
func TestDefault(t *testing.T) {
	want := mustParse(t, `
[[network]]
name = "loopback"
subnet = "127.0.0.0/8"
[[daemon]]
name = "localhost"
address = { loopback = "127.0.0.1" }
clients = ["127.0.0.1:4803"]
[client]
sockets = ["/tmp/{port}"]
`)
	want.File = ""
	if have := Default(); !reflect.DeepEqual(have, want) {
		t.Errorf("have %+v\nwant %+v", have, want)
	}
	if w := Default().Warnings(false); len(w) > 0 {
		t.Errorf("warnings: %v", w)
	}
}

func TestDefaultIsFresh(t *testing.T) {
	Default().Client.Sockets[0] = "changed"
	if have := Default().Client.Sockets[0]; have != "/tmp/{port}" {
		t.Errorf("have %s", have)
	}
}
