package admin

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The extension of admin sockets, and the directories they are in: the
// system's, and the user's where /run/spread cannot be made (design 7).
const (
	socketExtension = ".admin"
	systemDirectory = "/run/spread"
)

// dialTimeout bounds how long Discover tries a socket; a live daemon's admin
// socket accepts at once.
const dialTimeout = 500 * time.Millisecond

// AmbiguousError tells that several daemons of this host could be meant.
type AmbiguousError struct{ Sockets []string }

func (e *AmbiguousError) Error() string {
	return "several daemons answer on this host; choose one with --socket:\n  " + strings.Join(e.Sockets, "\n  ")
}

// NoSocketError tells that no daemon was found, and where it was looked for.
type NoSocketError struct{ Looked []string }

func (e *NoSocketError) Error() string {
	return fmt.Sprintf("no daemon answers on %s; is spreadd running? try: spreadd run -c /etc/spread/spread.toml",
		strings.Join(e.Looked, " or "))
}

// Patterns are the glob patterns of admin sockets. configured is the
// configuration's monitor.socket, of which {name} may be any daemon's and
// {port} is port; if it is empty the two usual directories are meant. getenv
// is os.Getenv.
func Patterns(configured string, port uint16, getenv func(string) string) []string {
	patterns := []string{filepath.Join(systemDirectory, "*"+socketExtension)}
	if configured != "" {
		literal := globEscape(configured)
		literal = strings.ReplaceAll(literal, "{name}", "*")
		patterns[0] = strings.ReplaceAll(literal, "{port}", fmt.Sprint(port))
	}
	// A configured socket below /run/spread moves to the user's directory if
	// /run/spread cannot be made.
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" && filepath.Dir(patterns[0]) == systemDirectory {
		patterns = append(patterns, filepath.Join(globEscape(dir), "spread", filepath.Base(patterns[0])))
	}
	return patterns
}

// globEscape makes a path mean itself to filepath.Glob.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// Discover finds the one admin socket that patterns match and a daemon
// accepts on. Sockets of dead daemons are passed over. It fails with
// NoSocketError or AmbiguousError.
func Discover(patterns []string) (string, error) {
	var found []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("admin: looking for %s: %w", pattern, err)
		}
		for _, path := range matches {
			if !slices.Contains(found, path) && live(path) {
				found = append(found, path)
			}
		}
	}
	switch len(found) {
	case 0:
		return "", &NoSocketError{Looked: patterns}
	case 1:
		return found[0], nil
	}
	slices.Sort(found)
	return "", &AmbiguousError{Sockets: found}
}

// live tells whether somebody may be listening on path. A socket that refuses
// us for want of rights is somebody's: the error is then shown by its use.
func live(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	conn, err := net.DialTimeout("unix", path, dialTimeout)
	if err != nil {
		return os.IsPermission(err)
	}
	_ = conn.Close()
	return true
}
