package daemon

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/zap"

	"mpspread/config"
	"mpspread/datalink"
	"mpspread/internal/admin"
	"mpspread/internal/engine"
	"mpspread/multipath"
)

// sink is links that keep what is sent and never bring anything.
type sink struct {
	datalink.Set
	sent []datalink.Datagram
}

func (s *sink) Send(batch []datalink.Datagram) {
	for _, d := range batch {
		d.Data = bytes.Clone(d.Data)
		s.sent = append(s.sent, d)
	}
}

func (s *sink) Wake() {}

func (s *sink) Generation() uint64 { return 0 }

func (s *sink) States(dst []datalink.NetworkState) []datalink.NetworkState {
	return append(dst, datalink.NetworkState{Up: true, PacketSize: 1400}, datalink.NetworkState{Up: true, PacketSize: 1400})
}

// idleLoop is the loop of alpha, which nothing turns.
func idleLoop(t *testing.T) (*loop, *sink) {
	t.Helper()
	links := new(sink)
	d := &daemon{cfg: newCluster(t, "", "alpha").cfg, name: "alpha", log: zap.NewNop(), links: links, newEngine: engine.New}
	states := links.States(nil)
	e, incarnation, err := d.newLife(states)
	if err != nil {
		t.Fatal(err)
	}
	l := newLoop(d, e, states, incarnation)
	l.start = l.start.Add(-time.Second) // operators are let in slowly at first
	return l, links
}

// askOver has an operator's tool ask the daemon until it has the answer.
func (l *loop) askOver(t *testing.T, links *sink, command string) []byte {
	t.Helper()
	loaded, err := config.LoadKeys(l.cfg.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	keys := []multipath.Key{{ID: loaded[0].ID, Active: loaded[0].Active, Secret: loaded[0].Secret}}
	to := netip.MustParseAddrPort("10.77.1.1:4803")
	op, err := multipath.NewOperator(multipath.OperatorConfig{
		Cluster: "test", Keys: keys, Target: multipath.DaemonID(l.cfg.Daemons[0].ID),
		Networks: []multipath.OperatorNetwork{{ID: 0, Name: "A", To: []netip.AddrPort{to}}},
		Command:  []byte(command), Entropy: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	tool := netip.MustParseAddrPort("10.77.1.9:999")
	for now := time.Duration(0); !op.Done(); now += 100 * time.Millisecond {
		op.Advance(now)
		for _, d := range op.Datagrams() {
			l.engine.Receive(l.now(), 0, tool, bytes.Clone(d.Data))
			l.obey()
		}
		for _, d := range links.sent {
			if d.To == tool {
				op.Receive(now, 0, d.Data)
			}
		}
		links.sent = nil
	}
	reply, err := op.Result()
	if err != nil {
		t.Fatal(err)
	}
	return reply.Body
}

// TestQuestionsOverflow: a command beyond the backlog is answered at once that
// there are too many, and the loop does not wait.
func TestQuestionsOverflow(t *testing.T) {
	l, links := idleLoop(t)
	for range questionBacklog {
		l.ask(&engine.Command{Body: []byte("{}")})
	}
	for range 3 {
		var e admin.Error
		if err := json.Unmarshal(l.askOver(t, links, `{"command":"ping"}`), &e); err != nil {
			t.Fatal(err)
		}
		if e.Error.Code != admin.CodeBusy || e.Daemon != "alpha" || e.Version != admin.DocumentVersion {
			t.Errorf("answer %+v", e)
		}
	}
	if len(l.asks) != questionBacklog || l.counters.Commands != questionBacklog+3 || l.counters.CommandsRefused != 3 {
		t.Errorf("%d waiting, %d asked, %d refused", len(l.asks), l.counters.Commands, l.counters.CommandsRefused)
	}
}
