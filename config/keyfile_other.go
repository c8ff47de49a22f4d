//go:build !unix

package config

import "os"

// openPrivate opens a regular file. What others may do to it, systems other
// than Unix do not tell in a way that Go shows.
func openPrivate(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, &Error{File: path, Msg: "cannot be opened: " + reason(err), cause: err}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: path, Msg: "is not a regular file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: path, Msg: "cannot be opened: " + reason(err), cause: err}
	}
	return f, nil
}
