package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mpspread/client/frame"
)

// attemptTimeout bounds dialling and handshake with one address.
const attemptTimeout = 5 * time.Second

// Option changes how Connect connects.
type Option func(*options)

type options struct {
	hello frame.Hello
	tls   *tls.Config
}

// WithName asks for a private name: 1 to 10 bytes of 0x24 to 0x7e, unique at
// the daemon. Without it the daemon invents one.
func WithName(name string) Option { return func(o *options) { o.hello.Name = name } }

// WithoutMembership asks for messages only: no memberships, transitional
// signals or confirmations of joins and leaves.
func WithoutMembership() Option { return func(o *options) { o.hello.Membership = false } }

// WithTLS is for "tls:" addresses: the program's certificate, and whom to
// trust. TLS 1.3 is spoken whatever it says; if it names no server, the host of
// the address must be in the daemon's certificate. It is not changed.
func WithTLS(config *tls.Config) Option { return func(o *options) { o.tls = config } }

// DefaultAddresses are tried for an empty address: the sockets of a packaged
// daemon, of one run by the user, and of any Spread daemon.
func DefaultAddresses() []string {
	addresses := []string{"unix:/run/spread/4803"}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		addresses = append(addresses, "unix:"+filepath.Join(dir, "spread", "4803"))
	}
	return append(addresses, "unix:/tmp/4803")
}

// Connect opens a session with a daemon. The address is "unix:/path",
// "tcp:host:port", "tls:host:port" (see WithTLS), several of them with commas,
// tried in order until one works, or empty for DefaultAddresses. Dialling and handshake take at most
// 5 s an address and end with ctx. A refusal by the daemon is one of the
// errors ErrQuota to ErrAuth, wrapped; if no address works the error holds
// the reason of each.
func Connect(ctx context.Context, address string, choices ...Option) (*Conn, error) {
	o := options{hello: frame.Hello{Version: frame.DaemonVersion, Membership: true}}
	for _, choose := range choices {
		choose(&o)
	}
	if name := o.hello.Name; name != "" && !frame.LegalName(name, frame.MaxPrivateName) {
		return nil, fmt.Errorf("client: name %q: %w", name, ErrIllegalName)
	}
	addresses := DefaultAddresses()
	if address != "" {
		addresses = strings.Split(address, ",")
	}
	var failed []error
	for _, a := range addresses {
		c, err := connect(ctx, strings.TrimSpace(a), &o)
		if err == nil {
			return c, nil
		}
		failed = append(failed, fmt.Errorf("client: %s: %w", strings.TrimSpace(a), err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failed...)
}

func connect(ctx context.Context, address string, o *options) (*Conn, error) {
	network, target, ok := strings.Cut(address, ":")
	if !ok || network != "unix" && network != "tcp" && network != "tls" || target == "" {
		return nil, ErrIllegalAddress
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	conn, err := dial(ctx, network, target, o.tls)
	if err != nil {
		return nil, err
	}
	c := &Conn{conn: conn, turn: make(chan struct{}, 1)}
	if err := c.handshake(ctx, o.hello); err != nil {
		_ = conn.Close()
		return nil, err
	}
	c.out = newOutbox(conn, c.private)
	return c, nil
}

// dial opens the connection, with TLS if that is the network.
func dial(ctx context.Context, network, target string, config *tls.Config) (net.Conn, error) {
	if network != "tls" {
		return new(net.Dialer).DialContext(ctx, network, target)
	}
	if config = config.Clone(); config == nil {
		config = new(tls.Config)
	}
	config.MinVersion = tls.VersionTLS13
	return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", target)
}

// handshake is steps A to E. What the daemon sends after E stays in the inbox.
func (c *Conn) handshake(ctx context.Context, hello frame.Hello) error {
	defer c.interrupt(ctx)()
	var methods []string
	if err := c.exchange(ctx, frame.AppendHello(nil, hello), func(b []byte) (n int, err error) {
		methods, n, err = frame.ParseOffer(b)
		return n, err
	}); err != nil {
		return err
	}
	if !slices.Contains(methods, frame.MethodNull) {
		return fmt.Errorf("daemon offers only %q: %w", methods, ErrAuth)
	}
	return c.exchange(ctx, frame.AppendChoice(nil, frame.MethodNull), func(b []byte) (n int, err error) {
		_, c.private, n, err = frame.ParseAccept(b)
		return n, err
	})
}

// exchange writes a step and reads the daemon's next one. A daemon that
// refuses may have closed before it read the step: its reason counts, not that
// the writing failed.
func (c *Conn) exchange(ctx context.Context, step []byte, parse func([]byte) (int, error)) error {
	_, failed := c.conn.Write(step)
	err := c.step(ctx, parse)
	if _, refused := err.(frame.Result); err != nil && failed != nil && !refused {
		return failed
	}
	return err
}

// step reads until parse has what it needs.
func (c *Conn) step(ctx context.Context, parse func([]byte) (int, error)) error {
	for {
		n, err := parse(c.in.unread())
		if err == nil {
			c.in.skip(n)
			return nil
		}
		if err != frame.ErrShort {
			return err
		}
		got, err := c.conn.Read(c.in.space())
		c.in.filled(got)
		if got == 0 && err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("handshake: %w", err)
		}
	}
}
