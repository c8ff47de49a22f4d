//go:build unix

package config

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// openPrivate opens a regular file that nobody but its owner can read, and
// whose owner is this process's user or root. All checks are of the file that
// was opened, so that it cannot be exchanged in between. The open does not
// wait: a named pipe is refused like every other special file.
func openPrivate(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, &Error{File: path, Msg: "is a symbolic link; name the key file itself"}
	}
	if err != nil {
		return nil, &Error{File: path, Msg: "cannot be opened: " + reason(err), cause: err}
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, &Error{File: path, Msg: "cannot be examined: " + reason(err)}
	}
	owner := -1
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(stat.Uid)
	}
	if problem := exposed(info.Mode(), owner, os.Geteuid()); problem != "" {
		f.Close()
		return nil, &Error{File: path, Msg: problem}
	}
	return f, nil
}

// exposed tells why a file with this mode and owner is not fit to hold keys
// for a process of user self; "" if it is.
func exposed(mode os.FileMode, owner, self int) string {
	switch {
	case mode.IsDir():
		return "is a directory"
	case !mode.IsRegular():
		return "is not a regular file"
	case owner != 0 && owner != self:
		return fmt.Sprintf("belongs to user %d; it must be the daemon's user (%d) or root", owner, self)
	case mode.Perm()&0o077 != 0:
		return fmt.Sprintf("is open to others (mode %04o); run chmod 600", mode.Perm())
	}
	return ""
}
