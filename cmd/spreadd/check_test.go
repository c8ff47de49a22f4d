package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mpspread/config"
)

// TestCheckKeyFile: a key file that is there is checked with the
// configuration that names it.
func TestCheckKeyFile(t *testing.T) {
	text, err := os.ReadFile("testdata/good.toml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, key := filepath.Join(dir, "spread.toml"), filepath.Join(dir, "missing.key")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		key    string
		mode   os.FileMode
		code   int
		stderr string
	}{
		{"good", string(config.GenerateKeyFile()), 0o600, exitOK, ""},
		{"open to all", string(config.GenerateKeyFile()), 0o644, exitInvalid, key + ": is open to others"},
		{"no key in it", "", 0o600, exitInvalid, key + ": holds no key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			os.Remove(key)
			if err := os.WriteFile(key, []byte(test.key), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(key, test.mode); err != nil {
				t.Fatal(err)
			}
			a, _, stderr := testApp()
			code := a.execute([]string{"check", file})
			if code != test.code || !strings.HasPrefix(stderr.String(), test.stderr) || test.stderr == "" && stderr.Len() > 0 {
				t.Errorf("exit %d, %s", code, stderr)
			}
		})
	}
}

// TestCheckTLS: the files of client.tls are checked if they are there.
func TestCheckTLS(t *testing.T) {
	dir := t.TempDir()
	file, pem := filepath.Join(dir, "spread.toml"), filepath.Join(dir, "x.pem")
	const text = "[[network]]\nname = \"A\"\n[[daemon]]\nname = \"h\"\naddress.A = \"127.0.0.1\"\n" +
		"[client]\ntls = { certificate = \"x.pem\", key = \"x.pem\", ca = \"x.pem\" }\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	a, _, stderr := testApp()
	if code := a.execute([]string{"check", file}); code != exitOK || !strings.Contains(stderr.String(), "warning: client.tls: ") {
		t.Errorf("missing: exit %d, %s", code, stderr)
	}
	if err := os.WriteFile(pem, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, _, stderr = testApp()
	if code := a.execute([]string{"check", file}); code != exitInvalid || !strings.HasPrefix(stderr.String(), file+": client.tls.key: ") {
		t.Errorf("bad: exit %d, %s", code, stderr)
	}
}

// TestCheckRealtime: a fast cluster needs real-time priority.
func TestCheckRealtime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "spread.toml")
	const text = "failure_detection = \"100ms\"\n[[network]]\nname = \"A\"\n[[daemon]]\nname = \"h\"\naddress.A = \"127.0.0.1\"\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, granted := range []bool{false, true} {
		a, _, stderr := testApp()
		a.realtime = func() bool { return granted }
		if code := a.execute([]string{"check", file}); code != exitOK || strings.Contains(stderr.String(), "real-time") == granted {
			t.Errorf("granted %v: exit %d, %s", granted, code, stderr)
		}
	}
}

// TestCheckFindsFile: without FILE, the one that run would take.
func TestCheckFindsFile(t *testing.T) {
	a, stdout, _ := testApp()
	a.files = []string{"testdata/none.toml", "testdata/good.toml"}
	if code := a.execute([]string{"check"}); code != exitOK || !strings.HasPrefix(stdout.String(), "testdata/good.toml: valid") {
		t.Errorf("exit %d, %s", code, stdout)
	}
}
