package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// Local asks the daemon behind an admin socket. It may be used from any
// goroutine.
type Local struct {
	Socket string // path
}

// Ask sends one command and returns the answer, which may be a refusal. If
// nobody answers until ctx ends it fails with an UnreachableError.
func (l Local) Ask(ctx context.Context, command string) (Reply, error) {
	start := time.Now()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", l.Socket)
		},
		DisableKeepAlives: true,
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://spreadd/v1/"+command, nil)
	if err != nil {
		return Reply{}, fmt.Errorf("admin: request %s: %w", command, err)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return Reply{}, l.unreachable(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	switch {
	case err != nil:
		return Reply{}, l.unreachable(err)
	case len(body) > maxReply:
		return Reply{}, fmt.Errorf("%w: more than %d bytes", ErrBadReply, maxReply)
	}
	return Reply{Body: body, RTT: time.Since(start), Socket: l.Socket}, nil
}

// unreachable says what went wrong and what to try.
func (l Local) unreachable(err error) error {
	e := &UnreachableError{Where: l.Socket, Hint: "is spreadd running? try: spreadd run -c /etc/spread/spread.toml"}
	switch {
	case errors.Is(err, os.ErrPermission):
		e.Err, e.Hint = os.ErrPermission, "try as the user spreadd runs as, or as root"
	case errors.Is(err, os.ErrNotExist):
		e.Err = errors.New("no such socket")
	case errors.Is(err, context.DeadlineExceeded):
		e.Err, e.Hint = errors.New("no answer in time"), "the daemon accepts but does not answer; its log may say why"
	default:
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		e.Err = err
	}
	return e
}
