package daemon

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"mpspread/client/frame"
	"mpspread/config"
	"mpspread/datalink/datalinktest"
	"mpspread/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loopbackPort lets the system choose a port.
var loopbackPort = netip.MustParseAddrPort("127.0.0.1:0")

// patience bounds every wait of these tests; none waits so long unless it
// fails.
const patience = 20 * time.Second

// cluster is a set of daemons on an in-memory network.
type cluster struct {
	t     testing.TB
	dir   string
	text  string
	board *datalinktest.Switchboard
	cfg   *config.Config

	realtime bool
	sink     func(zapcore.Core) zapcore.Core             // nil: lines are written
	engine   func(engine.Config) (*engine.Engine, error) // nil: as ever
	peerOf   func(net.Conn) (peer, error)
}

// newCluster makes a configuration of the named daemons on networks A and B,
// with more lines for [client].
func newCluster(t testing.TB, client string, names ...string) *cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "mpd") // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var b strings.Builder
	key := filepath.Join(dir, "cluster.key")
	if err := os.WriteFile(key, config.GenerateKeyFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "cluster = \"test\"\nkey_file = %q\nport = 4803\n", key)
	for i, n := range []string{"A", "B"} {
		fmt.Fprintf(&b, "[[network]]\nname = %q\nsubnet = \"10.77.%d.0/24\"\n", n, i+1)
	}
	for i, n := range names {
		fmt.Fprintf(&b, "[[daemon]]\nname = %q\naddress = { A = \"10.77.1.%d\", B = \"10.77.2.%d\" }\n", n, i+1, i+1)
	}
	fmt.Fprintf(&b, "[client]\nsockets = [%q]\n%s\n", filepath.Join(dir, "{name}.sock"), client)
	fmt.Fprintf(&b, "[monitor]\nsocket = %q\n", filepath.Join(dir, "{name}.admin"))
	c := &cluster{t: t, dir: dir, text: b.String(), board: datalinktest.New()}
	if c.cfg, err = config.Parse(strings.NewReader(c.text), "test.toml"); err != nil {
		t.Fatal(err)
	}
	return c
}

// running is a daemon that has been started.
type running struct {
	t      testing.TB
	name   string
	socket string
	admin  string
	logs   *observer.ObservedLogs
	cancel context.CancelFunc
	done   chan error
}

// start runs a daemon until the test ends or stop is called.
func (c *cluster) start(name string) *running {
	c.t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	if c.sink != nil {
		core = c.sink(core)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{
		t: c.t, name: name, logs: logs, cancel: cancel, done: make(chan error, 1),
		socket: filepath.Join(c.dir, name+".sock"), admin: filepath.Join(c.dir, name+".admin"),
	}
	ready := make(chan struct{})
	go func() {
		r.done <- Run(ctx, Options{
			Config: c.cfg, Name: name, Log: zap.New(core), OpenLinks: c.board.Open,
			Ready: func() { close(ready) }, Software: "test", Realtime: c.realtime, newEngine: c.engine, peerOf: c.peerOf,
		})
	}()
	select {
	case <-ready:
	case err := <-r.done:
		c.t.Fatalf("daemon %s ended: %v", name, err)
	case <-time.After(patience):
		c.t.Fatalf("daemon %s is not ready", name)
	}
	c.t.Cleanup(r.stop)
	return r
}

// stop ends the daemon and fails the test if it does not end well.
func (r *running) stop() {
	r.cancel()
	select {
	case err, ok := <-r.done:
		if ok && err != nil {
			r.t.Errorf("daemon %s: %v", r.name, err)
		}
		if ok {
			close(r.done)
		}
	case <-time.After(patience):
		r.t.Fatalf("daemon %s does not stop", r.name)
	}
}

// logged waits until a line with this message is in the log.
func (r *running) logged(message string) observer.LoggedEntry {
	r.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if found := r.logs.FilterMessage(message).All(); len(found) > 0 {
			return found[0]
		}
	}
	r.t.Fatalf("nothing logged as %q: %v", message, r.logs.All())
	return observer.LoggedEntry{}
}

// raw is a client that knows bytes only.
type raw struct {
	t    testing.TB
	conn net.Conn
}

func (r *running) dial() *raw {
	r.t.Helper()
	conn, err := net.Dial("unix", r.socket)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &raw{r.t, conn}
}

// send writes pieces: hex digits with spaces, or 'text' padded to 32 bytes, or
// "text" as it is.
func (c *raw) send(pieces ...string) {
	c.t.Helper()
	if _, err := c.conn.Write(bytesOf(pieces...)); err != nil {
		c.t.Fatal(err)
	}
}

// want reads exactly these bytes.
func (c *raw) want(pieces ...string) {
	c.t.Helper()
	want := bytesOf(pieces...)
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.conn, got)
	if err != nil || !bytes.Equal(got, want) {
		c.t.Fatalf("%v, got\n%swant\n%s", err, hex.Dump(got[:n]), hex.Dump(want))
	}
}

// wantEnd reads the end of file.
func (c *raw) wantEnd() {
	c.t.Helper()
	rest, err := io.ReadAll(c.conn)
	if len(rest) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		c.t.Fatalf("wanted the end, got %v and\n%s", err, hex.Dump(rest))
	}
}

// event reads one frame.
func (c *raw) event() (frame.Event, []byte) {
	c.t.Helper()
	b := make([]byte, 0, 1<<12)
	need := frame.HeaderSize
	for {
		at := len(b)
		b = append(b, make([]byte, need-at)...)
		if _, err := io.ReadFull(c.conn, b[at:]); err != nil {
			c.t.Fatal(err)
		}
		e, n, err := frame.ParseEvent(b, 1<<24)
		if err == nil {
			return e, b
		}
		if !errors.Is(err, frame.ErrShort) {
			c.t.Fatal(err)
		}
		need = n
	}
}

// login is the handshake with a name.
func (r *running) login(name string) *raw {
	r.t.Helper()
	c := r.dial()
	c.send("05 00 01 01", fmt.Sprintf("%02X", len(name)), "\""+name+"\"")
	c.want("05", "\"NULL \"")
	c.conn.Write(frame.AppendChoice(nil, "NULL"))
	private := "#" + name + "#" + r.name
	c.want("01 05 00 01", fmt.Sprintf("%02X", len(private)), "\""+private+"\"")
	return c
}

func bytesOf(pieces ...string) []byte {
	var out []byte
	for _, p := range pieces {
		switch p[0] {
		case '\'':
			field := make([]byte, frame.NameSize)
			copy(field, p[1:len(p)-1])
			out = append(out, field...)
		case '"':
			out = append(out, p[1:len(p)-1]...)
		default:
			b, err := hex.DecodeString(strings.ReplaceAll(p, " ", ""))
			if err != nil {
				panic(err)
			}
			out = append(out, b...)
		}
	}
	return out
}

// tcpAddress is where the daemon takes TCP clients, as the log says.
func (r *running) tcpAddress() (at string) {
	r.t.Helper()
	r.eventually(func() bool {
		for _, line := range r.logs.FilterFieldKey("tcp").All() {
			at = fmt.Sprint(line.ContextMap()["tcp"])
		}
		return at != ""
	})
	return at
}
