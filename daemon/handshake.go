package daemon

import (
	"errors"
	"net"
	"slices"
	"time"

	"go.uber.org/zap"

	"mpspread/client/frame"
)

// refuse is what a handshake ends with when the client gets a result byte.
type refuse struct {
	result frame.Result
	why    string // in words, for the log
}

func (r *refuse) Error() string { return r.why }

// errHandshake ends a handshake without a word: the client is gone, or said
// nothing in time.
var errHandshake = errors.New("no handshake")

// handshake is steps A to E with one client. It is more patient than the
// original daemons: input may come in pieces, and other clients do not wait
// (client protocol 2.7). Step B and step E go out in one write each.
type handshake struct {
	d       *daemon
	session *session
	conn    net.Conn // the session's, or TLS on it
	buf     []byte
}

// maxEarly bounds what is read of a client before its session is open.
const maxEarly = 4 << 10

// run does the steps. What the client has sent beyond them stays in buf.
func (h *handshake) run() error {
	_ = h.conn.SetDeadline(time.Now().Add(h.d.cfg.Client.HandshakeTimeout))
	if err := h.secure(); err != nil {
		return err
	}
	hello, err := h.hello()
	if err != nil {
		return err
	}
	if hello.Version.HasMethods() {
		if err := h.methods(); err != nil {
			return err
		}
	} // older libraries do not choose; NULL is what they get (section 2.6)
	return h.open(hello)
}

// hello is step A.
func (h *handshake) hello() (hello frame.Hello, err error) {
	err = h.read(func(b []byte) (n int, err error) {
		hello, n, err = frame.ParseHello(b)
		return n, err
	})
	if result, ok := err.(frame.Result); ok {
		return hello, &refuse{result, result.Error()}
	}
	if err != nil {
		return hello, errHandshake
	}
	if hello.Name != "" && h.d.registry.reserve(h.session, hello.Name) != nil {
		return hello, &refuse{frame.RejectNotUnique, "private name " + hello.Name + " is in use"}
	}
	return hello, nil
}

// methods are steps B and C. Only NULL is on offer, so step D has no bytes.
func (h *handshake) methods() error {
	if _, err := h.conn.Write(frame.AppendOffer(nil, frame.MethodNull)); err != nil {
		return errHandshake
	}
	var chosen []string
	if err := h.read(func(b []byte) (n int, err error) {
		chosen, err = frame.ParseChoice(b)
		return frame.ChoiceSize, err
	}); err != nil {
		return &refuse{frame.RejectAuth, "incomplete choice of authentication methods"}
	}
	if len(chosen) == 0 || slices.ContainsFunc(chosen, func(m string) bool { return m != frame.MethodNull }) {
		return &refuse{frame.RejectAuth, "authentication method is not on offer"}
	}
	return nil
}

// open has the loop open the session, and is step E.
func (h *handshake) open(hello frame.Hello) error {
	o := &opening{session: h.session, name: hello.Name, membership: hello.Membership, reply: make(chan openReply, 1)}
	h.d.loop.mailbox.post(mail{open: o})
	var reply openReply
	select {
	case reply = <-o.reply:
	case <-h.d.loop.ended:
		return errHandshake
	}
	if reply.refusal != frame.Accept {
		return &refuse{reply.refusal, reply.refusal.Error()}
	}
	h.session.opened = true
	accept := frame.AppendAccept(nil, hello.Version, frame.DaemonVersion, reply.private)
	_, _ = h.conn.Write(accept) // if it fails the reader will see the end
	return h.conn.SetDeadline(time.Time{})
}

// read goes on until parse has what it needs.
func (h *handshake) read(parse func([]byte) (int, error)) error {
	for {
		n, err := parse(h.buf)
		if err == nil {
			h.buf = h.buf[n:]
			return nil
		}
		if err != frame.ErrShort {
			return err
		}
		room := make([]byte, maxEarly)
		n, err = h.conn.Read(room)
		if n == 0 && err != nil {
			return err
		}
		h.buf = append(h.buf, room[:n]...)
	}
}

// Bounds of the farewell to a refused client.
const (
	drainTime  = time.Second
	drainBytes = 64 << 10
)

// reject sends a result and closes. What the client has sent already is read
// first, since closing over it would make TCP throw the result away, and end
// of file behind the result is what the 5.0 library waits for.
func (d *daemon) reject(conn net.Conn, result frame.Result) {
	defer conn.Close()
	if !d.registry.bid(conn) {
		return
	}
	defer d.registry.bade(conn)
	_ = conn.SetDeadline(time.Now().Add(drainTime))
	if _, err := conn.Write([]byte{byte(result)}); err != nil {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	buf := make([]byte, 4<<10)
	for left := drainBytes; left > 0; {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		left -= n
	}
}

// serve is a session's goroutine: handshake, then reading. Its end shuts the
// session; the loop removes it from the registry if it was open.
func (d *daemon) serve(s *session) {
	defer d.sessions.Done()
	defer s.shut()
	if result := d.admission(s); result != frame.Accept {
		d.reject(s.conn, result)
		return
	}
	h := handshake{d: d, session: s, conn: s.conn}
	if err := h.run(); !s.opened {
		var r *refuse
		if errors.As(err, &r) {
			d.refused(&s.peer, r.why)
			d.registry.remove(s)
			d.reject(h.conn, r.result)
			return
		}
		d.registry.remove(s)
		return
	}
	d.sessions.Go(s.write)
	c := &d.cfg.Client
	newReader(s, &d.loop.mailbox, d.slots, limits{
		body: min(c.MaxMessage, frame.MaxBody), groups: c.MaxGroupsPerMessage, rate: c.MaxRate,
	}).run(h.buf)
	<-s.gone // after a disconnect the connection stays until it has been ordered
}

// admission judges a connection before anything is read of it: who it is from
// (SEC-11, SEC-12), and how many there are.
func (d *daemon) admission(s *session) frame.Result {
	c := &d.cfg.Client
	switch {
	case s.peer.local && !c.AllowsUser(s.peer.uid, s.peer.gid):
		d.refused(&s.peer, "user is not in client.allow_uid or client.allow_gid")
		return frame.RejectAuth
	case !s.peer.local && d.tls == nil && !c.AllowsPlain(s.peer.addr.Addr()):
		d.refused(&s.peer, "address is not in client.access")
		return frame.RejectAuth
	}
	result := d.registry.admit(s)
	if result != frame.Accept {
		d.refused(&s.peer, "too many sessions")
	}
	return result
}

// refusalQuiet is how long refusals of one kind are not told again.
const refusalQuiet = time.Minute

// refused logs a refusal, once an episode.
func (d *daemon) refused(p *peer, why string) {
	if d.refusals.pass(p.source() + " " + why) {
		d.log.Info("client refused", zap.String("client", p.String()), zap.String("reason", why))
	}
}
