package client

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mpspread/client/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the daemon's end of one session, played by the test.
type peer struct {
	t    testing.TB
	conn net.Conn
	buf  []byte
}

const me = "#me#alpha"

// listen gives the address of a socket on which serve plays the daemon.
func listen(t testing.TB, serve func(p *peer)) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "client")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			serve(&peer{t: t, conn: conn})
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
		_ = os.RemoveAll(dir)
	})
	return "unix:" + path
}

// read goes on until parse has what it needs.
func (p *peer) read(parse func(b []byte) (int, error)) error {
	for {
		n, err := parse(p.buf)
		if err == nil {
			p.buf = p.buf[n:]
			return nil
		}
		if err != frame.ErrShort {
			return err
		}
		chunk := make([]byte, 4096)
		n, err = p.conn.Read(chunk)
		if n == 0 && err != nil {
			return err
		}
		p.buf = append(p.buf, chunk[:n]...)
	}
}

// accept does the daemon's side of the handshake.
func (p *peer) accept() (h frame.Hello) {
	p.check(p.read(func(b []byte) (n int, err error) { h, n, err = frame.ParseHello(b); return n, err }))
	p.write(frame.AppendOffer(nil, frame.MethodNull))
	p.check(p.read(func(b []byte) (int, error) {
		methods, err := frame.ParseChoice(b)
		if err == nil && !slices.Equal(methods, []string{"NULL"}) {
			p.t.Errorf("client chose %q", methods)
		}
		return frame.ChoiceSize, err
	}))
	p.write(frame.AppendAccept(nil, h.Version, frame.DaemonVersion, me))
	return h
}

// request is the client's next request; ok is false at the end of file.
func (p *peer) request() (r frame.Request, ok bool) {
	err := p.read(func(b []byte) (n int, err error) {
		r, n, err = frame.ParseRequest(b, me, frame.MaxBody)
		return n, err
	})
	return r, err == nil
}

func (p *peer) check(err error) {
	if err != nil {
		p.t.Error(err)
	}
}

func (p *peer) write(b []byte) {
	if _, err := p.conn.Write(b); err != nil {
		p.t.Log("peer:", err)
	}
}

// echo accepts, and sends back what it is asked to multicast, until the
// client disconnects.
func echo(p *peer) {
	p.accept()
	for {
		r, ok := p.request()
		if !ok || r.Type == frame.Kill {
			return
		}
		switch group := string(r.Groups.At(0)); r.Type {
		case frame.Join:
			p.write(frame.AppendMembership(nil, frame.CausedByJoin, group, GroupID{Ring: 1, Epoch: 2, Index: 3}, []string{me}, [][]string{{me}}, 0))
		case frame.Leave:
			p.write(frame.AppendSelfLeave(nil, group))
		default:
			p.write(frame.AppendMessage(nil, r.Type, me, r.Hint, r.Groups.Strings(), r.Data))
		}
	}
}

func TestSession(t *testing.T) {
	ctx := t.Context()
	c, err := Connect(ctx, listen(t, echo), WithName("me"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Private() != me {
		t.Errorf("private group %q", c.Private())
	}
	for _, err := range []error{
		c.Join(ctx, "chat"),
		c.Multicast(ctx, Safe, []byte("hello"), "chat", "#you#beta"),
		c.Send(ctx, Outgoing{Service: FIFO, Groups: []string{"chat"}, Data: make([]byte, 100_000), Type: -2, SelfDiscard: true}),
		c.Leave(ctx, "chat"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []Event
	for ev, err := range c.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, ev); len(got) == 4 {
			break
		}
	}
	m := got[0].(*Membership)
	if m.Group != "chat" || m.Cause != Join || m.Changed != me || m.ID != (GroupID{Ring: 1, Epoch: 2, Index: 3}) || !slices.Equal(m.Members, []string{me}) {
		t.Errorf("membership %+v", m)
	}
	a, b := got[1].(*Message), got[2].(*Message)
	if a.Service != Safe || string(a.Data) != "hello" || a.Sender != me || !slices.Equal(a.Groups, []string{"chat", "#you#beta"}) || a.Type != 0 {
		t.Errorf("message %+v", a)
	}
	if b.Service != FIFO || len(b.Data) != 100_000 || b.Type != -2 || !b.SelfDiscard || b.BigEndian {
		t.Errorf("message %v of %d bytes, type %d", b.Service, len(b.Data), b.Type)
	}
	if l := got[3].(*SelfLeave); l.Group != "chat" {
		t.Errorf("self-leave %+v", l)
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := c.Close(ctx); err != nil {
		t.Error("closed again:", err)
	}
	if err := c.Join(ctx, "chat"); !errors.Is(err, ErrClosed) {
		t.Errorf("join after close: %v", err)
	}
	for _, err := range c.Events(ctx) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("events after close: %v", err)
		}
	}
}

// TestEventKinds reads the events that no echo produces.
func TestEventKinds(t *testing.T) {
	c, err := Connect(t.Context(), listen(t, func(p *peer) {
		p.accept()
		b := frame.AppendTransition(nil, "g", GroupID{Ring: 1})
		b = frame.AppendMembership(b, frame.CausedByNetwork, "g", GroupID{Ring: 2}, []string{"#a#x", me}, [][]string{{"#a#x"}, {me}}, 1)
		b = frame.AppendReject(b, frame.CausedByJoin, me, frame.NewHint(0), []string{"g"}, nil)
		b = frame.AppendMessage(b, frame.Agreed, "#j#x", frame.Hint{0, 0, 5, 0}, nil, nil)
		for _, c := range b { // one byte at a time
			p.write([]byte{c})
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	var got []Event
	for ev, err := range c.Events(t.Context()) {
		if err != nil {
			if !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
			break
		}
		got = append(got, ev)
	}
	if len(got) != 4 {
		t.Fatalf("%d events: %+v", len(got), got)
	}
	if x := got[0].(*Transition); x.Group != "g" || x.ID.Ring != 1 {
		t.Errorf("%+v", x)
	}
	if x := got[1].(*Membership); x.Cause != Network || x.Own != 1 || x.Sets[1][0] != me || x.Changed != "" {
		t.Errorf("%+v", x)
	}
	if x := got[2].(*Rejected); x.Cause != Join || !slices.Equal(x.Groups, []string{"g", me}) {
		t.Errorf("%+v", x)
	}
	if x := got[3].(*Message); x.Type != 5 || !x.BigEndian || x.Sender != "#j#x" || len(x.Groups) != 0 {
		t.Errorf("%+v", x)
	}
	if err := c.Multicast(t.Context(), Agreed, nil, "g"); !errors.Is(err, ErrClosed) {
		t.Errorf("multicast on an ended connection: %v", err)
	}
}

func TestConnectRefused(t *testing.T) {
	for _, want := range []error{ErrQuota, ErrNotUnique, ErrIllegalName, ErrVersion, ErrAuth} {
		address := listen(t, func(p *peer) { p.write([]byte{byte(want.(frame.Result))}) })
		if _, err := Connect(t.Context(), address); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	late := listen(t, func(p *peer) {
		p.write(append(frame.AppendOffer(nil, "NULL"), byte(0xf7))) // frame.RejectAuth
		_, _ = p.conn.Read(make([]byte, 200))
	})
	if _, err := Connect(t.Context(), late); !errors.Is(err, ErrAuth) {
		t.Errorf("refused in step E: %v", err)
	}
	other := listen(t, func(p *peer) { p.write(frame.AppendOffer(nil, "IP")) })
	if _, err := Connect(t.Context(), other); !errors.Is(err, ErrAuth) {
		t.Errorf("no method in common: %v", err)
	}
	ended := listen(t, func(p *peer) {})
	if _, err := Connect(t.Context(), ended); err == nil {
		t.Error("connected to a daemon that hangs up")
	}
}

func TestConnectAddresses(t *testing.T) {
	for _, bad := range []string{"4803", "/tmp/4803", "udp:x:1", "unix:", ","} {
		if _, err := Connect(t.Context(), bad); !errors.Is(err, ErrIllegalAddress) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := Connect(t.Context(), "", WithName("a b")); !errors.Is(err, ErrIllegalName) {
		t.Errorf("illegal name: %v", err)
	}
	c, err := Connect(t.Context(), "unix:/nowhere/4803, "+listen(t, echo))
	if err != nil {
		t.Fatal("second of two addresses:", err)
	}
	_ = c.Close(t.Context())

	_, err = Connect(t.Context(), "unix:/nowhere/1,unix:/nowhere/2")
	if err == nil || !strings.Contains(err.Error(), "/nowhere/1") || !strings.Contains(err.Error(), "/nowhere/2") {
		t.Errorf("error names not both addresses: %v", err)
	}
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	want := []string{"unix:/run/spread/4803", "unix:/run/user/7/spread/4803", "unix:/tmp/4803"}
	if got := DefaultAddresses(); !slices.Equal(got, want) {
		t.Errorf("default addresses %q", got)
	}
}

// TestConnectCancel: a daemon that says nothing does not hold up a caller
// whose context ends.
func TestConnectCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := listen(t, func(p *peer) {
		cancel()
		_, _ = p.conn.Read(make([]byte, 200))
		_, _ = p.conn.Read(make([]byte, 200))
	})
	if _, err := Connect(ctx, address); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRequestErrors(t *testing.T) {
	ctx := t.Context()
	c, err := Connect(ctx, listen(t, echo))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	long := strings.Repeat("g", 32)
	for _, tt := range []struct {
		name string
		got  error
		want error
	}{
		{"join nothing", c.Join(ctx, ""), ErrIllegalGroup},
		{"join 32 bytes", c.Join(ctx, long), ErrIllegalGroup},
		{"join 31 bytes", c.Join(ctx, long[:31]), nil},
		{"join private group", c.Join(ctx, "#a#b"), ErrIllegalGroup},
		{"leave with space", c.Leave(ctx, "a b"), ErrIllegalGroup},
		{"empty destination", c.Multicast(ctx, Agreed, nil, ""), ErrIllegalGroup},
		{"long destination", c.Multicast(ctx, Agreed, nil, long), ErrIllegalGroup},
		{"100 groups", c.Multicast(ctx, Agreed, nil, slices.Repeat([]string{"g"}, 100)...), nil},
		{"101 groups", c.Multicast(ctx, Agreed, nil, slices.Repeat([]string{"g"}, 101)...), ErrTooManyGroups},
		{"no service", c.Multicast(ctx, Safe+1, nil, "g"), ErrIllegalService},
		{"longest", c.Multicast(ctx, Agreed, make([]byte, 144_000-32), "g"), nil},
		{"one more", c.Multicast(ctx, Agreed, make([]byte, 144_000-31), "g"), ErrMessageTooLong},
	} {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

// TestBackpressure: with a daemon that does not read, requests wait for room
// until the context ends, and go on once it reads.
func TestBackpressure(t *testing.T) {
	release := make(chan struct{})
	c, err := Connect(t.Context(), listen(t, func(p *peer) {
		p.accept()
		<-release
		for {
			if r, ok := p.request(); !ok || r.Type == frame.Kill {
				return
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 100_000)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for err == nil {
		err = c.Multicast(ctx, Agreed, data, "g")
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	close(release)
	if err := c.Multicast(t.Context(), Agreed, data, "g"); err != nil {
		t.Error(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCloseHungDaemon: Close ends with its context and leaves nothing behind.
func TestCloseHungDaemon(t *testing.T) {
	release := make(chan struct{})
	c, err := Connect(t.Context(), listen(t, func(p *peer) { p.accept(); <-release }))
	defer close(release)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for err == nil {
		err = c.Multicast(ctx, Agreed, make([]byte, 100_000), "g")
	}
	if err := c.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// TestEventsTakeTurns: a second reader is refused, a cancelled one can be
// followed by another, and Close inside the loop does not wait for it.
func TestEventsTakeTurns(t *testing.T) {
	c, err := Connect(t.Context(), listen(t, echo))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range c.Events(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
	if err := c.Multicast(t.Context(), Agreed, []byte("x"), "g"); err != nil {
		t.Fatal(err)
	}
	var last error
	for ev, err := range c.Events(t.Context()) {
		if err != nil {
			last = err
			continue
		}
		if m := ev.(*Message); string(m.Data) != "x" {
			t.Errorf("%+v", m)
		}
		for _, err := range c.Events(t.Context()) {
			if err != ErrBusy {
				t.Errorf("second reader: %v", err)
			}
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if last != ErrClosed {
		t.Errorf("loop ended with %v", last)
	}
}

// TestGarbageFromDaemon: what is no frame ends the connection with the reason.
func TestGarbageFromDaemon(t *testing.T) {
	c, err := Connect(t.Context(), listen(t, func(p *peer) {
		p.accept()
		p.write(make([]byte, 100))
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for _, err := range c.Events(t.Context()) {
		if !errors.Is(err, ErrClosed) || !errors.Is(err, frame.BadService) {
			t.Errorf("error %v", err)
		}
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		Unreliable.String(): "unreliable", Safe.String(): "safe", Service(6).String(): "service 6",
		Join.String(): "join", Network.String(): "network", Cause(0).String(): "none", Cause(9).String(): "cause 9",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
