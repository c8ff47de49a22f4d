package daemon

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"

	"mpspread/internal/admin"
	"mpspread/multipath"
)

// get asks the admin socket.
func (r *running) get(path string, into any) int {
	r.t.Helper()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", r.admin)
		},
		DisableKeepAlives: true,
	}
	resp, err := (&http.Client{Transport: transport, Timeout: patience}).Get("http://spreadd" + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		r.t.Fatalf("%v in %s", err, body)
	}
	return resp.StatusCode
}

func TestAdminSocket(t *testing.T) {
	c := newCluster(t, "", "h1", "h2")
	d := c.start("h1")
	c.start("h2")
	client := d.login("u")
	client.join("#u#h1", "g")
	client.members(1)

	var s admin.Status
	d.eventually(func() bool {
		if code := d.get("/v1/status", &s); code != http.StatusOK {
			t.Fatalf("code %d", code)
		}
		return len(s.Ring.Members) == 2 && len(s.Networks) == 2 && len(s.Networks[1].Peers) == 1 &&
			s.Networks[0].State == admin.NetworkUp && s.Networks[1].State == admin.NetworkUp
	})
	if s.Version != admin.DocumentVersion || s.Daemon != "h1" || s.Cluster != "test" || s.State != admin.StateOperational ||
		s.Sessions != 1 || s.Groups != 1 || s.Security != admin.Sealed || len(s.Incarnation) != 32 || s.Software != "test" {
		t.Errorf("status %+v", s)
	}
	if !slices.Equal(s.Ring.Members, []string{"h1", "h2"}) || s.Ring.ID == "" || s.MembershipChanges == 0 {
		t.Errorf("ring %+v after %d changes", s.Ring, s.MembershipChanges)
	}
	for i, name := range []string{"A", "B"} {
		if n := s.Networks[i]; n.Name != name || n.State != admin.NetworkUp || n.Policy != "replicate" || n.PacketSize == 0 || n.Peers[0].Daemon != "h2" {
			t.Errorf("network %+v", n)
		}
	}
	if s.Counters["sessions_opened"] != 1 || s.Counters["ring_messages_delivered"] == 0 {
		t.Errorf("counters %v", s.Counters)
	}

	var n admin.Networks
	if code := d.get("/v1/networks", &n); code != http.StatusOK || len(n.Networks) != 2 {
		t.Errorf("networks %d %+v", code, n)
	}
	var p admin.Ping
	if code := d.get("/v1/ping", &p); code != http.StatusOK || p.Incarnation != s.Incarnation {
		t.Errorf("ping %d %+v", code, p)
	}
	var e admin.Error
	if code := d.get("/v1/terminate", &e); code != http.StatusNotFound || e.Error.Code != admin.CodeUnknownCommand {
		t.Errorf("unknown command: %d %+v", code, e)
	}
}

// TestReply: monitor commands get the same documents, and one that would not
// fit gets a word instead.
func TestReply(t *testing.T) {
	status := admin.Status{Daemon: "h1", State: admin.StateOperational, Incarnation: "00"}
	var s admin.Status
	answerTo(t, "status", status, &s)
	if s.Daemon != "h1" || s.Via == nil || s.Via.Command != "B" {
		t.Errorf("status %+v", s)
	}
	for range 20_000 {
		status.Networks = append(status.Networks, admin.Network{Name: "A"})
	}
	var e admin.Error
	answerTo(t, "status", status, &e)
	if e.Error.Code != admin.CodeFailed {
		t.Errorf("too long: %+v", e)
	}
	var p admin.Ping
	answerTo(t, "ping", status, &p)
	if p.Daemon != "h1" {
		t.Errorf("ping %+v", p)
	}
	answerTo(t, "terminate", status, &e)
	if e.Error.Code != admin.CodeUnknownCommand {
		t.Errorf("unknown: %+v", e)
	}
}

func answerTo(t *testing.T, command string, status admin.Status, into any) {
	t.Helper()
	b := reply(&question{network: "B", body: []byte(`{"command":"` + command + `"}`), status: &snapshot{status: status}})
	if len(b) > multipath.MaxReply {
		t.Errorf("%d bytes", len(b))
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Error(err)
	}
}

// TestSnapshotEnds: who waits for a status when the loop ends is sent away, and
// so is who comes later.
func TestSnapshotEnds(t *testing.T) {
	var s snapshots
	asked := make(chan struct{}, 8)
	s.wake = func() { asked <- struct{}{} }
	answered := make(chan error)
	go func() { _, err := s.get(context.Background()); answered <- err }()
	<-asked
	s.end()
	if err := <-answered; err != errStopping {
		t.Errorf("waiting: %v", err)
	}
	if _, err := s.get(context.Background()); err != errStopping {
		t.Errorf("late: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var other snapshots
	other.wake = cancel
	if _, err := other.get(ctx); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}
