package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mpspread/config"
)

// TestKeygen: what is made can be loaded, once to a file and once to stdout.
func TestKeygen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cluster.key")
	a, stdout, stderr := testApp()
	if code := a.execute([]string{"keygen", "-o", file}); code != exitOK || stdout.Len() > 0 || !strings.Contains(stderr.String(), file) {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	keys, err := config.LoadKeys(file)
	if err != nil || len(keys) != 1 {
		t.Fatalf("have %v, %v", keys, err)
	}

	a, stdout, stderr = testApp()
	if code := a.execute([]string{"keygen"}); code != exitOK || stderr.Len() > 0 {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	other := filepath.Join(t.TempDir(), "other.key")
	if err := os.WriteFile(other, stdout.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	more, err := config.LoadKeys(other)
	if err != nil || more[0].Secret == keys[0].Secret {
		t.Errorf("have %v, %v", more, err)
	}
}

// TestKeygenKeepsWhatIsThere: a key in use must not get lost.
func TestKeygenKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{file: "exists", link: "exists", dir: "exists", dir + "/no/dir": "no such file"} {
		a, _, stderr := testApp()
		if code := a.execute([]string{"keygen", "-o", path}); code != exitFailure || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit %d, %s", path, code, stderr)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "old" {
		t.Errorf("have %s, %v", data, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere")); err == nil {
		t.Error("written through a link")
	}
}
