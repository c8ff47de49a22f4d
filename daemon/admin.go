package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"mpspread/internal/admin"
)

// Bounds of the admin socket.
const (
	adminConnections = 16
	adminTimeout     = 5 * time.Second
	// adminMode lets everybody ask: there are only reads, which are free to
	// whoever may open the socket (design 8).
	adminMode = 0o666
)

// adminServer serves status as JSON over HTTP on the local admin socket.
type adminServer struct {
	listener *listener
	http     http.Server
	done     sync.WaitGroup
}

// listenAdmin opens the admin socket. A daemon that may not be in /run/spread
// and has no directory of its own runs without it.
func (d *daemon) listenAdmin() error {
	path := d.cfg.Expand(d.cfg.Monitor.Socket, d.name)
	l, err := d.listenLocal(path, adminMode, -1)
	if errors.Is(err, errNoDirectory) {
		d.log.Warn("no admin socket: spreadctl cannot ask this daemon", zap.String("path", path), zap.Error(err))
		return nil
	}
	if err != nil {
		return fmt.Errorf("daemon: admin socket: %w", err)
	}
	if l == nil {
		return fmt.Errorf("daemon: admin socket: %s leads to a client socket", path)
	}
	a := &adminServer{listener: l}
	a.http = http.Server{
		Handler:           d.adminHandler(),
		ReadHeaderTimeout: adminTimeout,
		WriteTimeout:      adminTimeout,
		IdleTimeout:       adminTimeout,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // what a client does wrong is its business
	}
	d.admin = a
	return nil
}

func (a *adminServer) start() {
	a.done.Go(func() { _ = a.http.Serve(netutil.LimitListener(a.listener, adminConnections)) })
}

// stop ends the server; who is just being answered gets a moment.
func (a *adminServer) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	if a.http.Shutdown(ctx) != nil {
		_ = a.http.Close()
	}
	a.done.Wait()
}

// statusKey carries the status of a request.
type statusKey struct{}

// taken is what snapshots.get gave.
type taken struct {
	status admin.Status
	err    error
}

// adminHandler answers with a slot held, while the document is made, and with
// none while the loop or the client is waited for.
func (d *daemon) adminHandler() http.Handler {
	documents := admin.Handler(func(ctx context.Context) (admin.Status, error) {
		t, _ := ctx.Value(statusKey{}).(taken)
		return t.status, t.err
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var t taken
		t.status, t.err = d.loop.status.get(r.Context())
		out := &response{header: w.Header(), code: http.StatusOK}
		d.slots.acquire()
		documents.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), statusKey{}, t)))
		d.slots.release()
		w.WriteHeader(out.code)
		_, _ = w.Write(out.body.Bytes()) // a tool that went away is no business of the daemon's
	})
}

// response holds an answer until it can be written.
type response struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (r *response) Header() http.Header         { return r.header }
func (r *response) WriteHeader(code int)        { r.code = code }
func (r *response) Write(p []byte) (int, error) { return r.body.Write(p) }
