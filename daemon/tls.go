package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"go.uber.org/zap"

	"mpspread/client/frame"
	"mpspread/config"
)

// LoadTLS reads the files of client.tls: TLS 1.3, and only for clients whose
// certificate the authority has signed (SEC-12). It returns nil if TLS is not
// configured. What is wrong with a file is a *config.Error with the key, and
// may be fs.ErrNotExist or fs.ErrPermission besides.
func LoadTLS(c *config.Config) (*tls.Config, error) {
	files := c.Client.TLS
	if files == nil {
		return nil, nil
	}
	certificate, err := readPEM(c, "certificate", files.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := readPEM(c, "key", files.Key)
	if err != nil {
		return nil, err
	}
	defer clear(key) // SEC-18
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, tlsError(c, "key", fmt.Sprintf("%s is no key of the certificate in %s: %v", files.Key, files.Certificate, err))
	}
	authority, err := readPEM(c, "ca", files.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, tlsError(c, "ca", files.CA+" holds no certificate in PEM form")
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		// Sessions are long: to resume one saves nothing.
		SessionTicketsDisabled: true,
	}, nil
}

func readPEM(c *config.Config, key, file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", tlsError(c, key, "cannot be read"), err)
	}
	return b, nil
}

func tlsError(c *config.Config, key, message string) error {
	return &config.Error{File: c.File, Key: "client.tls." + key, Msg: message}
}

// handshakeRecord is the first byte of a TLS client (RFC 8446, section 5.1),
// and as a major version of a Spread library unheard of.
const handshakeRecord = 22

// secure is what comes before step A of a TCP client where TLS is configured:
// its first byte tells whether it speaks TLS, which everybody may, and whoever
// is not in client.access must.
func (h *handshake) secure() error {
	if h.session.peer.local || h.d.tls == nil {
		return nil
	}
	first := make([]byte, maxEarly)
	n, err := h.conn.Read(first)
	if n == 0 && err != nil {
		return errHandshake
	}
	h.buf = first[:n]
	if h.buf[0] != handshakeRecord {
		if !h.d.cfg.Client.AllowsPlain(h.session.peer.addr.Addr()) {
			return &refuse{frame.RejectAuth, "address is not in client.access, and it does not speak TLS"}
		}
		return nil
	}
	t, err := h.d.startTLS(h.session.conn, h.buf)
	if err != nil {
		// The error holds the client's words: no key for what is logged once.
		if p := &h.session.peer; h.d.refusals.pass(p.source() + " TLS") {
			h.d.log.Info("client refused", zap.String("client", p.String()), zap.String("reason", "TLS handshake failed"), zap.Error(err))
		}
		return errHandshake
	}
	h.conn, h.session.stream, h.buf = t, t, nil
	return nil
}

// tlsStream is the stream of a connection by TLS, and the connection as the
// handshake sees it.
//
// crypto/tls locks its sending side while it writes, and needs it also to
// answer some of what it reads. If it wrote to the socket, a client that does
// not read would make a reading goroutine wait there, with its slot. So it
// writes to memory, and the one goroutine that writes brings that to the socket
// (deliver) with no lock and no slot held.
type tlsStream struct {
	net.Conn // in clear: deadlines, addresses, Close
	tls      *tls.Conn
	under    *tlsSocket
}

// startTLS does the handshake on a connection of which early has been read,
// until the connection's deadline.
func (d *daemon) startTLS(conn net.Conn, early []byte) (*tlsStream, error) {
	socket, err := newStream(conn, d.slots)
	if err != nil {
		return nil, err
	}
	under := &tlsSocket{Conn: conn, socket: socket, slots: d.slots, early: early, handshaking: true}
	t := &tlsStream{Conn: conn, tls: tls.Server(under, d.tls), under: under}
	d.slots.acquire()
	err = t.tls.HandshakeContext(context.Background())
	d.slots.release()
	under.handshaking = false
	if sent := under.deliver(); err == nil {
		err = sent
	}
	return t, err
}

func (t *tlsStream) read(p []byte) (int, error) {
	t.under.slots.acquire()
	defer t.under.slots.release()
	return t.tls.Read(p)
}

// tlsChunk is how much is sealed at a time, with a slot held.
const tlsChunk = 64 << 10

func (t *tlsStream) write(bufs [][]byte) error {
	var chunk []byte
	for i, b := range bufs {
		for len(b) > 0 {
			if chunk == nil {
				chunk = make([]byte, 0, tlsChunk)
			}
			n := min(len(b), tlsChunk-len(chunk))
			chunk, b = append(chunk, b[:n]...), b[n:]
			if len(chunk) == tlsChunk || len(b) == 0 && i == len(bufs)-1 {
				if err := t.seal(chunk); err != nil {
					return err
				}
				chunk = chunk[:0]
			}
		}
	}
	if len(chunk) > 0 { // the last buffer was empty
		return t.seal(chunk)
	}
	return nil
}

func (t *tlsStream) seal(p []byte) error {
	t.under.slots.acquire()
	_, err := t.tls.Write(p)
	t.under.slots.release()
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return t.under.deliver()
}

// Read and Write are those of the handshake.
func (t *tlsStream) Read(p []byte) (int, error) { return t.read(p) }

func (t *tlsStream) Write(p []byte) (int, error) {
	if err := t.write([][]byte{p}); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite tells the client that nothing follows.
func (t *tlsStream) CloseWrite() error {
	t.under.slots.acquire()
	err := t.tls.CloseWrite()
	t.under.slots.release()
	return errors.Join(err, t.under.deliver())
}

// maxUndelivered bounds what crypto/tls has written and nobody delivered: a
// chunk, and answers to a client that asks for many and reads none.
const maxUndelivered = 4 * tlsChunk

var errUndelivered = errors.New("daemon: TLS client asks for too many answers")

// tlsSocket is what crypto/tls takes for the connection. It is called with a
// slot held.
type tlsSocket struct {
	net.Conn
	socket      stream
	slots       slots
	early       []byte
	handshaking bool // one goroutine does everything; changed before there are two

	mu          sync.Mutex
	undelivered []byte
}

func (s *tlsSocket) Read(p []byte) (int, error) {
	if len(s.early) > 0 {
		n := copy(p, s.early)
		s.early = s.early[n:]
		return n, nil
	}
	s.slots.release()
	defer s.slots.acquire()
	if s.handshaking {
		if err := s.deliver(); err != nil {
			return 0, err
		}
	}
	return s.socket.read(p)
}

func (s *tlsSocket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.undelivered)+len(p) > maxUndelivered {
		return 0, errUndelivered
	}
	s.undelivered = append(s.undelivered, p...)
	return len(p), nil
}

// deliver writes to the socket what crypto/tls has written; no slot is held.
func (s *tlsSocket) deliver() error {
	s.mu.Lock()
	p := s.undelivered
	s.undelivered = nil
	s.mu.Unlock()
	if len(p) == 0 {
		return nil
	}
	return s.socket.write([][]byte{p})
}
