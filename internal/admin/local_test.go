package admin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers on a fresh admin socket in dir until the test ends.
func serve(t *testing.T, dir, name string, h http.Handler) string {
	t.Helper()
	path := filepath.Join(dir, name)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return path
}

func answering() http.Handler {
	return Handler(func(context.Context) (Status, error) { return sample(), nil })
}

func TestLocalAsk(t *testing.T) {
	path := serve(t, t.TempDir(), "h2.admin", answering())
	reply, err := Local{Socket: path}.Ask(t.Context(), CommandStatus)
	if err != nil {
		t.Fatal(err)
	}
	s, err := reply.Status()
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	want.Via = &Via{Socket: path}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v", s)
	}
}

func TestLocalUnreachable(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "dead.admin")
	l, err := net.Listen("unix", dead)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	release := make(chan struct{})
	mute := serve(t, dir, "mute.admin", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer close(release)
	ended, cancel := context.WithDeadline(t.Context(), time.Now().Add(50*time.Millisecond))
	defer cancel()
	for _, c := range []struct {
		name, path, want string
		ctx              context.Context
	}{
		{"none", filepath.Join(dir, "none.admin"), "no such socket", t.Context()},
		{"dead", dead, "connection refused", t.Context()},
		{"mute", mute, "no answer in time", ended},
	} {
		_, err := Local{Socket: c.path}.Ask(c.ctx, CommandPing)
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestPatterns(t *testing.T) {
	user := func(key string) string {
		if key == "XDG_RUNTIME_DIR" {
			return "/run/user/7"
		}
		return ""
	}
	none := func(string) string { return "" }
	for _, c := range []struct {
		name, configured string
		getenv           func(string) string
		want             []string
	}{
		{"system only", "", none, []string{"/run/spread/*.admin"}},
		{"usual", "", user, []string{"/run/spread/*.admin", "/run/user/7/spread/*.admin"}},
		{"configured below /run/spread", "/run/spread/{name}.admin", user, []string{"/run/spread/*.admin", "/run/user/7/spread/*.admin"}},
		{"configured elsewhere", "/srv/{name}-{port}.sock", user, []string{"/srv/*-4803.sock"}},
		{"literal", "/srv/a[1]*.sock", none, []string{`/srv/a\[1]\*.sock`}},
	} {
		if got := Patterns(c.configured, 4803, c.getenv); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	patterns := []string{filepath.Join(dir, "*.admin"), filepath.Join(dir, "h*.admin")}
	if err := os.WriteFile(filepath.Join(dir, "file.admin"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var none *NoSocketError
	if _, err := Discover(patterns); !errors.As(err, &none) || !strings.Contains(err.Error(), "is spreadd running?") {
		t.Errorf("nothing there: got %v", err)
	}
	h2 := serve(t, dir, "h2.admin", answering())
	if got, err := Discover(patterns); got != h2 || err != nil {
		t.Errorf("one: got %q, %v", got, err)
	}
	h1 := serve(t, dir, "h1.admin", answering())
	var several *AmbiguousError
	if _, err := Discover(patterns); !errors.As(err, &several) || !reflect.DeepEqual(several.Sockets, []string{h1, h2}) {
		t.Errorf("two: got %v", err)
	}
}
