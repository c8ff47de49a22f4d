package daemon

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mpspread/client"
	"mpspread/client/frame"
	"mpspread/config"
)

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key, a.cert, a.pem = a.sign("authority", nil)
	return a
}

// sign makes a key and a certificate for it; by itself if it has none yet.
func (a *authority) sign(name string, usage []x509.ExtKeyUsage) (*ecdsa.PrivateKey, *x509.Certificate, []byte) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: usage, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		template.IsCA, template.BasicConstraintsValid = true, true
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return key, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// files writes the three files of client.tls.
func (a *authority) files(dir string) *config.TLS {
	a.t.Helper()
	key, _, cert := a.sign("h1", []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth})
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	f := &config.TLS{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), CA: filepath.Join(dir, "ca.pem")}
	for file, b := range map[string][]byte{
		f.Certificate: cert, f.CA: a.pem, f.Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return f
}

// client is the configuration of a program that this authority has signed, or,
// with other, that another has.
func (a *authority) client(other *authority) *tls.Config {
	a.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	key, cert, _ := other.sign("program", []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth})
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
}

// startTCP starts a daemon that believes its TCP clients to come from there.
func startTCP(t *testing.T, a *authority, from string) (d *running, at string) {
	t.Helper()
	c := newCluster(t, "access = [\"198.51.100.0/24\"]", "h1")
	c.cfg.Daemons[0].Clients = []netip.AddrPort{loopbackPort}
	if a != nil {
		c.cfg.Client.TLS = a.files(c.dir)
	}
	c.peerOf = func(conn net.Conn) (peer, error) {
		p, err := peerOf(conn)
		if !p.local {
			p.addr = netip.AddrPortFrom(netip.MustParseAddr(from), p.addr.Port())
		}
		return p, err
	}
	d = c.start("h1")
	return d, d.tcpAddress()
}

const (
	stranger = "203.0.113.9"
	friend   = "198.51.100.9"
)

// dialTCP is a connection without any handshake.
func dialTCP(t *testing.T, at string) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &raw{t, conn}
}

// TestTLS is SEC-12: from everywhere with a certificate, and large messages
// both ways.
func TestTLS(t *testing.T) {
	a := newAuthority(t)
	for _, from := range []string{stranger, friend, "127.0.0.1"} {
		t.Run(from, func(t *testing.T) {
			d, at := startTCP(t, a, from)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			conn, err := client.Connect(ctx, "tls:"+at, client.WithName("x"), client.WithTLS(a.client(a)))
			if err != nil {
				t.Fatal(err)
			}
			local := d.login("watcher")
			if err := conn.Join(ctx, "g"); err != nil {
				t.Fatal(err)
			}
			const messages = 50
			data := bytes.Repeat([]byte("0123456789"), 14_000)
			go func() {
				for range messages {
					if err := conn.Multicast(ctx, client.Agreed, data, "g", "#watcher#h1"); err != nil {
						t.Error(err)
					}
				}
			}()
			got := 0
			for ev, err := range conn.Events(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				if m, ok := ev.(*client.Message); ok {
					if !bytes.Equal(m.Data, data) || m.Sender != "#x#h1" {
						t.Fatalf("%d bytes of %s", len(m.Data), m.Sender)
					}
					if e, _ := local.event(); !bytes.Equal(e.Data, data) {
						t.Fatalf("locally %d bytes", len(e.Data))
					}
					if got++; got == messages {
						break
					}
				}
			}
			if err := conn.Close(ctx); err != nil {
				t.Error(err)
			}
			d.eventually(func() bool { return d.tryLogin("x") != nil })
		})
	}
}

// TestTLSRefusals: without TLS, or with a certificate of somebody else, a
// stranger is refused, told so where it can be, and logged once.
func TestTLSRefusals(t *testing.T) {
	a := newAuthority(t)
	d, at := startTCP(t, a, stranger)
	plain := dialTCP(t, at)
	plain.send("05 00 01 01 01", "\"p\"")
	plain.want("F7")
	plain.wantEnd()
	if line := d.logged("client refused"); line.ContextMap()["reason"] != "address is not in client.access, and it does not speak TLS" {
		t.Errorf("logged %v", line.ContextMap())
	}
	none := a.client(a)
	none.Certificates = nil
	old := a.client(a)
	old.MaxVersion = tls.VersionTLS12
	for name, c := range map[string]*tls.Config{"another authority": a.client(newAuthority(t)), "no certificate": none, "TLS 1.2": old} {
		conn, err := tls.Dial("tcp", at, c)
		if err == nil {
			_ = conn.SetDeadline(time.Now().Add(patience))
			_, err = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "remote error: tls") {
			t.Errorf("%s: %v", name, err)
		}
	}
	half := dialTCP(t, at) // a record that never ends
	half.send("16 03 01 02 00 01")
	_ = half.conn.Close()
	garbage := dialTCP(t, at)
	garbage.send("16 A5 A5 A5 A5 A5 A5 A5")
	_, _ = garbage.conn.Read(make([]byte, 100))
	d.eventually(func() bool { return d.logs.FilterMessage("client refused").Len() == 2 })
	if d.logs.FilterMessage("client refused").Len() != 2 {
		t.Errorf("logged %v", d.logs.FilterMessage("client refused").All())
	}
}

// TestTLSBesidePlain: with TLS configured, who may speak in clear still does;
// without it, strangers are refused before a byte is read.
func TestTLSBesidePlain(t *testing.T) {
	_, at := startTCP(t, newAuthority(t), friend)
	x := dialTCP(t, at)
	x.send("04")
	x.send("04 00 01 03", "\"tcp\"")
	x.want("05 4E 55 4C 4C 20")
	x.write(frame.AppendChoice(nil, "NULL"))
	x.want("01 05 00 01 07", "\"#tcp#h1\"")

	_, at = startTCP(t, nil, stranger)
	x = dialTCP(t, at)
	x.want("F7")
	x.wantEnd()
}

// TestTLSTimeout: whoever begins with TLS and stops is gone at the time limit
// of any handshake, and holds nobody up.
func TestTLSTimeout(t *testing.T) {
	a := newAuthority(t)
	c := newCluster(t, `handshake_timeout = "1s"`, "h1")
	c.cfg.Daemons[0].Clients = []netip.AddrPort{loopbackPort}
	c.cfg.Client.TLS = a.files(c.dir)
	d := c.start("h1")
	at := d.tcpAddress()
	var stuck []*raw
	for i := range 50 {
		x := dialTCP(t, at)
		if i%2 == 0 {
			x.send("16 03 01 02 00 01 00 01 FC")
		}
		stuck = append(stuck, x)
	}
	d.login("other")
	for _, x := range stuck {
		x.wantEnd()
	}
}

// TestTLSRekeying: of a client that asks for new keys again and again, and
// reads none of the answers, no more than the bound is kept.
func TestTLSRekeying(t *testing.T) {
	s := &tlsSocket{}
	s.undelivered = make([]byte, maxUndelivered-10)
	if n, err := s.Write(make([]byte, 10)); n != 10 || err != nil {
		t.Errorf("at the bound: %d, %v", n, err)
	}
	if _, err := s.Write(make([]byte, 1)); !errors.Is(err, errUndelivered) {
		t.Errorf("over the bound: %v", err)
	}
}

// TestTLSSlow: clients that read nothing, more of them than there are slots,
// hold nobody up, and are closed at their limit.
func TestTLSSlow(t *testing.T) {
	a := newAuthority(t)
	d, at := startTCP(t, a, stranger)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	config := a.client(a)
	for range 20 {
		conn, err := client.Connect(ctx, "tls:"+at, client.WithTLS(config))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if err := conn.Join(ctx, "slow"); err != nil {
			t.Fatal(err)
		}
	}
	u := d.login("u")
	u.join("#u#h1", "slow")
	u.members(21)
	for range 100 { // 20 MB wait for every one of the others
		u.write(frame.AppendMessage(nil, frame.Agreed, "#u#h1", frame.NewHint(0), []string{"slow"}, make([]byte, 140_000)))
		u.event()
	}
}

// TestLoadTLS: what is wrong with the files, with the key that names them.
func TestLoadTLS(t *testing.T) {
	a := newAuthority(t)
	for _, tt := range []struct {
		name  string
		spoil func(f *config.TLS) error
		key   string
		want  string
		is    error
	}{
		{"good", func(*config.TLS) error { return nil }, "", "", nil},
		{"no certificate", func(f *config.TLS) error { return os.Remove(f.Certificate) }, "client.tls.certificate", "no such file", fs.ErrNotExist},
		{"no key", func(f *config.TLS) error { return os.Remove(f.Key) }, "client.tls.key", "no such file", fs.ErrNotExist},
		{"no authority", func(f *config.TLS) error { return os.Remove(f.CA) }, "client.tls.ca", "no such file", fs.ErrNotExist},
		{"empty authority", func(f *config.TLS) error { return os.Truncate(f.CA, 0) }, "client.tls.ca", "holds no certificate", nil},
		{"key is none", func(f *config.TLS) error { return os.Truncate(f.Key, 10) }, "client.tls.key", "is no key of", nil},
		{"certificate is none", func(f *config.TLS) error { return os.Truncate(f.Certificate, 10) }, "client.tls.key", "is no key of", nil},
		{"key of another", func(f *config.TLS) error {
			dir, err := os.MkdirTemp(filepath.Dir(f.Key), "other")
			f.Key = a.files(dir).Key
			return err
		}, "client.tls.key", "is no key of", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &config.Config{File: "spread.toml", Client: config.Client{TLS: a.files(t.TempDir())}}
			if err := tt.spoil(c.Client.TLS); err != nil {
				t.Fatal(err)
			}
			got, err := LoadTLS(c)
			if tt.key == "" {
				if err != nil || got.MinVersion != tls.VersionTLS13 || got.ClientAuth != tls.RequireAndVerifyClientCert {
					t.Fatalf("%+v, %v", got, err)
				}
				return
			}
			var invalid *config.Error
			if !errors.As(err, &invalid) || invalid.Key != tt.key || !strings.Contains(err.Error(), "spread.toml: "+tt.key) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v", err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v is not %v", err, tt.is)
			}
		})
	}
	if got, err := LoadTLS(&config.Config{}); got != nil || err != nil {
		t.Errorf("not configured: %v, %v", got, err)
	}
}
