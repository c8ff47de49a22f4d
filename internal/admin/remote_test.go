package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"mpspread/config"
	"mpspread/multipath"
)

// remoteCluster is a cluster of one daemon with addresses on two loopback
// networks, on a port that is free there.
func remoteCluster(t *testing.T) (*config.Config, []*net.UDPConn) {
	t.Helper()
	a, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 1, 1)})
	if err != nil {
		t.Skipf("this machine lacks loopback addresses: %v", err)
	}
	t.Cleanup(func() { _ = a.Close() })
	port := a.LocalAddr().(*net.UDPAddr).Port
	b, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 2, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	loopback := func(s string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(s)} }
	return &config.Config{
		File: "test.toml", Cluster: "test", Port: uint16(port), FailureDetection: 500 * time.Millisecond,
		Networks: []config.Network{{Name: "A", Transport: config.Unicast}, {Name: "B", Transport: config.Unicast}},
		Daemons: []config.Daemon{{
			Name: "h1", ID: config.ID("h1"), Addresses: [][]netip.Addr{loopback("127.0.1.1"), loopback("127.0.2.1")},
		}},
	}, []*net.UDPConn{a, b}
}

var secret = [32]byte{1, 2, 3}

// answering is a daemon's end of commands: a Multipath with sockets, without a
// ring. It is deaf on networks for which deaf says so.
type answeringDaemon struct {
	mu    sync.Mutex
	m     *multipath.Multipath
	conns []*net.UDPConn
	deaf  []bool
	asked int
}

func serveRemote(t *testing.T, cfg *config.Config, conns []*net.UDPConn, deaf ...bool) *answeringDaemon {
	t.Helper()
	at := func(s string) []netip.AddrPort {
		return []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(s), cfg.Port)}
	}
	m, err := multipath.New(multipath.Config{
		Cluster: cfg.Cluster, Self: multipath.DaemonID(cfg.Daemons[0].ID), Incarnation: multipath.Incarnation{1},
		Networks: []multipath.Network{{Name: "A", PacketSize: 1472}, {Name: "B", PacketSize: 1472}},
		Daemons: []multipath.Daemon{{
			ID: multipath.DaemonID(cfg.Daemons[0].ID), Name: "h1", Addresses: [][]netip.AddrPort{at("127.0.1.1"), at("127.0.2.1")},
		}},
		Keys: []multipath.Key{{ID: 1, Active: true, Secret: secret}}, FailureDetection: cfg.FailureDetection, Entropy: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &answeringDaemon{m: m, conns: conns, deaf: append(deaf, false, false)}
	begun := time.Now()
	var all sync.WaitGroup
	for n, conn := range conns {
		all.Go(func() { d.serve(begun, n, conn) })
	}
	t.Cleanup(func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
		all.Wait()
	})
	return d
}

func (d *answeringDaemon) serve(begun time.Time, network int, conn *net.UDPConn) {
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		d.mu.Lock()
		if !d.deaf[network] {
			now := time.Since(begun)
			from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
			d.m.Receive(now, multipath.NetworkID(network), from, buffer[:n])
			for _, c := range d.m.Commands() {
				d.asked++
				d.m.Answer(now, c.ID, Answer(c.Body, []string{"A", "B"}[c.Network], sample()))
			}
			for _, g := range d.m.Datagrams() {
				if !d.deaf[g.Network] {
					_, _ = d.conns[g.Network].WriteToUDPAddrPort(g.Data, g.To)
				}
			}
		}
		d.mu.Unlock()
	}
}

func keys(secret [32]byte) []config.Key {
	return []config.Key{{ID: 1, Active: true, Secret: secret}}
}

func ask(t *testing.T, cfg *config.Config, keys []config.Key, network, command string, timeout time.Duration) (Reply, error) {
	t.Helper()
	r, err := NewRemote(cfg, keys, 0, network)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return r.Ask(ctx, command)
}

func TestRemoteAsk(t *testing.T) {
	cfg, conns := remoteCluster(t)
	d := serveRemote(t, cfg, conns)
	for i, network := range []string{"A", "B", ""} {
		reply, err := ask(t, cfg, keys(secret), network, CommandStatus, 10*time.Second)
		if err != nil {
			t.Fatalf("network %q: %v", network, err)
		}
		s, err := reply.Status()
		if err != nil {
			t.Fatal(err)
		}
		if network != "" && *s.Via != (Via{Command: network, Reply: network}) {
			t.Errorf("network %q: came by %+v", network, s.Via)
		}
		s.Via = nil
		if want := sample(); !reflect.DeepEqual(s, want) {
			t.Errorf("network %q: got %+v", network, s)
		}
		// S27: copies on two networks are one command.
		if d.mu.Lock(); d.asked != i+1 {
			t.Errorf("network %q: %d commands ran, want %d", network, d.asked, i+1)
		}
		d.mu.Unlock()
	}
}

// S26: with A dead, B answers; A does not, in the time given, and never by B.
func TestRemoteDeadNetwork(t *testing.T) {
	cfg, conns := remoteCluster(t)
	serveRemote(t, cfg, conns, true)
	for _, network := range []string{"B", ""} {
		reply, err := ask(t, cfg, keys(secret), network, CommandPing, 10*time.Second)
		if err != nil {
			t.Fatalf("network %q: %v", network, err)
		}
		if p, err := reply.Ping(); err != nil || *p.Via != (Via{Command: "B", Reply: "B"}) {
			t.Errorf("network %q: %+v, %v", network, p, err)
		}
	}
	begun := time.Now()
	_, err := ask(t, cfg, keys(secret), "A", CommandPing, 300*time.Millisecond)
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), "h1 on network A") {
		t.Errorf("network A: %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestRemoteWrongKey(t *testing.T) {
	cfg, conns := remoteCluster(t)
	d := serveRemote(t, cfg, conns)
	var unreachable *UnreachableError
	if _, err := ask(t, cfg, keys([32]byte{9}), "", CommandPing, 300*time.Millisecond); !errors.As(err, &unreachable) {
		t.Errorf("got %v", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asked != 0 {
		t.Error("a command with a wrong key ran")
	}
}

func TestRemoteRefusal(t *testing.T) {
	cfg, conns := remoteCluster(t)
	serveRemote(t, cfg, conns)
	reply, err := ask(t, cfg, keys(secret), "A", "explode", 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var refused *RefusedError
	if _, err := reply.Status(); !errors.As(err, &refused) || refused.Fault.Code != CodeUnknownCommand {
		t.Errorf("got %v", err)
	}
}

func TestRemoteNobodyListens(t *testing.T) {
	cfg, conns := remoteCluster(t)
	for _, conn := range conns {
		_ = conn.Close()
	}
	_, err := ask(t, cfg, keys(secret), "", CommandPing, 300*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), "networks A and B") {
		t.Errorf("got %v", err)
	}
}

func TestRemoteInterrupted(t *testing.T) {
	cfg, conns := remoteCluster(t)
	serveRemote(t, cfg, conns, true, true)
	r, err := NewRemote(cfg, keys(secret), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Ask(ctx, CommandPing); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNewRemote(t *testing.T) {
	cfg := &config.Config{
		File:     "test.toml",
		Networks: []config.Network{{Name: "A"}, {Name: "B"}},
		Daemons:  []config.Daemon{{Name: "h1", Addresses: [][]netip.Addr{{netip.MustParseAddr("127.0.1.1")}, nil}}},
	}
	for network, want := range map[string]string{"": "", "A": "", "B": "network B: not on that network", "C": "no network C"} {
		_, err := NewRemote(cfg, nil, 0, network)
		if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("network %q: %v, want %q", network, err, want)
		}
	}
}
