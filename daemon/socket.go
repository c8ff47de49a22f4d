package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// linkError tells that the place of a socket is taken by a symbolic link.
type linkError struct{ path, to string }

func (e *linkError) Error() string {
	return fmt.Sprintf("%s is a symbolic link to %s", e.path, e.to)
}

// listenUnix makes a local socket at path, safely where others can write too
// (SEC-11): only a dead socket of our own is replaced. Its directory is made,
// with mode 0755, if it is not there. gid is the socket's group, or -1.
func listenUnix(path string, mode fs.FileMode, gid int) (*listener, error) {
	if err := makeDirectory(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := clearPath(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil, fmt.Errorf("%s: %w: %w", path, errNoDirectory, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l.SetUnlinkOnClose(false) // listener.close looks whose it is first
	made, err := os.Lstat(path)
	out := &listener{Listener: l, path: path, made: made}
	if err == nil && gid >= 0 {
		err = os.Lchown(path, -1, gid)
	}
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err != nil {
		out.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// makeDirectory makes the directory of a socket if there is none, and refuses
// one in which others could exchange the socket.
func makeDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("%w: %w", errNoDirectory, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDirectory, err)
	}
	if owner, ok := ownerOf(info); ok && owner != 0 && owner != os.Geteuid() {
		return fmt.Errorf("%w: %s belongs to user %d", errNoDirectory, dir, owner)
	}
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("directory %s can be written by others (mode %04o)", dir, info.Mode().Perm())
	}
	return nil
}

// connectTimeout bounds the question whether a socket is alive.
const connectTimeout = time.Second

// clearPath removes a dead socket of our own; anything else in the way is an
// error.
func clearPath(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	switch owner, known := ownerOf(info); {
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return &linkError{path, to}
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("%s is there and is no socket", path)
	case known && owner != os.Geteuid():
		return fmt.Errorf("%s is a socket of user %d", path, owner)
	}
	conn, err := net.DialTimeout("unix", path, connectTimeout)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("%s: another daemon is listening there", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s may be in use: %w", path, err)
	}
	return os.Remove(path)
}
