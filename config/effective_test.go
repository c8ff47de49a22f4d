package config

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestEffective compares with testdata/NAME.effective.
func TestEffective(t *testing.T) {
	full := edit(t, small, `key_file = "/k"`, "key_file = \"/k\"\npolicy = \"failover\"\nfailure_detection = \"100ms\"")
	full = edit(t, full, `subnet = "10.77.2.0/24"`, "subnet = \"fd77::/64\"\nmtu = 1400\noffload = false\ndscp = 46\nprimary = true")
	full = edit(t, full, `B = "10.77.2.1"`, `B = ["fd77::1", "fd77::a1"]`)
	full = edit(t, full, `, B = "10.77.2.2"`, "")
	full += `clients = ["10.77.1.2", "127.0.0.1:4804"]
[client]
group = "ha"
mode = "0660"
allow_uid = [0, 99]
allow_gid = 7
access = "10.0.0.0/8"
tls = { certificate = "/c", key = "/x", ca = "/ca" }
max_rate = 1000
[monitor]
metrics = "127.0.0.1:9480"
dangerous = true
admins = "wheel"
`
	example, err := Load("../spread.toml.example")
	if err != nil {
		t.Fatal(err)
	}
	plain := edit(t, small, `key_file = "/k"`, `security = "plaintext"`) + "[client]\nsockets = []\n"
	for name, c := range map[string]*Config{
		"default": Default(), "example": example, "full": mustParse(t, full), "plaintext": mustParse(t, plain),
	} {
		t.Run(name, func(t *testing.T) {
			var have bytes.Buffer
			if err := Effective(&have, c); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".effective")
			if *update {
				if err := os.WriteFile(path, have.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(have.Bytes(), want) {
				t.Errorf("have\n%s\nwant\n%s", have.Bytes(), want)
			}
			if strings.Contains(have.String(), "%!") {
				t.Error("a wrong format")
			}
		})
	}
}

// TestTimers: the bounds that protocol rules 1, 4 and 10 set.
func TestTimers(t *testing.T) {
	for _, fd := range []string{"20ms", "100ms", "200ms", "500ms", "2s", "60s"} {
		c := mustParse(t, "failure_detection = \""+fd+"\"\n"+loop)
		x := c.timers()
		switch {
		case x.tokenLoss != c.FailureDetection, x.hold >= c.FailureDetection/4, x.mostResend > c.FailureDetection/8,
			x.leastResend > x.mostResend, x.hello > x.hearing, x.helloGather > x.hello, x.hearing >= x.tokenLoss,
			x.oldLife != c.FailureDetection/4, x.settle <= 0:
			t.Errorf("%s: %+v", fd, x)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("full")

func TestEffectiveWriteError(t *testing.T) {
	if err := Effective(failing{}, Default()); !errors.Is(err, errFull) {
		t.Errorf("have %v", err)
	}
}
