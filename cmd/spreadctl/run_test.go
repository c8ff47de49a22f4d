package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mpspread/internal/admin"
	"mpspread/internal/demo"
	"mpspread/internal/soak"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	// The demonstration starts this binary as its daemons.
	if len(os.Args) > 1 && os.Args[1] == clusterDaemon {
		os.Exit(run(context.Background(), os.Args[1:], system()))
	}
	goleak.VerifyTestMain(m)
}

// outcome is what a command line gave.
type outcome struct {
	code     int
	out, err string
}

// spreadctl runs a command line with this standard input.
func spreadctl(t *testing.T, in string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	none := func(string) string { return "" }
	code := run(t.Context(), args, streams{in: strings.NewReader(in), out: &out, err: &errs, getenv: none})
	return outcome{code, out.String(), errs.String()}
}

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (write it anew with -update)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// daemonSaying serves an admin socket with this status until the test ends.
func daemonSaying(t *testing.T, s admin.Status, err error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "h.admin")
	l, listenErr := net.Listen("unix", path)
	if listenErr != nil {
		t.Fatal(listenErr)
	}
	server := &http.Server{Handler: admin.Handler(func(context.Context) (admin.Status, error) { return s, err })}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return path
}

func sample() admin.Status {
	peer := func(name, state string) admin.Peer {
		return admin.Peer{Daemon: name, State: state, Reverse: state, LastHeardMS: 12, RTTUS: 184, First: 9}
	}
	return admin.Status{
		Daemon: "h1", Incarnation: "00", Software: "0.1.0", Cluster: "ha1", State: admin.StateOperational,
		Ring: admin.Ring{ID: "7@1/2", Members: []string{"h1", "h2"}}, Security: admin.Sealed, UptimeS: 61,
		Networks: []admin.Network{
			{Name: "A", State: admin.NetworkUp, Policy: "replicate", Interface: "eth0", PacketSize: 1472, Peers: []admin.Peer{peer("h2", admin.PathOK)}},
			{Name: "B", State: admin.NetworkUp, Policy: "replicate", Interface: "eth1", PacketSize: 1472, Peers: []admin.Peer{peer("h2", admin.PathOK)}},
		},
	}
}

func TestLocalMonitor(t *testing.T) {
	well, lost, gathering := sample(), sample(), sample()
	lost.RedundancyLost, lost.Networks[1].State = true, admin.NetworkDegraded
	lost.Networks = append([]admin.Network(nil), lost.Networks...)
	lost.Networks[1].Peers = []admin.Peer{{Daemon: "h2", State: admin.PathSilent, Reverse: admin.PathSilent, LastHeardMS: 2100, Loss: 1}}
	gathering.State = admin.StateGather
	for _, c := range []struct {
		name   string
		status admin.Status
		err    error
		args   []string
		code   int
	}{
		{"status-well", well, nil, []string{"status"}, 0},
		{"status-lost", lost, nil, []string{"status"}, 4},
		{"status-lost-json", lost, nil, []string{"status", "--json"}, 4},
		{"status-gather", gathering, nil, []string{"status"}, 1},
		{"networks-lost", lost, nil, []string{"networks"}, 4},
		{"networks-well-json", well, nil, []string{"--json", "networks"}, 0},
		{"stopping", well, errors.New("the daemon is stopping"), []string{"status"}, 1},
		{"stopping-json", well, errors.New("the daemon is stopping"), []string{"status", "--json"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			socket := daemonSaying(t, c.status, c.err)
			got := spreadctl(t, "", append(c.args, "--socket", socket)...)
			if got.code != c.code {
				t.Errorf("exit code %d, want %d", got.code, c.code)
			}
			golden(t, c.name+".txt", strings.ReplaceAll(got.out+got.err, socket, "SOCKET"))
		})
	}
}

func TestPing(t *testing.T) {
	socket := daemonSaying(t, sample(), nil)
	got := spreadctl(t, "", "ping", "--socket", socket, "--json")
	var p admin.Ping
	if err := json.Unmarshal([]byte(got.out), &p); err != nil || got.code != 0 {
		t.Fatalf("%+v: %v", got, err)
	}
	if p.Daemon != "h1" || p.RTTUS <= 0 || *p.Via != (admin.Via{Socket: socket}) {
		t.Errorf("got %+v", p)
	}
	if got := spreadctl(t, "", "ping", "--socket", socket); !strings.HasPrefix(got.out, "h1 answers in ") || got.code != 0 {
		t.Errorf("got %+v", got)
	}
}

// clusterFile writes a configuration, and returns its path.
func clusterFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spread.toml")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// twoDaemons is a cluster of two daemons on loopback, none of which runs.
func twoDaemons(t *testing.T, more ...string) string {
	t.Helper()
	return clusterFile(t, append([]string{
		`cluster = "test"`, `port = 1`, `security = "plaintext"`,
		`[[network]]`, `name = "A"`, `transport = "unicast"`,
		`[[network]]`, `name = "B"`, `transport = "unicast"`,
		`[[daemon]]`, `name = "h1"`, `address = { A = "127.0.1.1", B = "127.0.2.1" }`,
		`[[daemon]]`, `name = "h2"`, `address = { A = "127.0.1.2" }`,
	}, more...)...)
}

func TestWrongArguments(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	good := twoDaemons(t)
	sealedWithoutKey := clusterFile(t, `cluster = "test"`, `key_file = "`+none+`"`,
		`[[network]]`, `name = "A"`, `transport = "unicast"`, `[[daemon]]`, `name = "h1"`, `address = { A = "127.0.1.1" }`)
	for _, c := range []struct {
		name string
		args []string
		code int
		want string // in the error text
	}{
		{"nothing", nil, 2, "no command given"},
		{"unknown command", []string{"stats"}, 2, `unknown command "stats"`},
		{"unknown flag", []string{"status", "--jsn"}, 2, "unknown flag: --jsn"},
		{"unknown flag with json", []string{"status", "--json", "--jsn"}, 2, "unknown flag: --jsn"},
		{"argument too many", []string{"status", "h1"}, 2, `unknown command "h1"`},
		{"timeout of nothing", []string{"status", "--timeout", "0s"}, 2, "--timeout must be more than 0"},
		{"timeout without unit", []string{"status", "--timeout", "5"}, 2, "invalid argument"},
		{"all and one", []string{"status", "--all", "--daemon", "h1"}, 2, "exclude each other"},
		{"socket and network", []string{"status", "--socket", "/x", "--network", "B", "--config", good}, 2, "--socket asks the daemon of this host"},
		{"network without configuration", []string{"status", "--network", "B"}, 2, "need --config"},
		{"unknown daemon", []string{"status", "--config", good, "--daemon", "h3"}, 2, "there is no daemon"},
		{"which daemon", []string{"status", "--config", good, "--network", "A"}, 2, "choose with --daemon NAME or --all"},
		{"unknown network", []string{"status", "--config", good, "--network", "C", "--daemon", "h1"}, 2, "no network"},
		{"network the daemon is not on", []string{"ping", "--config", good, "--network", "B", "--daemon", "h2"}, 2, "network B: not on that network"},
		{"configuration missing", []string{"status", "--config", none, "--daemon", "h1"}, 5, none},
		{"configuration wrong", []string{"status", "--config", twoDaemons(t, "[nonsense]"), "--daemon", "h1"}, 5, "nonsense"},
		{"configuration wrong, local", []string{"status", "--config", twoDaemons(t, "[nonsense]")}, 5, "nonsense"},
		{"key missing", []string{"status", "--config", sealedWithoutKey, "--daemon", "h1"}, 5, none},
		{"no daemon", []string{"status", "--socket", none}, 3, "is spreadd running?"},
		{"no daemon, networks", []string{"networks", "--socket", none}, 3, none},
		{"no daemon to connect to", []string{"send", "--connect", "unix:" + none, "g", "x"}, 3, "is spreadd running?"},
		{"no daemon to receive from", []string{"recv", "--connect", "unix:" + none, "g"}, 3, none},
		{"address of no kind", []string{"recv", "--connect", "ftp:x", "g"}, 2, "illegal address"},
		{"send nowhere", []string{"send"}, 2, "which group"},
		{"send nothing", []string{"send", "g"}, 2, "send what?"},
		{"send nothing to groups", []string{"send", "-g", "g"}, 2, "send what?"},
		{"send words", []string{"send", "g", "two", "words"}, 2, "one TEXT"},
		{"send twice", []string{"send", "g", "x", "--from-stdin"}, 2, "not several"},
		{"send by no service", []string{"send", "--service", "best", "g", "x"}, 2, `service "best"`},
		{"send a type too large", []string{"send", "--type", "32768", "g", "x"}, 2, "invalid argument"},
		{"send a missing file", []string{"send", "g", "--file", none}, 1, none},
		{"send over a network", []string{"send", "--network", "B", "g", "x"}, 2, "has no use for --network"},
		{"receive nothing", []string{"recv"}, 2, "which group"},
		{"receive a negative count", []string{"recv", "g", "--count", "-1"}, 2, "negative"},
		{"receive for no time", []string{"recv", "g", "--timeout", "0s"}, 2, "more than 0"},
		{"demo with a configuration", []string{"demo", "--config", good}, 2, "has no use for --config"},
		{"demo at no rate", []string{"demo", "--rate", "0"}, 2, "--rate is 1 to"},
		{"demo with an argument", []string{"demo", "x"}, 2, "unknown command"},
		{"bench with a daemon", []string{"bench", "--daemon", "h1"}, 2, "has no use for --daemon"},
		{"bench of tiny messages", []string{"bench", "--size", "15"}, 2, "--size is 16 to 143968"},
		{"bench by no service", []string{"bench", "--service", "best"}, 2, `service "best"`},
		{"bench of too many senders", []string{"bench", "--senders", "1001"}, 2, "--senders is 1 to 1000"},
		{"bench of fewer than no receivers", []string{"bench", "--receivers", "-1"}, 2, "--receivers is 1 to 1000"},
		{"bench at no rate at all", []string{"bench", "--rate", "NaN"}, 2, "--rate is 0 to"},
		{"bench with a negative window", []string{"bench", "--window", "-1"}, 2, "--window is 1 to"},
		{"bench of two loops", []string{"bench", "--rate", "5", "--window", "5"}, 2, "exclude each other"},
		{"bench in no time", []string{"bench", "--duration", "0s"}, 2, "--duration is 100ms or more"},
		{"bench warmed up before", []string{"bench", "--warmup", "-1s"}, 2, "--warmup is not negative"},
		{"bench of others' networks", []string{"bench", "--connect", "unix:" + none, "--cut", "B"}, 2, "--connect excludes"},
		{"bench without a network", []string{"bench", "--cut", "C"}, 2, "--cut is one of A, B"},
		{"bench of nobody", []string{"bench", "--connect", "unix:" + none}, 3, "is spreadd running?"},
		{"bench of no address", []string{"bench", "--connect", "ftp:x", "--json"}, 2, "illegal address"},
		{"soak with a daemon", []string{"soak", "--daemon", "h1"}, 2, "has no use for --daemon"},
		{"soak of nothing", []string{"soak", "--packets", "0"}, 2, "--packets is 1 or more"},
		{"soak of tiny messages", []string{"soak", "--size", "15"}, 2, "--size is 16 to 143968"},
		{"soak at a negative rate", []string{"soak", "--rate", "-1"}, 2, "--rate is not negative"},
		{"soak that loses all", []string{"soak", "--loss", "1"}, 2, "--loss is 0 to 0.5"},
		{"soak that loses no number", []string{"soak", "--loss", "NaN"}, 2, "--loss is 0 to 0.5"},
		{"soak in no time", []string{"soak", "--phase", "0s"}, 2, "--phase is 100ms or more"},
		{"soak of two kinds", []string{"soak", "--connect", "unix:" + none, "--namespaces"}, 2, "exclude each other"},
		{"soak of nobody", []string{"soak", "--connect", "unix:" + none}, 1, none},
		{"version of a daemon", []string{"version", "--all"}, 2, "has no use for --all"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := spreadctl(t, "", c.args...)
			if got.code != c.code || !strings.Contains(got.err, c.want) {
				t.Errorf("code %d, want %d with %q\nout: %s\nerr: %s", got.code, c.code, c.want, got.out, got.err)
			}
			if json := strings.Contains(strings.Join(c.args, " "), "--json"); json != strings.Contains(got.out, `"code": "usage"`) && json {
				t.Errorf("no Error document: %s", got.out)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	if got := spreadctl(t, "", "--help"); got.code != 0 || !strings.Contains(got.out, "Exit codes: 0 all well") || strings.Contains(got.out, clusterDaemon) {
		t.Errorf("help: %+v", got)
	}
	if got := spreadctl(t, "", "version"); got.code != 0 || got.out != "spreadctl "+admin.Software(release)+"\n" {
		t.Errorf("version: %+v", got)
	}
	if got := spreadctl(t, "", "version", "--json"); got.code != 0 || !json.Valid([]byte(got.out)) {
		t.Errorf("version: %+v", got)
	}
}

// Nobody answers on loopback port 1, over one network, over all, or of all
// daemons.
func TestRemoteUnreachable(t *testing.T) {
	file := twoDaemons(t)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"one network", []string{"ping", "--network", "A", "--daemon", "h2"}, "h2 on network A"},
		{"all networks", []string{"status", "--daemon", "h1"}, "h1 on networks A and B"},
		{"all daemons", []string{"status", "--all"}, "h2 on network A"},
	} {
		got := spreadctl(t, "", append(c.args, "--config", file, "--timeout", "200ms")...)
		if got.code != 3 || !strings.Contains(got.out+got.err, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if got := spreadctl(t, "", "status", "--all", "--network", "B", "--config", file, "--timeout", "200ms"); got.code != 3 || strings.Contains(got.out, "h2") {
		t.Errorf("h2 is not on network B: %+v", got)
	}
	got := spreadctl(t, "", "networks", "--all", "--json", "--config", file, "--timeout", "200ms")
	var all struct {
		Version int
		Daemons []admin.Error
	}
	if err := json.Unmarshal([]byte(got.out), &all); err != nil || got.code != 3 || all.Version != 1 || len(all.Daemons) != 2 {
		t.Fatalf("%+v: %v", got, err)
	}
	for i, name := range []string{"h1", "h2"} {
		if d := all.Daemons[i]; d.Daemon != name || d.Error.Code != admin.CodeUnreachable {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("runs three daemons for 14 s")
	}
	got := spreadctl(t, "", "demo", "--json", "--rate", "200")
	var document struct {
		Version int
		OK      bool
		demo.Verdict
	}
	if err := json.Unmarshal([]byte(got.out), &document); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if got.code != 0 || !document.OK || document.Version != 1 || !document.Verdict.OK() {
		t.Errorf("%+v", got)
	}
}

func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("runs three daemons for seconds")
	}
	got := spreadctl(t, "", "bench", "--json", "--size", "200", "--warmup", "100ms", "--duration", "300ms", "--service", "safe")
	if got.code != 0 || strings.Count(got.out, "\n") != 1 {
		t.Fatalf("%+v", got)
	}
	var keys map[string]any
	if err := json.Unmarshal([]byte(got.out), &keys); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	for _, key := range strings.Fields("version messages_per_second bytes_per_second size service senders receivers seconds " +
		"latency_us longest_gap_ms lost duplicated out_of_order cpu_seconds") {
		if _, ok := keys[key]; !ok {
			t.Errorf("no key %s in %s", key, got.out)
		}
	}
	if keys["service"] != "safe" || keys["size"] != 200.0 || keys["messages_per_second"].(float64) <= 0 {
		t.Errorf("%s", got.out)
	}
}

func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("runs three daemons for seconds")
	}
	got := spreadctl(t, "", "soak", "--json", "--packets", "5000", "--phase", "200ms")
	var document struct {
		Version int
		OK      bool
		soak.Verdict
	}
	if err := json.Unmarshal([]byte(got.out), &document); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if got.code != 0 || !document.OK || document.Version != 1 || document.Packets < 5000 || document.Verdict.Lost > 0 {
		t.Errorf("%+v", got)
	}
}
