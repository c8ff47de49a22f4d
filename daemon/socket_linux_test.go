package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestListenUnixForeignDirectory: a directory that is there and in which this
// user may make nothing, as /run/spread is after a daemon of root, is no place
// for a socket.
func TestListenUnixForeignDirectory(t *testing.T) {
	dir := shortDir(t)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // root looks at files as another user; a thread does
	defer runtime.UnlockOSThread()
	const nobody = 65534
	was, err := unix.SetfsuidRetUid(nobody)
	if err != nil {
		t.Fatal(err)
	}
	l, err := listenUnix(filepath.Join(dir, "4803"), 0o666, -1)
	_ = unix.Setfsuid(was)
	if !errors.Is(err, errNoDirectory) {
		t.Errorf("listening at %+v, %v", l, err)
	}
}
