//go:build unix

package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestLoadKeysRefusesFiles(t *testing.T) {
	dir := t.TempDir()
	link, fifo := filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	if err := os.Symlink(writeKeys(t, 0o600), link); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                  "is a directory",
		link:                 "is a symbolic link",
		fifo:                 "is not a regular file",
		"/dev/null":          "is not a regular file",
		writeKeys(t, 0o640):  "is open to others (mode 0640)",
		writeKeys(t, 0o604):  "is open to others (mode 0604)",
		writeKeys(t, 0o601):  "is open to others (mode 0601)",
		writeKeys(t, 0o620):  "is open to others (mode 0620)",
		dir + "/none/of/it":  "cannot be opened: no such file",
		dir + "/a\x00b":      "cannot be opened: ",
		link + "/below/link": "cannot be opened: not a directory",
	} {
		keys, err := LoadKeys(path)
		if err == nil || keys != nil || !strings.HasPrefix(err.Error(), path+": "+want) {
			t.Errorf("%s: have %v, want %q", path, err, want)
		}
	}
}

func TestExposed(t *testing.T) {
	for _, test := range []struct {
		mode        os.FileMode
		owner, self int
		want        string
	}{
		{0o600, 0, 0, ""},
		{0o600, 0, 99, ""},
		{0o600, 99, 99, ""},
		{0o600, 98, 99, "belongs to user 98; it must be the daemon's user (99) or root"},
		{0o600, 98, 0, "belongs to user 98"},
		{0o666, 99, 99, "is open to others (mode 0666)"},
		{os.ModeDir | 0o700, 99, 99, "is a directory"},
		{os.ModeNamedPipe | 0o600, 99, 99, "is not a regular file"},
		{os.ModeDevice | os.ModeCharDevice | 0o600, 99, 99, "is not a regular file"},
	} {
		if have := exposed(test.mode, test.owner, test.self); !strings.HasPrefix(have, test.want) || (have == "") != (test.want == "") {
			t.Errorf("%v of %d for %d: have %q, want %q", test.mode, test.owner, test.self, have, test.want)
		}
	}
}
