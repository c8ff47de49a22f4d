package daemon

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shortDir is a directory with a name short enough for sockets in it.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mps")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// deadSocket leaves a socket behind as a killed daemon does.
func deadSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
}

// TestListenUnix is SEC-11: what may be in the way of a socket, and what
// becomes of it.
func TestListenUnix(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, path string)
		want    string // in the error; "" if it is to work
	}{
		{"nothing there", func(*testing.T, string) {}, ""},
		{"dead socket of our own", deadSocket, ""},
		{"live socket", func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
		}, "another daemon is listening"},
		{"file", func(t *testing.T, path string) { writeFile(t, path) }, "is no socket"},
		{"directory", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "is no socket"},
		{"symbolic link", func(t *testing.T, path string) {
			deadSocket(t, path+"x")
			if err := os.Symlink(path+"x", path); err != nil {
				t.Fatal(err)
			}
		}, "symbolic link"},
		{"dead socket of another user", func(t *testing.T, path string) {
			deadSocket(t, path)
			if err := os.Lchown(path, 12345, -1); err != nil {
				t.Skip("needs root: ", err)
			}
		}, "socket of user 12345"},
		{"directory that others can write", func(t *testing.T, path string) {
			if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "can be written by others"},
		{"sticky directory", func(t *testing.T, path string) {
			if err := os.Chmod(filepath.Dir(path), 0o777|os.ModeSticky); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"directory of another user", func(t *testing.T, path string) {
			if err := os.Chown(filepath.Dir(path), 12345, -1); err != nil {
				t.Skip("needs root: ", err)
			}
		}, "belongs to user 12345"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), "4803")
			tt.prepare(t, path)
			l, err := listenUnix(path, 0o620, -1)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(path)
			if err != nil || info.Mode().Perm() != 0o620 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
			l.close()
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("socket is left behind: %v", err)
			}
		})
	}
}

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestListenUnixMakesDirectory(t *testing.T) {
	dir := filepath.Join(shortDir(t), "spread")
	l, err := listenUnix(filepath.Join(dir, "4803"), 0o666, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("directory %v, %v", info, err)
	}
	if _, err := listenUnix(filepath.Join(dir, "4803", "no", "socket"), 0o666, -1); !errors.Is(err, errNoDirectory) {
		t.Errorf("below a socket: %v", err)
	}
}

// TestCloseLeavesSuccessor: a socket that another daemon has put in the place
// of ours stays.
func TestCloseLeavesSuccessor(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l, err := listenUnix(path, 0o666, -1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path) // not the file that was made
	l.close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("removed what was not ours: %v", err)
	}
}

// TestSockets: the places of a daemon, one a link to another as packages make
// it, and a second daemon in the same place.
func TestSockets(t *testing.T) {
	c := newCluster(t, "", "alpha", "beta")
	link := filepath.Join(c.dir, "link")
	if err := os.Symlink(filepath.Join(c.dir, "alpha.sock"), link); err != nil {
		t.Fatal(err)
	}
	c.cfg.Client.Sockets = append(c.cfg.Client.Sockets, link)
	d := c.start("alpha")
	conn, err := net.Dial("unix", link)
	if err != nil {
		t.Fatal("over the link:", err)
	}
	_ = conn.Close()

	// A second daemon of that name finds the place taken and the first goes on.
	if err := Run(t.Context(), Options{Config: c.cfg, Name: "beta", OpenLinks: c.board.Open}); err == nil || !strings.Contains(err.Error(), "link") {
		t.Errorf("a link to another daemon's socket: %v", err)
	}
	c.cfg.Client.Sockets = c.cfg.Client.Sockets[:1]
	c.cfg.Client.Sockets[0] = filepath.Join(c.dir, "alpha.sock")
	if err := Run(t.Context(), Options{Config: c.cfg, Name: "beta", OpenLinks: c.board.Open}); err == nil || !strings.Contains(err.Error(), "another daemon") {
		t.Errorf("another daemon's socket: %v", err)
	}
	d.login("still")
	d.stop()
	for _, path := range []string{d.socket, d.admin} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left behind: %v", path, err)
		}
	}
}

// TestRunRefuses: what cannot run says so and leaves nothing.
func TestRunRefuses(t *testing.T) {
	c := newCluster(t, "", "alpha", "beta")
	for _, tt := range []struct {
		name string
		o    Options
		want string
	}{
		{"no configuration", Options{}, "no configuration"},
		{"which of two", Options{Config: c.cfg}, "no daemon"},
		{"unknown name", Options{Config: c.cfg, Name: "gamma"}, "gamma"},
	} {
		tt.o.OpenLinks = c.board.Open
		if err := Run(t.Context(), tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	sealed := *c.cfg
	sealed.KeyFile = "/nowhere/cluster.key"
	if err := Run(t.Context(), Options{Config: &sealed, Name: "alpha", OpenLinks: c.board.Open}); err == nil || !strings.Contains(err.Error(), "/nowhere/cluster.key") {
		t.Errorf("no key file: %v", err)
	}
}

// TestRuntimeDirectory: where the system's directory cannot be made, sockets
// are in the user's, and without one a daemon that clients can reach otherwise
// does without (design 7).
func TestRuntimeDirectory(t *testing.T) {
	c := newCluster(t, "", "alpha")
	blocker := filepath.Join(c.dir, "file")
	writeFile(t, blocker)
	defer func(d string) { systemDirectory = d }(systemDirectory)
	systemDirectory = filepath.Join(blocker, "spread")
	reachable := c.cfg.Client.Sockets
	c.cfg.Client.Sockets = []string{systemDirectory + "/{port}"}
	c.cfg.Monitor.Socket = systemDirectory + "/{name}.admin"

	t.Setenv("XDG_RUNTIME_DIR", "")
	if err := Run(t.Context(), Options{Config: c.cfg, OpenLinks: c.board.Open}); !errors.Is(err, errNoDirectory) {
		t.Errorf("no place at all: %v", err)
	}

	runtime := filepath.Join(c.dir, "user")
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	d := c.start("alpha")
	d.socket, d.admin = filepath.Join(runtime, "spread", "4803"), filepath.Join(runtime, "spread", "alpha.admin")
	d.login("u")
	var s any
	d.get("/v1/ping", &s)
	d.stop()

	t.Setenv("XDG_RUNTIME_DIR", "")
	c.cfg.Client.Sockets = append(c.cfg.Client.Sockets, reachable...)
	d = c.start("alpha")
	d.login("u")
	d.logged("socket left out")
	d.logged("no admin socket: spreadctl cannot ask this daemon")
}
